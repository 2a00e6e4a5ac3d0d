import { decideGcra } from '../../../primitives/gcra.ts'
import type { FullRateLimit } from './rate-limit-limits.ts'
import type { RateLimitDecision } from './rate-limit-store.ts'

/** What several limits decide together. */
export interface RateLimitVerdict {
  readonly decisions: readonly RateLimitDecision[]
  /** The states to store, by name: none when a limit denied or nothing was to be charged. */
  readonly arrivals: readonly { readonly name: string; readonly arrivalAt: number }[]
}

/**
 * Charges all limits or none.
 *
 * @param arrivalOf The stored state of a limit, or `null` when it is unused
 */
export function decideRateLimits(
  limits: readonly FullRateLimit[],
  arrivalOf: (name: string) => number | null,
  now: number,
): RateLimitVerdict {
  const wanted = limits.map((limit) => {
    const arrivalAt = arrivalOf(limit.name)
    return { limit, arrivalAt, decision: decideGcra(limit, arrivalAt, limit.cost, now) }
  })
  const charged = wanted.every(({ decision }) => decision.allowed)
  return {
    decisions: wanted.map(({ limit, arrivalAt, decision }) => {
      const standing = charged ? decision : decideGcra(limit, arrivalAt, 0, now)
      return {
        name: limit.name,
        allowed: decision.allowed,
        remaining: standing.remaining,
        retryAfterMs: decision.retryAfterMs,
        resetAfterMs: standing.resetAfterMs,
      }
    }),
    arrivals: wanted
      .filter(({ limit }) => charged && limit.cost > 0)
      .map(({ limit, decision }) => ({ name: limit.name, arrivalAt: decision.arrivalAt })),
  }
}
