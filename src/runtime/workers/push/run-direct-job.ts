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
  const late = new AbortController()
  const failed = Promise.withResolvers<never>()
  const cancel = clock.setTimer(() => {
    const error = new Error(
      `Cannot finish job ${JSON.stringify(job.name)}: the attempt took over ${timeLimitMs} ms`,
    )
    late.abort(error)
    failed.reject(error)
  }, timeLimitMs)
  try {
    return await Promise.race([process(job, { signal: late.signal }), failed.promise])
  } catch (error) {
    return { to: 'failed', thrown: error }
  } finally {
    cancel()
  }
}
