import type { LimitStanding, RateLimitOutcome } from '../deciding/outcome.ts'

/**
 * Which headers say how things stand: `RateLimit` and `RateLimit-Policy` of the IETF draft
 * (draft-ietf-httpapi-ratelimit-headers-10, structured fields), `X-RateLimit-Limit`, `-Remaining`
 * and `-Reset` (seconds since 1970), both or neither. `Retry-After` is always there when a request
 * is denied.
 */
export type RateLimitHeaderStyle = 'draft' | 'legacy' | 'both' | 'none'

/**
 * The headers of an answer to a request that was checked.
 *
 * @param now ms since 1970, for the headers that name an instant
 *
 * @example
 * const outcome = await limiter.check('user:42')
 * return new Response('ok', { headers: rateLimitHeaders(outcome, 'draft', Date.now()) })
 */
export function rateLimitHeaders(
  outcome: RateLimitOutcome,
  style: RateLimitHeaderStyle,
  now: number,
): Record<string, string> {
  const headers: Record<string, string> = {}
  if (!outcome.allowed) headers['retry-after'] = `${wholeSeconds(outcome.retryAfterMs, 1)}`
  // Who decided without the store knows no numbers, and makes none up.
  if (outcome.decidedBy === 'failure') return headers
  if (style === 'draft' || style === 'both') {
    headers['ratelimit-policy'] = outcome.limits.map(policyOf).join(', ')
    headers['ratelimit'] = outcome.limits.map(standingOf).join(', ')
  }
  if (style === 'legacy' || style === 'both') {
    const deciding = outcome.limits.find(({ name }) => name === outcome.policy)
    headers['x-ratelimit-limit'] = `${outcome.limit}`
    headers['x-ratelimit-remaining'] = `${outcome.remaining}`
    headers['x-ratelimit-reset'] =
      `${wholeSeconds(now + (deciding === undefined ? 0 : untilMs(deciding)), 0)}`
  }
  return headers
}

function policyOf({ name, limit, windowMs }: LimitStanding): string {
  const window = windowMs === null ? '' : `;w=${wholeSeconds(windowMs, 1)}`
  return `${quoted(name)};q=${whole(limit)}${window}`
}

function standingOf(standing: LimitStanding): string {
  const { name, remaining } = standing
  return `${quoted(name)};r=${whole(remaining)};t=${wholeSeconds(untilMs(standing), 0)}`
}

/** With nothing left this is when something is again, as Retry-After says it; else when all is. */
function untilMs({
  allowed,
  remaining,
  retryAfterMs,
  nextAfterMs,
  resetAfterMs,
}: LimitStanding): number {
  if (remaining > 0) return resetAfterMs
  return allowed ? nextAfterMs : retryAfterMs
}

/** Rounded up: who comes then is not turned away again. */
function wholeSeconds(ms: number, least: number): number {
  return whole(Math.max(Math.ceil(ms / 1000), least))
}

/** A structured field has no greater integer. */
function whole(value: number): number {
  return Math.min(value, 999_999_999_999_999)
}

const SPECIAL = /["\\]/

/** A string of structured fields (RFC 9651 §3.3.3); names are printable ASCII. */
function quoted(text: string): string {
  return SPECIAL.test(text) ? `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `"${text}"`
}
