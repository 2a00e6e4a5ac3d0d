import { checkInteger } from '../../../primitives/check-range.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { RateLimit } from './rate-limit-store.ts'

/** A checked limit with its defaults filled in. */
export type FullRateLimit = Required<RateLimit>

const MAX_WINDOW_MS = 366 * 86_400_000

/** @throws RangeError when the subject or a limit is malformed, or a cost can never fit */
export function checkRateLimits(
  subject: string,
  limits: readonly RateLimit[],
): readonly FullRateLimit[] {
  const bytes = utf8Length(subject)
  if (bytes < 1 || bytes > 512)
    throw new RangeError(
      `Cannot check rate limit: the subject has ${bytes} bytes, 1 to 512 allowed`,
    )
  // A lone surrogate has no UTF-8: backends would store another text, and two subjects would become one.
  if (![subject, ...limits.map((limit) => limit.name)].every((text) => text.isWellFormed()))
    throw new RangeError(
      'Cannot check rate limit: a text holds half a surrogate pair, well-formed text expected',
    )
  if (limits.length < 1 || limits.length > 16)
    throw new RangeError(`Cannot check rate limit: ${limits.length} limits, 1 to 16 allowed`)
  if (new Set(limits.map((limit) => limit.name)).size < limits.length) {
    throw new RangeError('Cannot check rate limit: two limits have the same name')
  }
  return limits.map(checkLimit)
}

function checkLimit(given: RateLimit): FullRateLimit {
  const { algorithm, name, limit, windowMs, burst = limit, cost = 1 } = given
  if (algorithm !== 'gcra')
    throw new RangeError(
      `Cannot check rate limit: algorithm ${JSON.stringify(algorithm)} is unknown, gcra is known`,
    )
  if (name.length < 1 || name.length > 64)
    throw new RangeError(
      `Cannot check rate limit: a name has ${name.length} characters, 1 to 64 allowed`,
    )
  const action = `check rate limit "${name}"`
  checkInteger(action, 'limit', limit, 1, 1e9)
  checkInteger(action, 'windowMs', windowMs, 1, MAX_WINDOW_MS)
  checkInteger(action, 'burst', burst, 1, 1e9)
  checkInteger(action, 'cost', cost, 0, burst)
  return { algorithm, name, limit, windowMs, burst, cost }
}
