import type { VerificationPolicy, WebhookVerdict } from './webhook-scheme.ts'

/** How far ahead a sender's clock may be, whatever age is tolerated. */
const MAX_AHEAD_MS = 300_000

/**
 * Decides on the time that a message says it was signed at, both ways.
 *
 * @param timestamp Seconds since 1970, exactly as signed; `undefined` when the scheme has no time,
 *   which is accepted
 */
export function decideTimestamp(
  timestamp: string | undefined,
  { now, toleranceMs }: VerificationPolicy,
): WebhookVerdict {
  if (timestamp === undefined) return { timestamp: null }
  if (!/^\d{1,12}$/.test(timestamp)) return 'malformed_timestamp'
  const ageMs = now - Number(timestamp) * 1000
  if (ageMs > toleranceMs) return 'timestamp_too_old'
  if (ageMs < -Math.min(toleranceMs, MAX_AHEAD_MS)) return 'timestamp_too_new'
  return { timestamp: Number(timestamp) }
}
