import type { Json } from '../../../runtime/ports/json.ts'
import { NotificationError } from '../notification-error.ts'
import type { MessageLog } from '../tracking/message-log.ts'
import type { MessageRecord } from '../tracking/message-record.ts'
import { RETRIES } from './job-run.ts'
import type { NotificationQueue, QueuedJob } from './notification-queue.ts'
import { messageToJson } from './queued-message.ts'

/** A message that is to wait. */
export interface WaitingMessage {
  readonly kind: string
  readonly id: string
  readonly message: object
  /** As it is first recorded; its `sendAt` says until when it waits. */
  readonly record: MessageRecord
  readonly now: number
}

/**
 * Puts a message into the queue. Once its job is there it is accepted; the record that follows only
 * shows it.
 *
 * @returns The record: another one when the message was accepted before
 * @throws NotificationError `idempotency_conflict` when its key was used for another message
 */
export async function enqueueMessage(
  { kind, id, message, record, now }: WaitingMessage,
  { log, queue }: { readonly log: MessageLog; readonly queue: NotificationQueue },
): Promise<MessageRecord> {
  const before = record.fingerprint === null ? null : await log.get(id)
  if (before !== null && before.fingerprint !== record.fingerprint)
    throw new NotificationError(
      'idempotency_conflict',
      'Cannot queue message: its idempotency key was used before with another message, a new key expected',
    )
  if (before !== null && before.status !== 'queued' && before.status !== 'failed') return before
  const { fingerprint, sendAt } = record
  const work = { message: await messageToJson(message), fingerprint }
  const job = queuedJob(kind, id, work, sendAt === null ? 0 : sendAt - now)
  // The job that failed is still there under its id, and would stand in the way of this one.
  const jobId = before === null ? id : jobIdOf(id, before)
  await queue.addBulk([{ ...job, options: { ...job.options, jobId } }])
  return log.change(
    id,
    (there) =>
      there === null || there.status === 'failed' ? { result: record, record } : { result: there },
    { entry: null },
  )
}

/** The id of the job that carries a message: another one after each failure. */
export function jobIdOf(id: string, { status, attempts }: MessageRecord): string {
  return status === 'failed' || attempts.length > 0 ? `${id}~${attempts.length}` : id
}

/** A job for one piece of work. */
export function queuedJob(kind: string, id: string, work: Json, delayMs: number): QueuedJob {
  return {
    name: 'notification',
    data: { kind, id, work },
    options: {
      jobId: id,
      delay: Math.max(Math.ceil(delayMs), 0),
      attempts: RETRIES.attempts,
      backoff: { type: 'exponential', delay: RETRIES.delayMs, maxDelay: RETRIES.maxMs },
    },
  }
}
