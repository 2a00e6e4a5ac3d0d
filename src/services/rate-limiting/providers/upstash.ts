import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { systemNow } from '../../../runtime/ports/platform/clock.ts'
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

/** A `Ratelimit` of `@upstash/ratelimit`: what of it is called. */
export interface UpstashRatelimit {
  limit(
    identifier: string,
    options?: { readonly rate?: number },
  ): Promise<{
    readonly success: boolean
    readonly limit: number
    readonly remaining: number
    readonly reset: number
    readonly reason?: string | undefined
  }>
}

/** Options of {@link upstashLimiter}. */
export interface UpstashLimiterOptions extends ForeignOptions {
  /** Tells the time, ms since 1970. Default: the platform's. */
  readonly now?: () => number
}

const ACTION = 'use Upstash ratelimit'

/**
 * Asks an existing `Ratelimit` of `@upstash/ratelimit`. Its windows go by the clock of whoever
 * asks, its sliding window lets twice the limit through at worst, and up to 2.2 a denied request is
 * charged. It lets requests pass when Redis is slow: here `onError` decides instead. It is not
 * reset from here, since it would forget other keys too.
 *
 * @throws TypeError or RangeError when it is none or an option is malformed
 * @example
 * const theirs = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(10, '10 s') })
 * const limiter = upstashLimiter(theirs)
 * const { allowed, retryAfterMs } = await limiter.check('user:42', { cost: 2 })
 */
export function upstashLimiter(
  ratelimit: UpstashRatelimit,
  options: UpstashLimiterOptions = {},
): ForeignLimiter {
  checkParts(ACTION, 'the instance', ratelimit, ['limit'])
  checkOptions(ACTION, options, [], ['onError', 'onFailure', 'now'])
  checkForeignOptions(ACTION, options)
  const { now = systemNow } = options
  return {
    capabilities: { exact: false, cost: true, numbers: true },
    async check(key, given = {}) {
      checkForeignKey(key)
      checkOptions(ACTION, given, [], ['cost'])
      // A rate below 1 would give units back.
      const rate = checkInteger(ACTION, 'cost', given.cost ?? 1, 1, 1e9)
      try {
        const { success, limit, remaining, reset, reason } = await ratelimit.limit(key, { rate })
        if (reason === 'timeout') throw new Error('Upstash did not answer in time')
        const left = Math.max(remaining, 0)
        return {
          ...{ allowed: success, limit, remaining: left, resetAt: reset, decidedBy: 'store' },
          retryAfterMs: success ? 0 : Math.max(reset - now(), 1),
        }
      } catch (error) {
        return failedOutcome(options, error)
      }
    },
  }
}
