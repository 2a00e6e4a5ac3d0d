import { cut, readThrown } from '../../primitives/read-thrown.ts'
import { checkExchange, encodeJson } from '../ports/job-store/job-limits.ts'
import type { ClaimedJob } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { JobControl, JobProcessor } from '../ports/job-store/job-processor.ts'

const MESSAGE_CHARACTERS = 2000

/**
 * Runs one job through its processor and never rejects.
 *
 * A processor that rejects is a bug or a crash: the job waits longer each time, then is dead. An
 * outcome that the job store would refuse (a result that is no JSON or too long) makes the job
 * dead, since it would keep those beside it from being taken.
 *
 * @param onCrash Hears what the processor rejected with. Must not throw
 */
export async function runProcessor(
  processor: JobProcessor,
  job: ClaimedJob,
  control: JobControl,
  onCrash?: (error: unknown) => void,
): Promise<JobOutcome> {
  let outcome: JobOutcome
  try {
    outcome = await processor.process(job, control)
  } catch (error) {
    onCrash?.(error)
    return outcomeOfCrash(job, error)
  }
  try {
    checkExchange({ settle: [{ id: '', token: 0, outcome }] })
    if (outcome.to === 'completed') encodeJson('result', outcome.result ?? null)
    if ('error' in outcome) encodeJson('error', outcome.error ?? null)
    if ('data' in outcome) encodeJson('data', outcome.data ?? null)
    return outcome
  } catch (error) {
    const message = error instanceof RangeError ? error.message : 'The outcome is not JSON'
    return { to: 'dead', error: { code: 'outcome_refused', message } }
  }
}

/** What it rejected with is kept, so that whoever looks at the job sees why. */
function outcomeOfCrash({ attempt, maxAttempts }: ClaimedJob, thrown: unknown): JobOutcome {
  const { name, code, message } = readThrown(thrown)
  const error = {
    name,
    code: code ?? 'processor_failed',
    message: cut(message, MESSAGE_CHARACTERS),
  }
  if (attempt >= maxAttempts) return { to: 'dead', error }
  return { to: 'scheduled', delayMs: Math.min(1000 * 2 ** attempt, 3_600_000), error }
}
