import { NotificationError } from '../notification-error.ts'
import type { SendOptions, Untyped } from './messages.ts'

type Checked = Untyped<SendOptions> & Readonly<Record<string, unknown>>

/** True or false: a text such as `false` would be taken for its opposite. */
const FLAGS = ['critical', 'queued', 'trackOpens', 'trackClicks']
const TEXTS = ['locale', 'provider']

/** @throws NotificationError `invalid_request` when an option is of another kind than it should */
export function checkSendOptions(message: object): void {
  const given = message as Checked
  for (const name of FLAGS) checkKind(name, given[name], 'boolean', 'true or false')
  for (const name of TEXTS) checkKind(name, given[name], 'string', 'text')
  const { sendAt, signal } = given
  if (sendAt !== undefined && !(sendAt instanceof Date))
    checkKind('sendAt', sendAt, 'number', 'ms since 1970 or a Date')
  if (!['avoid', 'accept', undefined].includes(given.duplicates))
    throw new NotificationError(
      'invalid_request',
      "Cannot send: duplicates is neither 'avoid' nor 'accept'",
    )
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw refusal('signal', typeof signal, 'an AbortSignal')
}

function checkKind(name: string, value: unknown, kind: string, expected: string): void {
  if (value !== undefined && typeof value !== kind) throw refusal(name, typeof value, expected)
}

function refusal(name: string, kind: string, expected: string): NotificationError {
  return new NotificationError(
    'invalid_request',
    `Cannot send: ${name} is a ${kind}, ${expected} expected`,
  )
}
