import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { tryWake } from '../../../runtime/workers/try-wake.ts'
import { NOTIFICATION_QUEUE } from './read-queued.ts'

/**
 * Where messages wait for their time. A `JobQueue` with a job `notification: notificationJob(…)` is
 * one, and so is anything else with these two methods.
 */
export interface NotificationQueue {
  /**
   * Adds jobs, all or none, durable when it resolves. A job whose `jobId` is there already is not
   * added again.
   */
  addBulk(jobs: readonly QueuedJob[]): Promise<unknown>
  /** Takes a job back that has not begun. @returns Whether there was one */
  cancel(jobId: string): Promise<boolean>
}

/** One job of a {@link NotificationQueue}. */
export interface QueuedJob {
  readonly name: 'notification'
  readonly data: QueuedNotification
  readonly options: {
    readonly jobId: string
    /** ms */
    readonly delay?: number
    readonly attempts: number
    readonly backoff: {
      readonly type: 'exponential'
      readonly delay: number
      readonly maxDelay: number
    }
  }
}

/** What a job carries: which kind of work, for which message, and what it takes, as JSON. */
export interface QueuedNotification {
  readonly kind: string
  readonly id: string
  readonly work: Json
  /** How often the job was put off and added again. */
  readonly round?: number
}

const MAX_CRASHES = 100
const KEEP_DEAD_MS = 14 * 86_400_000

/** Keeps jobs in the backend's own job store. */
export function createOwnQueue({
  jobStore,
  waker,
}: Pick<Backend, 'jobStore' | 'waker'>): NotificationQueue {
  const queue = jobStore.queue(NOTIFICATION_QUEUE)
  return {
    async addBulk(jobs) {
      const { wakeInMs } = await queue.add(
        jobs.map(({ data, options: { jobId, delay = 0, attempts } }) => ({
          id: jobId,
          name: 'notification',
          data: { ...data },
          delayMs: delay,
          maxAttempts: attempts,
          // Messages are sent once, whatever becomes of workers.
          maxCrashes: MAX_CRASHES,
          keepDeadMs: KEEP_DEAD_MS,
        })),
      )
      await tryWake(waker, NOTIFICATION_QUEUE, wakeInMs)
    },
    async cancel(jobId) {
      // One that runs could only be asked to stop.
      if ((await queue.get(jobId))?.state === 'active') return false
      return (await queue.command({ type: 'cancel', ids: [jobId] })) > 0
    },
  }
}
