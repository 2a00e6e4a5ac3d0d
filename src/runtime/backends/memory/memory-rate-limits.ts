import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createMemoryRateLimitStore } from './rate-limit-store.ts'

const ACTION = 'open memory backend'

/** Options of {@link memoryRateLimits}. */
export interface MemoryRateLimitsOptions {
  /** Default: the platform's clock. */
  readonly clock?: Clock
  /**
   * Subjects kept at once, 1 to 10,000,000: a new one over it makes room by forgetting the oldest,
   * so that whoever invents subjects cannot fill the memory. Default 1,000,000, of about 300 bytes
   * each.
   */
  readonly maxSubjects?: number
}

/**
 * Rate limits in this process's memory, alone: what `memory()` has of them, for programs that need
 * no more of a backend. Exact within one process, and only there.
 *
 * @throws RangeError when an option is out of range
 * @example
 * const bucket = new TokenBucketLimiter({
 *   backend: { rateLimits: memoryRateLimits() }, capacity: 10, refill: 5, interval: '1m',
 * })
 */
export function memoryRateLimits(options: MemoryRateLimitsOptions = {}): RateLimitStore {
  checkOptions(ACTION, options, [], ['clock', 'maxSubjects'])
  const { clock = systemClock, maxSubjects = 1_000_000 } = options
  const most = checkInteger(ACTION, 'maxSubjects', maxSubjects, 1, 10_000_000)
  return createMemoryRateLimitStore(clock, most, async () => {
    // Limits that come as data may be of any kind; who brings their own has no need of them all.
    const { checkRateLimits } = await import('../../ports/rate-limit-store/check-rate-limits.ts')
    return checkRateLimits
  })
}
