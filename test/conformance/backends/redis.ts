import { clockOffset } from '../../../src/runtime/backends/redis/clock-offset.ts'
import { redis, type RedisConnection } from '../../../src/runtime/backends/redis/index.ts'
import type { Backend } from '../../../src/runtime/ports/backend.ts'
import { systemClock } from '../../../src/runtime/ports/platform/clock.ts'
import { createFakeClock } from '../../../src/testing/index.ts'
import { createInFlight } from '../../support/in-flight.ts'
import { withStillServerClock } from '../../support/still-server-clock.ts'
import { backendSuites } from './backend-suites.ts'
import { shardedQueueLaws } from './sharded-queue-laws.ts'
import { suite, type Suite } from '../suite.ts'

const START = Date.UTC(2026, 0, 1)

/**
 * The laws on the Redis backend.
 *
 * @param connection Handed in, so that this file runs wherever the client does
 * @param seeds Of simulated worlds; see `job-simulation.ts`
 */
export function redisSuites(
  adapter: 'redis-tcp' | 'redis-upstash',
  connection: RedisConnection,
  seeds?: string,
): readonly Suite[] {
  const flight = createInFlight()
  const clock = createFakeClock(START, flight.quiet)
  const serverStart = systemClock.now()
  const server = withStillServerClock(connection, serverStart)
  // A prefix of its own gives each law empty keys on a server that is shared.
  const openWith = async (queueShards: number): Promise<Backend> =>
    flight.watch(
      redis(server, {
        prefix: `law:${crypto.randomUUID()}`,
        queueShards,
        // Of the machine's own clock: a slow one has time enough.
        timeout: '2m',
        [clockOffset]: () => clock.now() - START,
      }),
    )
  return [
    ...backendSuites(adapter, {
      open: () => openWith(1),
      clock,
      advance: clock.advance,
      storeNow: () => serverStart + clock.now() - START,
      seeds,
    }),
    suite('JobStore over shards', adapter, shardedQueueLaws, {
      openSharded: async () => (await openWith(4)).jobStore.queue('q'),
    }),
  ]
}
