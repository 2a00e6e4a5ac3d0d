import { createClient, createCluster } from '@redis/client'
import { expect, test } from 'vitest'
import { redisSuites } from '../../../../test/conformance/backends/redis.ts'
import { runSuites } from '../../../../test/conformance/run-suites.ts'
import { startRedisCluster } from '../../../../test/support/redis-cluster.ts'
import { connectResp } from '../../../../test/support/resp-client.ts'
import { useRedis } from '../../../../test/support/use-redis.ts'
import type { RedisConnection } from './connection.ts'
import { redis } from './redis.ts'

const LAWS_TIMEOUT_MS = 400_000

const used = useRedis()

/** Runs the laws of the ports, and answers with those that failed. */
async function failuresOf(connection: RedisConnection): Promise<readonly string[]> {
  const ports = new Set(['AtomicStore', 'JobStore', 'JobStore over shards', 'RateLimitStore'])
  const suites = redisSuites('redis-tcp', connection, '1').filter(({ subject }) =>
    ports.has(subject),
  )
  expect(suites.length).toBe(ports.size)
  const failed: string[] = []
  await runSuites('node', suites, (line) => {
    if (line.includes('"failed"')) failed.push(line)
  })
  return failed
}

test.for([2, 3] as const)(
  'the laws hold on three masters through createCluster() of node-redis, over RESP%s',
  { timeout: LAWS_TIMEOUT_MS },
  async (RESP) => {
    const servers = await startRedisCluster()
    const cluster = createCluster({
      RESP,
      rootNodes: servers.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
    })
    try {
      await cluster.connect()
      expect(await failuresOf(cluster)).toEqual([])
      expect(await redis(cluster).ready()).toEqual([])
      // Each master has some of it.
      for (const port of servers.ports) {
        const admin = await connectResp(port)
        expect(Number(await admin.send(['DBSIZE']))).toBeGreaterThan(0)
        admin.close()
      }
    } finally {
      await cluster.close()
      await servers.stop()
    }
  },
)

test('a sentinel client of node-redis is told that each command writes', async () => {
  const asked: unknown[][] = []
  const sentinel = {
    async sendCommand(isReadonly: boolean | undefined, args: string[]): Promise<unknown> {
      asked.push([isReadonly, args[0]])
      return ['version 1']
    },
    getSentinelNode: () => undefined,
  }
  await redis(sentinel)
    .store.partition('p')
    .commit({ delete: ['k'] })
  expect(asked).toEqual([[false, 'EVALSHA']])
})

test('redis() refuses a cluster client of node-redis as a subscriber, with a sentence', () => {
  const cluster = createCluster({ rootNodes: [{ url: used.server.url }] })
  const subscriber = cluster as never
  expect(() => redis(used.connection, { subscriber })).toThrow(
    /^Cannot use Redis subscriber: it is a cluster or sentinel client of node-redis/,
  )
})

test('redis() works through createClient() of node-redis, which a cluster is told from', async () => {
  const client = createClient({ url: used.server.url })
  await client.connect()
  try {
    const { store, ready } = redis(client)
    expect(await store.partition('p').commit({ set: [{ key: 'k', value: 1 }] })).toMatchObject({
      ok: true,
    })
    expect(await ready()).toEqual([])
  } finally {
    await client.close()
  }
})
