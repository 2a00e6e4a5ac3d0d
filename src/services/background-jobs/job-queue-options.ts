import type { JobWorkerOptions } from '../../runtime/workers/job-worker.ts'
import type { Backend } from '../../runtime/ports/backend.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { ClaimedJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { Report } from '../../runtime/ports/platform/report.ts'
import type { ServiceMetrics } from '../../runtime/ports/service-metrics.ts'
import type { TraceCarrier } from '../../runtime/ports/trace-carrier.ts'
import type { JobDefinition } from './define-job.ts'
import type { JobRateLimit } from './job-gates.ts'
import type { JobDefinitions } from './job-to-add.ts'

/** What a `JobQueue` is made of. */
export interface JobQueueOptions<Jobs extends JobDefinitions> {
  /** 1 to 128 characters of `A–Z a–z 0–9 . _ : -`. */
  readonly name: string
  /** Where the jobs are kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'jobStore' | 'store' | 'rateLimits' | 'waker'>
  readonly jobs: Jobs
  /** Options of every job, unless its definition or the job itself says otherwise. */
  readonly options?: JobDefinition['options']
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /**
   * How many attempts of all jobs of the queue together may start in a time. More wait, in order,
   * without an attempt spent.
   */
  readonly rateLimit?: JobRateLimit
  /** Whether the record of a job that failed keeps the stack of what was thrown. Default false. */
  readonly recordStacks?: boolean
  /**
   * Hears what nobody else does: failed attempts while there is neither a listener (`on`) nor an
   * `onSettled`, what goes wrong around a worker without `onError`, and what listeners throw. The
   * same once a minute. Default: prints it, with its stack.
   */
  readonly report?: Report
  /** Counts and times the queue's jobs: `MetricsService` of logging fits. Default: nothing does. */
  readonly metrics?: ServiceMetrics
  /**
   * Makes each attempt a span of the trace that the job was added in: `TracingService` of logging
   * fits. Default: jobs carry no trace.
   */
  readonly tracing?: Pick<TraceCarrier, 'carry' | 'carryOn'>
}

/**
 * How `JobQueue.run` works; see {@link JobWorkerOptions}. What callbacks throw is reported and
 * changes nothing.
 */
export interface RunOptions extends Partial<
  Pick<JobWorkerOptions, 'concurrency' | 'lease' | 'maxWait' | 'grace'>
> {
  /**
   * Hears of each outcome once the job store has taken it, or of its being `lost`; `thrown` is what
   * the handler threw, itself.
   */
  readonly onSettled?: (
    job: ClaimedJob,
    outcome: JobOutcome,
    fate: 'settled' | 'lost',
    thrown?: unknown,
  ) => unknown
  /**
   * Hears when the job store cannot be reached, at the first try that fails and each twelfth
   * from then on; the worker goes on trying. Default: `report`.
   */
  readonly onError?: (error: unknown) => unknown
}

/** What may be left out of {@link JobQueueOptions}. */
export const QUEUE_OPTIONS = [
  'options',
  'clock',
  'random',
  'rateLimit',
  'recordStacks',
  'report',
  'metrics',
  'tracing',
] as const
