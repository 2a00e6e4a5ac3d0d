import type { Json } from '../json.ts'
import type { NewJob } from './new-job.ts'

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
  /**
   * Again once these have ended: 1 to 1,000 jobs that are added in the same step, together of at
   * most 1 MiB of data. Those without a `parent` are children of this job, the others of one before
   * them. Gives the attempt back; `data` replaces what the job carries. Where a child would have to
   * wait for this very job, because that or one that waits for it holds the child's id, the job is
   * dead with the code `flow_circle`, and nothing is added.
   */
  | { readonly to: 'blocked'; readonly children: readonly NewJob[]; readonly data?: Json }
