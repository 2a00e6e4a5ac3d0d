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

const ENDS: readonly DirectOutcome['to'][] = ['completed', 'dead', 'scheduled']

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
    const outcome = await runWithin(clock, timeLimitMs, undefined, late, (signal) =>
      process(job, { signal }),
    )
    // A process without types may answer anything.
    const answer: { readonly to?: DirectOutcome['to'] } | null | undefined = outcome
    if (answer?.to === undefined || !ENDS.includes(answer.to))
      throw new TypeError(
        `Cannot settle job ${JSON.stringify(job.name)}: process answered no outcome, one to ${ENDS.join(', ')} expected`,
      )
    return outcome
  } catch (error) {
    return { to: 'failed', thrown: error }
  }
}
