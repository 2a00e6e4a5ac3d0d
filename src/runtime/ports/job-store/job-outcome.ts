import type { Json } from '../json.ts'

/** How an attempt ended, and so where the job goes. */
export type JobOutcome =
  | { readonly to: 'completed'; readonly result?: Json }
  /** Not to be run again without intervention. */
  | { readonly to: 'dead'; readonly error: Json }
  | { readonly to: 'cancelled' }
  /**
   * Again, `delayMs` from now; after the last attempt the job is dead instead. `refund` gives the
   * attempt back (a worker that stops, a breaker that is open); `data` replaces what the job
   * carries.
   */
  | {
      readonly to: 'scheduled'
      readonly delayMs: number
      readonly error?: Json
      readonly refund?: boolean
      readonly data?: Json
    }
  /** Kept aside until retried by command: no handler knows this job. */
  | { readonly to: 'parked'; readonly error: Json }
