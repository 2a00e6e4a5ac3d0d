import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { ClaimedJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobControl, JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { JobDefinition } from './define-job.ts'
import type { JobEvents } from './job-events.ts'
import type { JobLog } from './job-log.ts'
import { runAttempt } from './run-attempt.ts'

/** What {@link createQueueProcessor} stands on. */
export interface QueueProcessorOptions {
  readonly queue: string
  readonly jobStore: QueueStore
  readonly rateLimits: RateLimitStore
  readonly definitionOf: (name: string) => JobDefinition | undefined
  readonly log: JobLog
  readonly events: JobEvents
  readonly clock: Clock
  readonly random: RandomSource
}

/** Runs the jobs of a queue by their definitions, tells of what happens and keeps their log lines. */
export function createQueueProcessor(options: QueueProcessorOptions): JobProcessor {
  const { queue, jobStore, rateLimits, definitionOf, log, events, clock, random } = options
  return {
    queue,
    async process(job, control) {
      const startedAt = clock.now()
      const lines: string[] = []
      const { id, name } = job
      if (job.attempt > 1 && job.lastError === null) events.emit({ type: 'stalled', id, name })
      events.emit({
        type: 'active',
        id,
        name,
        attempt: job.attempt,
        waitedMs: Math.max(startedAt - job.addedAt, 0),
      })
      const outcome = await runAttempt(definitionOf(name), job, telling(job, control, events), {
        queue,
        rateLimits,
        children: () => jobStore.children(id),
        clock,
        random,
        log: (line) => void lines.push(line),
      })
      tell(job, outcome, clock.now() - startedAt, events)
      try {
        await log.append(id, lines)
      } catch {
        // Lost lines must not make a job that succeeded run again.
      }
      return outcome
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
  outcome: JobOutcome,
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
    case 'scheduled':
      if (outcome.refund === true)
        return events.emit({ type: 'deferred', id, name, delayMs: outcome.delayMs })
      events.emit({ type: 'failed', id, name, error: outcome.error ?? null, durationMs })
      return events.emit({ type: 'retrying', id, name, delayMs: outcome.delayMs })
    case 'dead':
    case 'parked':
      events.emit({ type: 'failed', id, name, error: outcome.error, durationMs })
      return events.emit({ type: outcome.to, id, name })
  }
}
