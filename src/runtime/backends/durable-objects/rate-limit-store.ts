import { checkRateLimits } from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { toJsonText } from './json-text.ts'
import type { CallObject } from './object-caller.ts'
import { shardOf } from './shard-of.ts'

/** A {@link RateLimitStore} whose subjects are spread over `shards` Durable Objects, named `limits:<shard>`. */
export function createDurableObjectRateLimitStore(
  call: CallObject,
  shards: number,
): RateLimitStore {
  const objectOf = (subject: string): string => `limits:${shardOf(subject, shards)}`
  return {
    async consume(subject, limits) {
      const text = toJsonText(checkRateLimits(subject, limits))
      return call(objectOf(subject), (remote) => remote.consumeRateLimits(subject, text))
    },
    async reset(subject) {
      await call(objectOf(subject), (remote) => remote.resetRateLimits(subject))
    },
  }
}
