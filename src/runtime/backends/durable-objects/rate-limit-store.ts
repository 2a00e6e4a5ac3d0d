import { shardOf } from '../../ports/job-store/sharding/shard-of.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createSpreadRateLimits } from '../../ports/rate-limit-store/spread-rate-limits.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { toJsonText } from './json-text.ts'
import type { CallObject } from './object-caller.ts'

const OPERATION_BYTES = 12

/**
 * A {@link RateLimitStore} whose subjects are spread over `shards` Durable Objects, named
 * `limits:<shard>`.
 */
export function createDurableObjectRateLimitStore(
  call: CallObject,
  shards: number,
  random: RandomSource,
): RateLimitStore {
  return createSpreadRateLimits({
    placeOf: (subject) => `limits:${shardOf(subject, shards)}`,
    open: (place) => openObject(call, place),
    newOperation: () => encodeHex(random.bytes(OPERATION_BYTES)),
  })
}

/** What is called here has been checked, and is checked again over there. */
function openObject(
  call: CallObject,
  name: string,
): Pick<RateLimitStore, 'consume' | 'settle' | 'reset'> {
  return {
    async consume(subject, limits, options = {}) {
      const text = toJsonText(limits)
      return call(name, (remote) => remote.consumeRateLimits(subject, text, toJsonText(options)))
    },
    async settle(subject, limits, operation) {
      const text = toJsonText(limits)
      return call(name, (remote) => remote.settleRateLimits(subject, text, operation))
    },
    async reset(subject, limits) {
      const names = toJsonText(
        limits.map(({ name: limit, subject: owner }) => ({
          name: limit,
          ...(owner !== undefined && { subject: owner }),
        })),
      )
      await call(name, (remote) => remote.resetRateLimits(subject, names))
    },
  }
}
