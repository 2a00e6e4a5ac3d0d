import { decideTimestamp } from './decide-timestamp.ts'
import type { VerificationPolicy, WebhookVerdict } from './webhook-scheme.ts'

/**
 * Decides on a time that is written as a date of ISO 8601 in UTC, as `2026-01-31T12:00:00.000Z`.
 *
 * @param date `null` when the message has none
 */
export function decideDate(date: string | null, policy: VerificationPolicy): WebhookVerdict {
  if (date === null) return 'missing_signature'
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(date)
  return decideTimestamp(isDate ? `${Math.floor(Date.parse(date) / 1000)}` : '', policy)
}
