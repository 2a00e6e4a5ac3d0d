import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedisServer } from '../../../../test/support/redis-server.ts'
import { connectResp } from '../../../../test/support/resp-client.ts'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { clockOffset } from './clock-offset.ts'
import { redis, type RedisBackend } from './redis.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

const used = useRedis()

interface Numbers {
  readonly version: number
  readonly token: number
}

/** Commits once, and adds and claims one job. */
async function take({ store, jobStore }: RedisBackend, name: string): Promise<Numbers> {
  const commit = await store.partition(name).commit({
    set: [{ key: 'k', value: 0, expiresInMs: MINUTE_MS }],
  })
  const queue = jobStore.queue(name)
  await queue.add([{ id: 'j', name: 'n', data: 0, maxAttempts: 100 }])
  const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: MINUTE_MS } })
  const [job] = claimed
  if (job === undefined || !commit.ok) throw new Error('nothing was taken')
  const { id, token } = job
  await queue.exchange({
    settle: [{ id, token, outcome: { to: 'scheduled', delayMs: 0, refund: true } }],
  })
  return { version: commit.version, token }
}

test('versions and tokens grow over failovers to servers whose clocks are behind, and what these never heard of', async () => {
  const servers = await Promise.all([startRedisServer(), startRedisServer()])
  const clients = servers.map(({ url }) => new Redis(url))
  const admins = await Promise.all(servers.map(({ port }) => connectResp(port)))
  try {
    const ports = [used.server.port, ...servers.map(({ port }) => port)]
    const admin = [used.admin, ...admins]
    const backends = [used.connection, ...clients].map((client, index) =>
      // The second is behind the first by 50 min, and the third ahead of the second by 5 s.
      redis(client, {
        [clockOffset]: () => [0, -50 * MINUTE_MS, -50 * MINUTE_MS + 5000][index] ?? 0,
      }),
    )
    const latest: Record<string, Numbers> = {}
    const grow = async (index: number, names: readonly string[]): Promise<void> => {
      const backend = backends[index]
      if (backend === undefined) throw new Error('no server')
      for (const name of names) {
        const numbers = await take(backend, name)
        const before = latest[name] ?? { version: 0, token: 0 }
        expect([name, index, numbers.version > before.version]).toEqual([name, index, true])
        expect([name, index, numbers.token > before.token]).toEqual([name, index, true])
        latest[name] = numbers
      }
    }
    const follow = async (index: number, leader: number): Promise<void> => {
      await admin[index]?.send(['REPLICAOF', '127.0.0.1', String(ports[leader])])
      await expect
        .poll(async () => String(await admin[index]?.send(['INFO', 'replication'])), {
          timeout: 20_000,
        })
        .toContain('master_link_status:up')
      await expect.poll(() => admin[leader]?.send(['WAIT', '1', '1000'])).toBeGreaterThan(0)
    }
    await grow(0, ['known'])
    // The first server changes its own id at this.
    await follow(1, 0)
    await admin[1]?.send(['REPLICAOF', 'NO', 'ONE'])
    // The lost tail: one that the second server knows of before, and one of which it never hears.
    for (let round = 0; round < 3; round++) await grow(0, ['known', 'unheard'])
    for (let round = 0; round < 3; round++) await grow(1, ['known', 'unheard'])
    await follow(2, 1)
    await admin[2]?.send(['REPLICAOF', 'NO', 'ONE'])
    for (let round = 0; round < 3; round++) await grow(1, ['known', 'unheard'])
    for (let round = 0; round < 3; round++) await grow(2, ['known', 'unheard'])
    // What is emptied is remembered until the clock has passed it.
    const ttl = Number(await admin[2]?.send(['PTTL', 'reuse:{store:known}:entries']))
    expect(ttl).toBeGreaterThan(DAY_MS + 2 * 60 * MINUTE_MS - MINUTE_MS)
  } finally {
    for (const client of clients) client.disconnect()
    for (const admin of admins) admin.close()
    for (const server of servers) await server.stop()
  }
}, 60_000)

test('versions stay near the clock on a server that nobody has failed over to', async () => {
  const { version, token } = await take(redis(used.connection), 'plain')
  const [seconds] = (await used.admin.send(['TIME'])) as readonly string[]
  for (const number of [version, token])
    expect(Math.abs(number / 1_000_000 - Number(seconds))).toBeLessThan(60)
})

test('a server that evicts keys is refused with a sentence, before anything is written', async () => {
  const sentence =
    'Cannot use Redis: it evicts keys when its memory is full, maxmemory-policy noeviction expected'
  await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
  await take(redis(used.connection), 'unbounded')
  await used.admin.send(['CONFIG', 'SET', 'maxmemory', '1gb'])
  try {
    await used.admin.send(['FLUSHALL'])
    for (const policy of ['allkeys-lru', 'volatile-ttl', 'allkeys-random']) {
      await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', policy])
      const backend = redis(used.connection)
      for (let round = 0; round < 2; round++)
        await expect(take(backend, 'q')).rejects.toMatchObject({
          name: 'BackendError',
          code: 'backend_failed',
          message: sentence,
        })
      expect(await used.admin.send(['KEYS', '*'])).toEqual([])
      await take(redis(used.connection, { eviction: 'accepted' }), 'q')
      await used.admin.send(['FLUSHALL'])
    }
    await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'])
    await take(redis(used.connection), 'q')
  } finally {
    await used.admin.send(['CONFIG', 'SET', 'maxmemory', '0'])
    await used.admin.send(['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'])
  }
})

test('redis() refuses another word for eviction', () => {
  expect(() => redis(used.connection, { eviction: 'never' as 'refused' })).toThrow(RangeError)
})
