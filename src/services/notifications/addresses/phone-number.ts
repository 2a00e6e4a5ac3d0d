import { NotificationError } from '../notification-error.ts'

const E164 = /^\+[1-9]\d{6,14}$/

/**
 * Reads a telephone number in E.164: `+`, the country and the number, 7 to 15 digits. Spaces, dots,
 * dashes and brackets in between are left out; a number without its country is refused, not
 * guessed.
 *
 * @throws NotificationError `invalid_recipient`
 */
export function readPhoneNumber(field: string, input: unknown): string {
  const digits =
    typeof input === 'string' && input.length <= 40 ? input.replaceAll(/[\s().-]/g, '') : ''
  if (E164.test(digits)) return digits
  throw new NotificationError(
    'invalid_recipient',
    `Cannot send SMS: ${field} is no telephone number with its country, as in +48123456789`,
  )
}
