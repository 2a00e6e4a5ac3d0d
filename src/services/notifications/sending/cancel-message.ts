import { jobIdOf } from '../queue/enqueue-message.ts'
import type { NotificationParts } from './notification-parts.ts'

/**
 * Takes a queued message back. Its record decides: whoever runs the job afterwards finds it
 * cancelled. What `notify` has put off has no record yet, and is its job alone.
 */
export async function cancelMessage(
  { log, queue, clock, onError }: NotificationParts,
  id: string,
): Promise<boolean> {
  const jobId = await log.change<string | null | undefined>(id, (record) => {
    if (record === null) return { result: undefined }
    if (record.status !== 'queued') return { result: null }
    const cancelled = {
      ...record,
      status: 'cancelled',
      recipients: record.recipients.map((each) => ({ ...each, status: 'cancelled' as const })),
      sendAt: null,
      updatedAt: clock.now(),
    } as const
    return { result: jobIdOf(id, record), record: cancelled }
  })
  if (jobId === undefined) return queue.cancel(id)
  if (jobId === null) return false
  // Only tidies up.
  await queue.cancel(jobId).catch(onError)
  return true
}
