import type { Clock } from '../../ports/platform/clock.ts'

/**
 * Says which entries' time is over, where that is written by a wall clock: by elapsed time, where
 * that clock was set forward since they were written. Otherwise every lock and saga that is alive
 * would be free at that moment.
 *
 * What a process that started since finds is over by the wall clock.
 */
export interface ExpiryClock {
  look(): ExpiryView
}

/** What an {@link ExpiryClock} says of one moment. */
export interface ExpiryView {
  readonly now: number
  /** Entries up to this version were written before the step: their time is told by `unstepped`. */
  readonly version: number
  /** What the wall clock would say, had nobody set it forward. */
  readonly unstepped: number
}

/** Steps of less than this are what a time server does to a clock all day. */
const LEAST_STEP_MS = 1000
/** Leases of no more than this are prolonged, and so written anew, in that time. */
const HELD_MS = 86_400_000
const UNSTEPPED = { ms: 0, version: 0, until: -Infinity }

/**
 * @param clock One that cannot tell elapsed time is believed
 * @param lastVersion Of all that is written
 */
export function createExpiryClock(clock: Clock, lastVersion: () => number): ExpiryClock {
  let offset: number | null = null
  let step = UNSTEPPED

  return {
    look() {
      const now = clock.now()
      const elapsed = clock.elapsed?.()
      if (elapsed === undefined) return { now, version: 0, unstepped: now }
      const moved = now - elapsed - (offset ?? now - elapsed)
      offset = now - elapsed
      if (elapsed >= step.until) step = UNSTEPPED
      if (moved >= LEAST_STEP_MS)
        step = { ms: step.ms + moved, version: lastVersion(), until: elapsed + HELD_MS }
      // What was written meanwhile lives longer by as much.
      else if (moved <= -LEAST_STEP_MS && step.ms > 0)
        step = step.ms + moved > 0 ? { ...step, ms: step.ms + moved } : UNSTEPPED
      return { now, version: step.version, unstepped: now - step.ms }
    },
  }
}
