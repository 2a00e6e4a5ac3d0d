import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import { systemRandom } from '../../ports/platform/random-source.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import type { RedisOptions } from './redis.ts'
import { createRedisClient } from './client.ts'
import { clockOffset } from './clock-offset.ts'
import type { RedisConnection } from './connection.ts'
import { createKeysOf } from './keys.ts'
import { createRedisRateLimitStore } from './rate-limit-store.ts'

/** Options of {@link redisRateLimits}, as {@link RedisOptions} has them. */
export type RedisRateLimitsOptions = Omit<RedisOptions, 'subscriber' | 'eviction'>

/**
 * Rate limits in Redis, alone: what `redis()` has of them, under the same keys, for programs that
 * need no more of a backend and want a small bundle.
 *
 * @throws TypeError when the connection is of no known kind
 * @throws RangeError when an option is out of range
 * @example
 * const window = new SlidingWindowLimiter({
 *   backend: { rateLimits: redisRateLimits(upstash) }, limit: 100, window: '1m',
 * })
 */
export function redisRateLimits(
  connection: RedisConnection,
  options: RedisRateLimitsOptions = {},
): RateLimitStore {
  checkOptions('open Redis', options, [], ['prefix', 'timeout', 'clock', 'random'])
  const { prefix = 'reuse', timeout = 10_000, clock = systemClock } = options
  const { random = systemRandom, [clockOffset]: offset = () => 0 } = options
  const timeoutMs = checkDuration('open Redis', 'timeout', timeout, 1, 600_000)
  const client = createRedisClient(connection, clock, timeoutMs)
  return createRedisRateLimitStore({ client, keysOf: createKeysOf(prefix), offset, clock, random })
}
