import type { QueuedNotification } from '../queue/notification-queue.ts'
import { queuedJob } from '../queue/enqueue-message.ts'
import type { NotificationParts } from './notification-parts.ts'
import { runJob, type RunOptions } from './run-job.ts'

/**
 * Runs a job of a queue of somebody's own. One that has to wait is added again as another job,
 * since such a queue only knows how to try again.
 */
export async function runQueued(
  parts: NotificationParts,
  job: QueuedNotification,
  options: RunOptions,
): Promise<unknown> {
  const run = await runJob(parts, job, options)
  if ('done' in run) return run.done
  const round = (job.round ?? 0) + 1
  const { kind, id, work } = job
  const next = queuedJob(kind, id, run.work ?? work, run.delayMs)
  await parts.queue.addBulk([
    {
      ...next,
      data: { ...next.data, round },
      options: { ...next.options, jobId: `${id}+${round}` },
    },
  ])
  return { waits: true }
}
