import { redis } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Redis } from 'ioredis'
import { bullmqBurnDown, CONCURRENCY, JOBS } from './bullmq.ts'
import type { Comparison } from './compare.ts'
import { startRedis } from './redis-server.ts'
import { reuseBurnDown } from './reuse-jobs.ts'

export async function setUp(): Promise<Comparison & { tearDown(): Promise<void> }> {
  const server = await startRedis()
  const client = new Redis({ host: '127.0.0.1', port: server.port })
  return {
    title: 'Jobs: Redis job store against BullMQ on the same Redis',
    setting: `${JOBS} jobs with a 120-byte payload, added before, run by a handler that does nothing and removed when complete. One Redis 7 on loopback with appendfsync everysec for both; ioredis 6 on both sides. Concurrency ${CONCURRENCY} on both sides.`,
    contenders: [reuseBurnDown('Redis job store', redis(client)), bullmqBurnDown(server.port)],
    target: 2,
    async tearDown() {
      client.disconnect()
      await server.stop()
    },
  }
}
