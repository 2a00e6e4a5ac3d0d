import { retryDelayMs } from '../../../primitives/retry-delay.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { ClaimedJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { createUnknownJobReport, leaveToOthers } from '../../../runtime/workers/leave-to-others.ts'
import { NotificationError } from '../notification-error.ts'
import type { QueuedNotification } from './notification-queue.ts'
import { isKnown, NOTIFICATION_QUEUE, readQueued } from './read-queued.ts'

/** What becomes of a job: it is done, or goes on later, perhaps with other work. */
export type JobRun = { readonly done: Json } | { readonly delayMs: number; readonly work?: Json }

/** What runs the jobs of notifications. */
export interface NotificationRunner {
  /**
   * @param isLast Whether a failure is final
   * @throws NotificationError when it failed
   */
  run(
    job: QueuedNotification,
    options: { readonly signal: AbortSignal; readonly isLast: boolean },
  ): Promise<JobRun>
}

/** Attempts of a queued message, and the waits between them. */
export const RETRIES = { attempts: 8, delayMs: 5000, maxMs: 3_600_000 } as const

const BACKEND_WAIT_MS = 2000

/** Runs the jobs of the queue in the backend's own job store. */
export function createNotificationProcessor(
  runner: NotificationRunner,
  random: RandomSource,
): Pick<JobProcessor, 'process'> {
  const unknownJobs = createUnknownJobReport()

  function leave(job: ClaimedJob, message: string): JobOutcome {
    const unknown = { code: 'unknown_job', message } as const
    const outcome = leaveToOthers(job, unknown, random.fraction())
    unknownJobs.say(NOTIFICATION_QUEUE, job.name, outcome, unknown)
    return outcome
  }

  return {
    async process(job, { signal }) {
      const queued = readQueued(job.data)
      if (!isKnown(queued))
        return leave(job, 'Cannot run notification: the job is none that this version knows')
      try {
        const isLast = job.attempt >= job.maxAttempts
        const run = await runner.run(queued, { signal, isLast })
        if ('done' in run) return { to: 'completed', result: run.done }
        return {
          to: 'scheduled',
          delayMs: Math.ceil(run.delayMs),
          refund: true,
          ...(run.work !== undefined && { data: { ...queued, work: run.work } }),
        }
      } catch (error) {
        // During a deploy others may have the template.
        if (error instanceof NotificationError && error.code === 'template_not_found')
          return leave(job, error.message)
        return outcomeOf(error, job, signal, random)
      }
    },
  }
}

function outcomeOf(
  error: unknown,
  { attempt }: ClaimedJob,
  signal: AbortSignal,
  random: RandomSource,
): JobOutcome {
  const fraction = random.fraction()
  // A worker that stops, or a store that cannot serve, is no fault of the message.
  if (error instanceof BackendError)
    return { to: 'scheduled', delayMs: Math.ceil(BACKEND_WAIT_MS * (1 + fraction)), refund: true }
  if (!(error instanceof NotificationError)) {
    if (signal.aborted) return { to: 'scheduled', delayMs: 0, refund: true }
    throw error
  }
  const { code, message, retryable, retryAfterMs } = error
  if (!retryable) return { to: 'dead', error: { code, message } }
  const { delayMs, maxMs } = RETRIES
  const wait = retryDelayMs({ type: 'exponential', delayMs, maxMs, jitter: 0.5 }, attempt, fraction)
  return {
    to: 'scheduled',
    delayMs: Math.ceil(Math.max(wait, Math.min(retryAfterMs ?? 0, 86_400_000))),
    error: { code, message },
    // A limit or a message in work is waited for, however long.
    ...((code === 'rate_limited' || code === 'in_progress') && { refund: true }),
  }
}
