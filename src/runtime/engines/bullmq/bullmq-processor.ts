import { Semaphore } from '../../coordination/locks/semaphore.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { JobAbortError } from '../../ports/job-store/job-abort-error.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import type { Json } from '../../ports/json.ts'
import { isLeftToOthers } from '../../workers/leave-to-others.ts'
import { bullmqChildrenOf } from './bullmq-children.ts'
import { claimedJobOf, type BullmqJob, type BullmqJobProcessor } from './bullmq-job.ts'
import { createProgressWriter } from './progress-writer.ts'

/** Options of {@link bullmqProcessor}. */
export interface BullmqProcessorOptions {
  /**
   * Says from when a delay counts; the one of the machine that BullMQ's worker runs on. Default:
   * the platform's.
   */
  readonly clock?: Clock
}

/**
 * Runs the jobs of a processor or queue inside BullMQ's own `Worker`, on Node and Bun: BullMQ
 * claims, keeps the lock, counts attempts and settles; handlers, schemas, timeouts, limits and the
 * waits between attempts are ours.
 *
 * A definition's `concurrency` holds across all workers whose queues share a backend that does: a
 * job without room is put back unspent and looks again after about a second. `children()` has what
 * BullMQ keeps of a flow's children; `waitForChildren()` is a TypeError, since BullMQ's own
 * `FlowProducer` adds children.
 *
 * What becomes of a job: `completed` keeps its result; `dead`, `cancelled` and `parked` fail it for
 * good, whatever attempts are left (BullMQ knows no other end; its `retry` brings it back);
 * `scheduled` fails the attempt and waits as long as the outcome says, and with `refund` waits
 * without spending the attempt. Attempts are BullMQ's: a stalled job is given out again without one
 * being counted.
 *
 * `worker.cancelJob(id)` aborts the handler's signal. BullMQ does not say by itself that a lock was
 * lost:
 *
 * @example
 * import { Worker } from 'bullmq'
 * const worker = new Worker('email', bullmqProcessor(emailQueue), { connection })
 * worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id, 'lease_lost')))
 */
export function bullmqProcessor(
  given: JobProcessor | { readonly processor: JobProcessor },
  { clock = systemClock }: BullmqProcessorOptions = {},
): BullmqJobProcessor {
  const processor = 'processor' in given ? given.processor : given
  // BullMQ hands over a signal only to a function that declares three parameters.
  return async (job, token, signal) => {
    const progress = createProgressWriter((value) => job.updateProgress(value))
    const outcome = await processor.process(claimedJobOf(job), {
      signal: abortingSignal(signal),
      progress: progress.write,
      engine: {
        children: () => bullmqChildrenOf(job),
        semaphore: (options) => new Semaphore(options),
      },
    })
    await progress.written()
    return settle(job, token, outcome, clock)
  }
}

async function settle(
  job: BullmqJob,
  token: string | undefined,
  outcome: JobOutcome,
  clock: Clock,
): Promise<Json> {
  switch (outcome.to) {
    case 'completed':
      return outcome.result ?? null
    case 'dead':
    case 'parked':
      throw failureOf(outcome.error, 'UnrecoverableError')
    case 'cancelled':
      throw failureOf({ message: 'The job was cancelled' }, 'UnrecoverableError')
    case 'blocked':
      throw failureOf(
        { message: 'Cannot wait for children under BullMQ: add them with its FlowProducer' },
        'UnrecoverableError',
      )
    case 'scheduled': {
      const { delayMs, error = null, refund = false, data } = outcome
      // BullMQ has no place to note for how long a job has been left to others.
      if (isLeftToOthers(error)) throw failureOf(error, 'UnrecoverableError')
      if (data !== undefined) await job.updateData(data)
      if (refund) {
        await job.moveToDelayed(clock.now() + delayMs, token)
        throw failureOf({ message: 'The job was put back' }, 'DelayedError')
      }
      // BullMQ computes the wait from the options of the job in memory, which are not written back.
      job.opts.backoff = { type: 'fixed', delay: delayMs }
      throw failureOf(error, 'Error')
    }
  }
}

/** BullMQ tells errors apart by their names, so that none of its classes is needed here. */
function failureOf(error: Json, kind: 'Error' | 'UnrecoverableError' | 'DelayedError'): Error {
  const failure = new Error(messageOf(error))
  failure.name = kind
  // It would point here, not to the handler, and BullMQ keeps it with the job.
  failure.stack = `${kind}: ${failure.message}`
  return failure
}

function messageOf(error: Json): string {
  if (typeof error === 'string') return error
  const message: unknown =
    error !== null && typeof error === 'object' ? Reflect.get(error, 'message') : null
  return typeof message === 'string' ? message : 'The attempt failed'
}

/** Aborts with the reasons that handlers know. */
function abortingSignal(signal: AbortSignal | undefined): AbortSignal {
  const abort = new AbortController()
  const pass = (): void => {
    const reason: unknown = signal?.reason
    const known = reason === 'lease_lost' || reason === 'stopping' ? reason : 'cancelled'
    abort.abort(new JobAbortError(known))
  }
  if (signal?.aborted === true) pass()
  else signal?.addEventListener('abort', pass, { once: true })
  return abort.signal
}
