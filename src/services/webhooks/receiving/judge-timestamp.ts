import type { VerificationPolicy, WebhookVerdict } from './webhook-scheme.ts'

/** How far ahead a sender's clock may be, whatever age is tolerated. */
const MAX_AHEAD_MS = 300_000

/**
 * Judges the time that a message says it was signed at, both ways.
 *
 * @param timestamp Seconds since 1970, exactly as signed; `undefined` when the scheme has no time, which is accepted
 */
export function judgeTimestamp(
  timestamp: string | undefined,
  policy: VerificationPolicy,
): WebhookVerdict {
  if (timestamp === undefined) return { timestamp: null }
  return /^\d{1,12}$/.test(timestamp) ? judgeTime(Number(timestamp), policy) : 'malformed_timestamp'
}

/** Judges a time written as a date of ISO 8601 in UTC, as `2026-01-31T12:00:00.000Z`. */
export function judgeDate(date: string | null, policy: VerificationPolicy): WebhookVerdict {
  if (date === null) return 'missing_signature'
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(date) ? Date.parse(date) : NaN
  return Number.isNaN(ms) ? 'malformed_timestamp' : judgeTime(Math.floor(ms / 1000), policy)
}

function judgeTime(timestamp: number, { now, toleranceMs }: VerificationPolicy): WebhookVerdict {
  const ageMs = now - timestamp * 1000
  if (ageMs > toleranceMs) return 'timestamp_too_old'
  if (ageMs < -Math.min(toleranceMs, MAX_AHEAD_MS)) return 'timestamp_too_new'
  return { timestamp }
}
