import type { ClaimedJob } from '../../ports/job-store/job-store.ts'
import type { Json } from '../../ports/json.ts'

/** What is read and called of BullMQ's `Job`. */
export interface BullmqJob {
  readonly id?: string | undefined
  readonly name: string
  readonly data: unknown
  readonly opts: {
    readonly attempts?: number | undefined
    backoff?:
      | number
      | {
          readonly type: string
          readonly delay?: number | undefined
          readonly jitter?: number | undefined
        }
      | undefined
  }
  readonly attemptsMade: number
  readonly attemptsStarted: number
  readonly priority: number
  readonly timestamp: number
  readonly failedReason?: string | undefined
  updateProgress(value: string | number | boolean | object): Promise<void>
  updateData(data: unknown): Promise<void>
  readonly queueName?: string | undefined
  getChildrenValues?(): Promise<Readonly<Record<string, unknown>>>
  getIgnoredChildrenFailures?(): Promise<Readonly<Record<string, string>>>
  moveToDelayed(timestamp: number, token?: string): Promise<void>
}

/** What BullMQ's `Worker` takes as its processor. */
export type BullmqJobProcessor = (
  job: BullmqJob,
  token?: string,
  signal?: AbortSignal,
) => Promise<Json>

/**
 * The job in the words of our job stores.
 *
 * BullMQ has no fencing token, so one is made of what grows with each claim (`attemptsStarted`) and
 * with each use of an id (`timestamp`): it grows as a token must while the clocks of those who add
 * agree, and no job is claimed a thousand times in one ms.
 */
export function claimedJobOf(job: BullmqJob): ClaimedJob {
  const { id = '', name, attemptsMade, attemptsStarted, priority, timestamp, failedReason } = job
  return {
    id,
    name,
    // BullMQ has parsed it from the JSON in Redis.
    data: job.data as Json,
    options: { backoff: backoffOf(job.opts.backoff) },
    token: timestamp * 1000 + attemptsStarted,
    attempt: attemptsMade + 1,
    maxAttempts: Math.max(job.opts.attempts ?? 1, 1),
    priority,
    addedAt: timestamp,
    lastError: failedReason === undefined ? null : { message: failedReason },
  }
}

/**
 * In the form that a job queue's processor reads; a job without backoff is tried again at once, as
 * by BullMQ.
 */
function backoffOf(backoff: BullmqJob['opts']['backoff']): Json {
  if (typeof backoff !== 'object') return { type: 'fixed', delayMs: backoff ?? 0, jitter: 0 }
  const { type, delay = 0, jitter = 0 } = backoff
  const known = type === 'fixed' || type === 'exponential'
  return { type: known ? type : 'custom', delayMs: delay, jitter }
}
