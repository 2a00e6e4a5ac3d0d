import { checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { gcra } from '../../../runtime/ports/rate-limit-store/algorithms/gcra.ts'
import { RATE_LIMIT_LIMITS } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import { Decider } from '../deciding/decider.ts'
import {
  checkLimiterOptions,
  checkRateLimitingOptions,
  type RateLimitingOptions,
} from '../deciding/rate-limiting-options.ts'
import { planOf, readName, readWindow, shortDuration } from '../limits/read-limit.ts'
import { PlannedLimiter } from './rate-limiter.ts'

/** Options of {@link TokenBucketLimiter}. */
export interface TokenBucketOptions extends RateLimitingOptions {
  /** Tokens that a full bucket holds: what may come at once. */
  readonly capacity: number
  /** Tokens that are put back in each `interval`, without pause and to the fraction of one. */
  readonly refill: number
  /** 1 ms to 366 days. */
  readonly interval: Duration
  /**
   * Limiters with the same keys and name share their buckets. Default `token-bucket-<interval>`.
   */
  readonly name?: string
}

const ACTION = 'create token bucket limiter'

/**
 * Lets `capacity` units pass at once and `refill` more in each `interval`. A bucket is full at
 * first. Refilling loses no fraction: 5 a minute is one each 12,000 ms, 7 a minute one each 8,571
 * 3⁄7 ms.
 *
 * @example
 * const bucket = new TokenBucketLimiter({ backend, capacity: 10, refill: 5, interval: '1m' })
 * const { allowed, remaining, retryAfterMs } = await bucket.check('user:42', { cost: 2 })
 */
export class TokenBucketLimiter extends PlannedLimiter {
  /** @throws TypeError or RangeError when an option is malformed */
  constructor(options: TokenBucketOptions) {
    checkLimiterOptions(ACTION, options, ['capacity', 'refill', 'interval'], ['name'])
    const settings = checkRateLimitingOptions(ACTION, options)
    const { limit: greatest } = RATE_LIMIT_LIMITS
    const capacity = checkInteger(ACTION, 'capacity', options.capacity, 1, greatest)
    const refill = checkInteger(ACTION, 'refill', options.refill, 1, greatest)
    const windowMs = readWindow(ACTION, options.interval, 'interval')
    const name = readName(ACTION, options.name, () => `token-bucket-${shortDuration(windowMs)}`)
    const asked = { algorithm: 'gcra', name, limit: refill, windowMs, burst: capacity } as const
    const numbers = { rule: gcra, limit: capacity, windowMs, cost: null }
    super(new Decider(settings), [planOf(asked, numbers)])
  }
}
