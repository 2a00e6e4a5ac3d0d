import { runWithin } from '../../../primitives/run-within.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import type { DirectJob, DirectOutcome, DirectProcess } from './direct-job.ts'

/** How {@link runDirectJob} runs a job. */
export interface RunDirectJobOptions {
  readonly process: DirectProcess
  /** After this the attempt has failed, and its signal aborts. */
  readonly timeLimitMs: number
  readonly clock: Clock
}

/** Runs one attempt. @returns Its outcome, or `failed` with what was thrown */
export async function runDirectJob(
  job: DirectJob,
  { process, timeLimitMs, clock }: RunDirectJobOptions,
): Promise<DirectOutcome | { readonly to: 'failed'; readonly thrown: unknown }> {
  const late = (): Error =>
    new Error(
      `Cannot finish job ${JSON.stringify(job.name)}: the attempt took over ${timeLimitMs} ms`,
    )
  try {
    return await runWithin(clock, timeLimitMs, undefined, late, (signal) =>
      process(job, { signal }),
    )
  } catch (error) {
    return { to: 'failed', thrown: error }
  }
}
