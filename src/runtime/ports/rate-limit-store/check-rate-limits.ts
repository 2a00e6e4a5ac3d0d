import { algorithmOf } from './algorithms/algorithm-of.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import { checkSubject } from './rate-limit-limits.ts'
import type { RateLimit } from './rate-limit-store.ts'
import { preparedOf, readRateLimits } from './read-rate-limit.ts'

/** @throws RangeError when the subject or a limit is malformed, or a cost can never fit */
export function checkRateLimits(
  subject: string,
  limits: readonly RateLimit[],
): readonly FullRateLimit[] {
  checkSubject(subject)
  return preparedOf(limits) ?? readRateLimits(limits, algorithmOf)
}
