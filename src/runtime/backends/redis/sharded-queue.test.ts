import { Cluster } from 'ioredis'
import { expect, test } from 'vitest'
import { redisSuites } from '../../../../test/conformance/backends/redis.ts'
import { runSuites } from '../../../../test/conformance/run-suites.ts'
import { startRedisCluster } from '../../../../test/support/redis-cluster.ts'
import { connectResp } from '../../../../test/support/resp-client.ts'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { defineJob, JobQueue } from '../../../services/background-jobs/index.ts'
import { redis } from './redis.ts'

const JOBS = 200
const CLUSTER_TIMEOUT_MS = 60_000

const used = useRedis()

test(
  'one queue is worked on three masters, each job once, its workers woken for all shards',
  { timeout: CLUSTER_TIMEOUT_MS },
  async () => {
    const servers = await startRedisCluster()
    const nodes = servers.ports.map((port) => ({ host: '127.0.0.1', port }))
    const clients = [new Cluster(nodes), new Cluster(nodes)] as const
    const [cluster, subscriber] = clients
    const stop = new AbortController()
    const runs: number[] = []
    const all = Promise.withResolvers<void>()
    const jobs = {
      note: defineJob({
        run({ data }) {
          runs.push(Number(data))
          if (runs.length === JOBS) all.resolve()
        },
      }),
    }
    try {
      const name = 'spread'
      const here = redis(cluster, { queueShards: 8, subscriber })
      const worker = new JobQueue({ name, backend: here, jobs })
      const there = new JobQueue({ name, backend: redis(cluster, { queueShards: 8 }), jobs })
      // It looks by itself once an hour, so what others add it hears of.
      const working = worker.run({ signal: stop.signal, concurrency: 4, maxWait: '1h' })
      for (let data = 0; data < JOBS; data++) await there.add('note', data)
      await all.promise
      stop.abort()
      await working
      expect(runs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: JOBS }, (_, at) => at))
      for (const port of servers.ports) {
        const admin = await connectResp(port)
        expect(String(await admin.send(['KEYS', '*{queue:spread*']))).not.toBe('')
        admin.close()
      }
      const failed: string[] = []
      const suites = redisSuites('redis-tcp', cluster).filter(({ subject }) =>
        subject.endsWith('over shards'),
      )
      await runSuites('node', suites, (line) => {
        if (line.includes('"failed"')) failed.push(line)
      })
      expect([suites.length, failed]).toEqual([1, []])
    } finally {
      stop.abort()
      for (const client of clients) client.disconnect()
      await servers.stop()
    }
  },
)

test('queueShards costs one script a shard for each step and count, and one for each add and get', async () => {
  const queue = redis(used.connection, { queueShards: 4 }).jobStore.queue('q')
  const scripts = async (act: () => Promise<unknown>): Promise<number> => {
    await used.admin.send(['CONFIG', 'RESETSTAT'])
    await act()
    const stats = String(await used.admin.send(['INFO', 'commandstats']))
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  }
  const { jobs } = await queue.add([{ name: 'n', data: 1 }])
  const [{ id } = { id: '' }] = jobs
  const claim = { limit: 10, leaseMs: 1000 }
  // The first call of each script has the server learn it.
  await queue.exchange({ claim })
  await queue.counts()
  await queue.get(id)
  expect(await scripts(() => queue.add([{ name: 'n', data: 1 }]))).toBe(1)
  expect(await scripts(() => queue.get(id))).toBe(1)
  expect(await scripts(() => queue.exchange({ claim }))).toBe(4)
  expect(await scripts(() => queue.counts())).toBe(4)
})

test('what one shard kept is found once there are more', async () => {
  const before = redis(used.connection).jobStore.queue('q')
  const added = await before.add([
    { name: 'a', data: 1 },
    { name: 'b', data: 2 },
  ])
  const queue = redis(used.connection, { queueShards: 3 }).jobStore.queue('q')
  for (const { id } of added.jobs) expect(await queue.get(id)).toMatchObject({ state: 'ready' })
  const { claimed } = await queue.exchange({ claim: { limit: 9, leaseMs: 1000 } })
  expect(claimed.map(({ name }) => name)).toEqual(['a', 'b'])
  const settle = claimed.map(({ id, token }) => ({
    id,
    token,
    outcome: { to: 'completed' } as const,
  }))
  expect((await queue.exchange({ settle })).settled).toEqual(['settled', 'settled'])
})
