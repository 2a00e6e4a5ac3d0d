import type { Clock } from '../../../runtime/ports/platform/clock.ts'

/** Tells when requests come much more often than they usually do. */
export interface BurstDetector {
  /** Counts a request. @returns Whether this is a burst */
  count(): boolean
}

/** What counts as a burst. */
export interface BurstPolicy {
  readonly intervalMs: number
  /** How many times the baseline. */
  readonly factor: number
  /** Requests an interval below which nothing is a burst. */
  readonly minimum: number
}

/** Weight of the latest interval in the baseline. */
const WEIGHT = 0.2

/**
 * Counts in intervals, and compares with the moving average of those that were no bursts: whoever
 * floods for long does not become what is usual. The average of the first interval is taken as it
 * is.
 */
export function createBurstDetector(clock: Clock, policy: BurstPolicy): BurstDetector {
  const { intervalMs, factor, minimum } = policy
  let start = clock.now()
  let counted = 0
  let baseline: number | null = null

  function close(intervals: number): void {
    const isBurst = baseline !== null && counted >= minimum && counted > baseline * factor
    if (!isBurst) baseline = baseline === null ? counted : baseline + WEIGHT * (counted - baseline)
    // Intervals without requests draw the average down, to where it would be anyway after some.
    if (baseline !== null) baseline *= (1 - WEIGHT) ** Math.min(intervals - 1, 100)
    counted = 0
  }

  return {
    count() {
      const passed = Math.floor((clock.now() - start) / intervalMs)
      // A clock that has stepped back begins a new interval.
      if (passed < 0) start = clock.now()
      if (passed > 0) {
        close(passed)
        start += passed * intervalMs
      }
      counted++
      return baseline !== null && counted >= minimum && counted > baseline * factor
    },
  }
}
