import { checkOptions } from '../../../primitives/check-options.ts'
import { Decider } from '../deciding/decider.ts'
import type { RateLimitOutcome } from '../deciding/outcome.ts'
import {
  checkRateLimitingOptions,
  RATE_LIMITING_OPTIONS,
  type RateLimitingOptions,
} from '../deciding/rate-limiting-options.ts'
import type { LimitOptions } from '../limits/limit-options.ts'
import { createPlan, type LimitPlan } from '../limits/limit-plan.ts'
import { LIMIT_RULES } from '../limits/limit-rules.ts'
import { checkCost, readLimit } from '../limits/read-limit.ts'
import { configuredRateLimiting } from './configure-rate-limiting.ts'
import type { CheckOptions } from './rate-limiter.ts'

/**
 * What {@link checkRateLimit} takes: one limit or several, and what is not as it was configured.
 */
export type CheckRateLimitOptions = CheckOptions &
  Partial<RateLimitingOptions> &
  (OneLimit | SeveralLimits)

/** One limit among the options; its `cost` is the call's. */
export type OneLimit = Omit<LimitOptions, 'cost' | 'key'> & { readonly limits?: never }

/** Several limits, which let the request pass only together. */
export interface SeveralLimits {
  /** 1 to 16 limits. One that denies lets none be charged. */
  readonly limits: readonly LimitOptions[]
  readonly limit?: never
  readonly window?: never
}

const ACTION = 'check rate limit'
const LIMIT_OPTIONS = ['limit', 'window', 'algorithm', 'burst', 'hardCap', 'name'] as const

/**
 * Charges one limit or several, all or nothing, in one round trip.
 *
 * @param key Whose budget it is, e.g. `user:42`: 1 to 480 UTF-8 bytes
 * @param options The limits. `backend` and what else is not given is as `configureRateLimiting` or
 *   `configureInfrastructure` had it
 * @throws NotConfiguredError when there is no backend
 * @throws TypeError or RangeError when an argument is malformed, or the cost can never fit
 * @example
 * const { allowed, retryAfterMs } = await checkRateLimit('user:42', {
 *   limits: [{ limit: 10, window: '1s' }, { limit: 1000, window: '1h' }],
 * })
 */
export async function checkRateLimit(
  key: string,
  options: CheckRateLimitOptions,
): Promise<RateLimitOutcome> {
  checkOptions<Record<string, unknown>>(
    ACTION,
    options as unknown as Record<string, unknown>,
    [],
    ['cost', 'operation', 'backend', 'limits', ...LIMIT_OPTIONS, ...RATE_LIMITING_OPTIONS],
  )
  const { cost = 1, operation } = options
  const decider = new Decider(
    checkRateLimitingOptions(ACTION, configuredRateLimiting(ACTION, options)),
  )
  return decider.decide(ACTION, key, readPlan(options), {
    cost: checkCost(ACTION, cost),
    ...(operation !== undefined && { operation }),
  })
}

function readPlan(options: CheckRateLimitOptions): LimitPlan {
  if (options.limits === undefined) {
    const { limit, window, algorithm, burst, hardCap, name } = options
    const given = { limit, window, algorithm, burst, hardCap, name }
    // Those that are not there are left out, as an options object would have them.
    const there = Object.entries(given).filter(([, value]) => value !== undefined)
    return createPlan([
      readLimit(ACTION, Object.fromEntries(there) as unknown as LimitOptions, LIMIT_RULES),
    ])
  }
  const { limits } = options
  if (!isList(limits) || limits.length === 0)
    throw new RangeError(`Cannot ${ACTION}: limits is no list of limits, 1 to 16 expected`)
  const beside = LIMIT_OPTIONS.find((name) => options[name as 'limit'] !== undefined)
  if (beside !== undefined)
    throw new TypeError(`Cannot ${ACTION}: ${beside} stands beside limits, one of both expected`)
  return createPlan(limits.map((limit) => readLimit(ACTION, limit, LIMIT_RULES)))
}

function isList(limits: unknown): limits is readonly LimitOptions[] {
  return Array.isArray(limits)
}
