import { SidecarError } from '@white-cross/reuse/infrastructure/storage/sidecar'

/** Places for work of one kind: there is no queue in front of them, who waits waits outside. */
export interface WorkPlaces {
  readonly taken: number
  readonly size: number
  /**
   * Works in a place.
   *
   * @throws SidecarError `busy` at once when all are taken, or what `work` throws
   */
  run<Result>(work: () => Promise<Result>): Promise<Result>
  /** Takes a place. @returns Gives it back; a second call does nothing @throws as {@link run} */
  take(): () => void
  /** Resolves when no place is taken. */
  idle(): Promise<void>
}

/** How long a client that found no place is asked to stay away, at the least. */
const LEAST_RETRY_MS = 1000
const MOST_RETRY_MS = 30_000
/** The weight of the latest work in the average. */
const LATEST = 0.2

/** @param now Elapsed ms */
export function createWorkPlaces(size: number, now: () => number): WorkPlaces {
  let taken = 0
  let averageMs = LEAST_RETRY_MS
  const waiting: (() => void)[] = []

  function take(): () => void {
    if (taken >= size)
      throw new SidecarError('busy', 'Cannot work: all places are taken', {
        retryAfterMs: Math.min(Math.max(averageMs, LEAST_RETRY_MS), MOST_RETRY_MS),
      })
    taken++
    const start = now()
    let given = false
    return () => {
      if (given) return
      given = true
      taken--
      averageMs += LATEST * (now() - start - averageMs)
      if (taken === 0) for (const wake of waiting.splice(0)) wake()
    }
  }

  return {
    size,
    get taken() {
      return taken
    },
    take,
    async run(work) {
      const giveBack = take()
      try {
        return await work()
      } finally {
        giveBack()
      }
    },
    idle: () => (taken === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}
