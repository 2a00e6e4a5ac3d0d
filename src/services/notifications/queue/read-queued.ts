import type { Json } from '../../../runtime/ports/json.ts'
import type { QueuedNotification } from './notification-queue.ts'

/** The job queue of notifications in the job store of their backend. */
export const NOTIFICATION_QUEUE = 'notifications'

/** What jobs do: send by a channel, or what is more than one message. */
const KINDS: ReadonlySet<string> = new Set([
  ...['email', 'sms', 'push', 'chat'],
  ...['notify', 'escalate', 'digest'],
])

/** @returns What a job carries, or `null` for what is none of ours */
export function readQueued(data: unknown): QueuedNotification | null {
  if (typeof data !== 'object' || data === null) return null
  const { kind, id, work, round }: Partial<Record<keyof QueuedNotification, unknown>> = data
  if (typeof kind !== 'string' || typeof id !== 'string' || work === undefined) return null
  return {
    kind,
    id,
    // What a job store gives back is JSON.
    work: work as Json,
    ...(typeof round === 'number' && { round }),
  }
}

/** Whether this version knows what a job does. */
export function isKnown(queued: QueuedNotification | null): queued is QueuedNotification {
  return queued !== null && KINDS.has(queued.kind)
}
