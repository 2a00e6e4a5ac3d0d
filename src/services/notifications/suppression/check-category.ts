import { NotificationError } from '../notification-error.ts'

const CATEGORY = /^[\w.-]{1,64}$/

/** @throws NotificationError `invalid_request` */
export function checkCategory(category: unknown): string {
  if (typeof category === 'string' && CATEGORY.test(category)) return category
  throw new NotificationError(
    'invalid_request',
    'Cannot use category: it is not 1 to 64 letters, digits, _, . and -',
  )
}
