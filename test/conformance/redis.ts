import { atomicStoreLaws } from '../../src/runtime/ports/atomic-store.conformance.ts'
import { jobLedgerLaws } from '../../src/runtime/ports/job-ledger.conformance.ts'
import { rateLimitStoreLaws } from '../../src/runtime/ports/rate-limit-store.conformance.ts'
import { clockOffset } from '../../src/runtime/redis/clock-offset.ts'
import { redis, type RedisBackend, type RedisConnection } from '../../src/runtime/redis/index.ts'
import { suite, type Suite } from './suite.ts'

/**
 * The port laws on the Redis backend.
 *
 * @param connection Handed in, so that this file runs wherever the client does
 */
export function redisSuites(
  adapter: 'redis-tcp' | 'redis-upstash',
  connection: RedisConnection,
): readonly Suite[] {
  let offset = 0
  // A prefix of its own gives each law empty keys on a server that is shared.
  const open = (): RedisBackend =>
    redis(connection, { prefix: `law:${crypto.randomUUID()}`, [clockOffset]: () => offset })
  const advance = async (ms: number): Promise<void> => void (offset += ms)
  return [
    suite('AtomicStore', adapter, atomicStoreLaws, { open: async () => open().store, advance }),
    suite('JobLedger', adapter, jobLedgerLaws, { open: async () => open().ledger, advance }),
    suite('RateLimitStore', adapter, rateLimitStoreLaws, {
      open: async () => open().rateLimits,
      advance,
    }),
  ]
}
