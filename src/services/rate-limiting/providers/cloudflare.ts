import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import {
  checkForeignKey,
  checkForeignOptions,
  failedOutcome,
  type ForeignLimiter,
  type ForeignOptions,
} from './provider.ts'

export type {
  ForeignCapabilities,
  ForeignLimiter,
  ForeignOptions,
  ForeignOutcome,
} from './provider.ts'

/** A rate limiting binding of Workers, as `env.LIMITER`: what of it is called. */
export interface RateLimitBinding {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>
}

const ACTION = 'use rate limiting binding'

/**
 * Asks Cloudflare's rate limiting binding. It counts in each location for itself and not exactly
 * (half as many again have been seen to pass), in windows of 10 or 60 s, and says nothing but yes
 * or no: a brake for floods before an exact limit, never the limit itself.
 *
 * @throws TypeError or RangeError when the binding is none or an option is malformed
 * @example
 * const brake = cloudflareLimiter(env.LIMITER)
 * if (!(await brake.check('ip:203.0.113.7')).allowed) return new Response(null, { status: 429 })
 */
export function cloudflareLimiter(
  binding: RateLimitBinding,
  options: ForeignOptions = {},
): ForeignLimiter {
  checkParts(ACTION, 'the binding', binding, ['limit'])
  checkOptions(ACTION, options, [], ['onError', 'onFailure'])
  checkForeignOptions(ACTION, options)
  return {
    capabilities: { exact: false, cost: false, numbers: false },
    async check(key, given = {}) {
      checkForeignKey(key)
      checkOptions(ACTION, given, [], ['cost'])
      if (given.cost !== undefined && given.cost !== 1)
        throw new RangeError(`Cannot ${ACTION}: it counts requests, no cost but 1 expected`)
      try {
        const { success } = await binding.limit({ key })
        return {
          ...{ allowed: success, limit: null, remaining: null },
          ...{ resetAt: null, retryAfterMs: success ? 0 : null, decidedBy: 'store' },
        }
      } catch (error) {
        return failedOutcome(options, error)
      }
    },
  }
}
