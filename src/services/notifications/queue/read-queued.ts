import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
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

/** Whether this version knows what a job does, and the template by which it does it. */
export function isKnown(
  queued: QueuedNotification | null,
  knowsTemplate: (name: string) => boolean = () => true,
): queued is QueuedNotification {
  if (queued === null || !KINDS.has(queued.kind)) return false
  const { work } = queued
  if (!isJsonObject(work)) return true
  // A message of one channel, a user's or a digest, or one that escalates.
  const { message, task } = work
  const { template } = isJsonObject(message) ? message : isJsonObject(task) ? task : work
  return typeof template !== 'string' || knowsTemplate(template)
}
