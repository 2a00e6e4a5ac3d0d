import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { startStopwatch } from '../../runtime/ports/platform/deadline.ts'
import type { ClaimedJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobControl, JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { TraceCarrier } from '../../runtime/ports/trace-carrier.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { JobDefinition } from './define-job.ts'
import type { JobEvents } from './job-events.ts'
import type { JobRateLimit } from './job-gates.ts'
import type { JobLog } from './job-log.ts'
import { runAttempt, type Attempt } from './run-attempt.ts'

/** What {@link createQueueProcessor} needs. */
export interface QueueProcessorOptions {
  readonly queue: string
  readonly jobStore: QueueStore
  readonly rateLimits: RateLimitStore
  /** Of all jobs of the queue together. */
  readonly rateLimit: JobRateLimit | undefined
  readonly definitionOf: (name: string) => JobDefinition | undefined
  readonly log: JobLog
  readonly events: JobEvents
  readonly clock: Clock
  readonly random: RandomSource
  readonly recordsStacks: boolean
  readonly tracing: Pick<TraceCarrier, 'carryOn'> | undefined
  /** Hears of each attempt that failed. */
  readonly onFailure: (job: ClaimedJob, attempt: Attempt) => void
  /** Hears what callbacks of the queue's user throw. */
  readonly onFault: (message: string, fault: unknown) => void
}

/**
 * Runs the jobs of a queue by their definitions, tells of what happens and keeps their log lines.
 */
export function createQueueProcessor(options: QueueProcessorOptions): JobProcessor {
  const { queue, jobStore, definitionOf, log, events, clock, onFailure } = options
  return {
    queue,
    async process(job, control) {
      const elapsedMs = startStopwatch(clock)
      const lines: string[] = []
      const { id, name } = job
      if (job.attempt > 1 && job.lastError === null) events.emit({ type: 'stalled', id, name })
      events.emit({
        type: 'active',
        id,
        name,
        attempt: job.attempt,
        waitedMs: Math.max(clock.now() - job.addedAt, 0),
      })
      const attempt = await runAttempt(definitionOf(name), job, telling(job, control, events), {
        ...options,
        children: () => jobStore.children(id),
        log: (line) => void lines.push(line),
      })
      tell(job, attempt, elapsedMs(), events)
      if ('thrown' in attempt) onFailure(job, attempt)
      try {
        await log.append(id, lines)
      } catch {
        // Lost lines must not make a job that succeeded run again.
      }
      return attempt.outcome
    },
  }
}

function telling(
  { id, name }: ClaimedJob,
  { signal, progress }: JobControl,
  events: JobEvents,
): JobControl {
  return {
    signal,
    progress(value) {
      progress(value)
      events.emit({ type: 'progress', id, name, value })
    },
  }
}

function tell(
  { id, name }: ClaimedJob,
  { outcome, thrown }: Attempt,
  durationMs: number,
  events: JobEvents,
): void {
  switch (outcome.to) {
    case 'completed':
      return events.emit({
        type: 'completed',
        id,
        name,
        result: outcome.result ?? null,
        durationMs,
      })
    case 'cancelled':
      return events.emit({ type: 'cancelled', id, name })
    case 'scheduled': {
      const { refund, delayMs, error: record = null } = outcome
      if (refund === true) return events.emit({ type: 'deferred', id, name, delayMs })
      events.emit({ type: 'failed', id, name, error: thrown, record, durationMs })
      return events.emit({ type: 'retrying', id, name, delayMs })
    }
    case 'dead':
    case 'parked': {
      const { error: record } = outcome
      events.emit({ type: 'failed', id, name, error: thrown, record, durationMs })
      return events.emit({ type: outcome.to, id, name })
    }
  }
}
