import { NotificationError } from '../notification-error.ts'
import { trackedMessage, type TrackedMessage } from '../tracking/tracked-message.ts'
import type { NotificationParts } from './notification-parts.ts'

/** @throws NotificationError `not_found` */
export async function trackMessage(
  { log }: NotificationParts,
  id: string,
): Promise<TrackedMessage> {
  const record = await log.get(id)
  if (record !== null) return trackedMessage(id, record)
  throw new NotificationError('not_found', 'Cannot track message: none has this id')
}
