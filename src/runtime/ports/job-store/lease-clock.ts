import type { Clock } from '../platform/clock.ts'

/**
 * Says which leases have ended on a job store that writes their ends by a wall clock: by elapsed
 * time, where that clock was set forward since they were given. Otherwise every job that runs would
 * be given to a second worker at that moment.
 */
export interface LeaseClock {
  /** What holds now. */
  look(): LeaseView
  /** Notes that a lease of this length is given or prolonged. */
  note(leaseMs: number): void
}

/** What a {@link LeaseClock} says of one moment. */
export interface LeaseView {
  readonly now: number
  /** Leases with an end in one of these spans, `after` not included, have ended. */
  readonly ended: readonly { readonly after: number; readonly until: number }[]
  /** When a lease with this end ends, on the wall clock as it is now. */
  endOf(lease: number): number
}

/** Steps of less than this are what a time server does to a clock all day. */
const LEAST_STEP_MS = 1000
const UNSTEPPED = { ms: 0, at: -Infinity, until: -Infinity }

/** @param clock One that cannot tell elapsed time is believed */
export function createLeaseClock(clock: Clock): LeaseClock {
  let offset: number | null = null
  /**
   * By how much the clock was set forward, and what it said then: leases that ended by then end so
   * much later.
   */
  let step = UNSTEPPED
  let shortestMs = Infinity

  return {
    look() {
      const now = clock.now()
      const elapsed = clock.elapsed?.()
      if (elapsed === undefined) return viewOf(now, { ms: 0, at: -Infinity })
      const before = offset ?? now - elapsed
      offset = now - elapsed
      const isHeld = elapsed < step.until
      if (offset - before >= LEAST_STEP_MS) {
        const ms = offset - before + (isHeld ? step.ms : 0)
        // What is given from now on ends later than this; what was given before does not, unless it
        // is longer by more than the step, and then its holder has time to prolong it.
        const at = now + (shortestMs === Infinity ? 0 : shortestMs - 1)
        // Once as much time has passed, the last of those leases has ended.
        step = { ms, at, until: elapsed + ms + (at - now) }
      } else if (!isHeld) step = UNSTEPPED
      return viewOf(now, step)
    },
    note(leaseMs) {
      shortestMs = Math.min(shortestMs, leaseMs)
    },
  }
}

function viewOf(now: number, { ms, at }: { readonly ms: number; readonly at: number }): LeaseView {
  return {
    now,
    ended:
      ms === 0
        ? [{ after: -1, until: now }]
        : [
            { after: -1, until: Math.min(now - ms, at) },
            { after: at, until: now },
          ],
    endOf: (lease) => (lease <= at ? lease + ms : lease),
  }
}
