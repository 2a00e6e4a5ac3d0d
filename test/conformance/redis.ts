import { clockOffset } from '../../src/runtime/redis/clock-offset.ts'
import { redis, type RedisConnection } from '../../src/runtime/redis/index.ts'
import { createFakeClock } from '../../src/testing/index.ts'
import { backendSuites } from './backend-suites.ts'
import type { Suite } from './suite.ts'

/**
 * The laws on the Redis backend.
 *
 * @param connection Handed in, so that this file runs wherever the client does
 */
export function redisSuites(
  adapter: 'redis-tcp' | 'redis-upstash',
  connection: RedisConnection,
): readonly Suite[] {
  let offset = 0
  const clock = createFakeClock()
  return backendSuites(adapter, {
    // A prefix of its own gives each law empty keys on a server that is shared.
    open: async () =>
      redis(connection, { prefix: `law:${crypto.randomUUID()}`, [clockOffset]: () => offset }),
    clock,
    async advance(ms) {
      offset += ms
      await clock.advance(ms)
    },
  })
}
