import type { Clock } from '../../ports/platform/clock.ts'
import type { FullRateLimit } from '../../ports/rate-limit-store/full-rate-limit.ts'
import { createLocalRateLimits } from '../../ports/rate-limit-store/local-rate-limits.ts'
import type { RateLimit, RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import type { PreparedRateLimits } from '../../ports/rate-limit-store/read-rate-limit.ts'

/** Checks limits that come as data. */
type CheckRateLimits = (subject: string, limits: readonly RateLimit[]) => readonly FullRateLimit[]

/**
 * A {@link RateLimitStore} in this process's memory.
 *
 * @param findCheck Asked with the first call that brings limits as data
 */
export function createMemoryRateLimitStore(
  clock: Clock,
  maxSubjects: number,
  findCheck: () => CheckRateLimits | Promise<CheckRateLimits>,
): RateLimitStore {
  const local = createLocalRateLimits(clock, maxSubjects)
  let check: CheckRateLimits | undefined

  async function prepared(
    subject: string,
    limits: readonly RateLimit[],
  ): Promise<PreparedRateLimits> {
    check ??= await findCheck()
    return { asked: limits, full: check(subject, limits) }
  }

  return {
    local,
    clock,
    async consume(subject, limits, options) {
      return local.consume(subject, await prepared(subject, limits), options)
    },
    async settle(subject, limits, operation) {
      return local.settle(subject, await prepared(subject, limits), operation)
    },
    async reset(subject, limits) {
      local.reset(subject, limits)
    },
  }
}
