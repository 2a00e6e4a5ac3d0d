import { utf8Length } from '../../../primitives/utf8.ts'
import { NotificationError } from '../notification-error.ts'

/** UTF-8 bytes of an idempotency key. */
export const MOST_KEY_BYTES = 400

/** @throws NotificationError `invalid_request` for what is no idempotency key */
export function checkKey(key: unknown): string {
  const isKey =
    typeof key === 'string' && key !== '' && key.isWellFormed() && utf8Length(key) <= MOST_KEY_BYTES
  if (isKey) return key
  throw new NotificationError(
    'invalid_request',
    `Cannot send: idempotencyKey is no text of 1 to ${MOST_KEY_BYTES} bytes`,
  )
}
