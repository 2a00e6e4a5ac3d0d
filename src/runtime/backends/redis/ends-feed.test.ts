import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { defineJob, JobQueue } from '../../../services/background-jobs/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { clockOffset } from './clock-offset.ts'
import { redis, type RedisBackend } from './redis.ts'

const CHANNEL = 'reuse:{queue:q}:ends'
const META = 'reuse:{queue:q}:meta'

const used = useRedis()

function queueOn(backend: RedisBackend) {
  const jobs = {
    sum: defineJob({ run: ({ data }) => (data as number) + 1 }),
    bad: defineJob({
      run: () => {
        throw new Error('the reason')
      },
    }),
  }
  // A clock that stands still: nothing is found by looking again.
  return new JobQueue({ name: 'q', backend, jobs, clock: createFakeClock(), report: () => {} })
}

test('finished() hears of what another process ends, without looking again', async () => {
  const subscriber = new Redis(used.server.url)
  const stop = new AbortController()
  try {
    const here = queueOn(redis(used.connection, { subscriber, clock: createFakeClock() }))
    // As a worker that was started without any.
    const there = queueOn(redis(used.connection))
    const jobs = await here.addBulk([
      { name: 'sum', data: 1 },
      { name: 'bad', data: 1, options: { attempts: 1, jobId: 'ein "Job"\n' } },
      { name: 'sum', data: 3, options: { delay: '1h' } },
      { name: 'sum', data: 5, options: { delay: '1h' } },
    ])
    const ends = jobs.map(({ finished }) =>
      finished({ signal: stop.signal }).catch(
        (error: unknown) => (error as { code?: string }).code,
      ),
    )
    await expect.poll(() => used.admin.send(['PUBSUB', 'NUMSUB', CHANNEL])).toEqual([CHANNEL, 1])
    await expect.poll(() => used.admin.send(['HEXISTS', META, 'watched'])).toBe(1)
    await there.drain()
    expect(await ends[0]).toBe(2)
    expect(await ends[1]).toBe('not_completed')
    await there.cancel(jobs[2]?.id ?? '')
    expect(await ends[2]).toBe('not_completed')
    await there.remove(jobs[3]?.id ?? '')
    expect(await ends[3]).toBe('unknown_outcome')
    await expect.poll(() => used.admin.send(['PUBSUB', 'NUMSUB', CHANNEL])).toEqual([CHANNEL, 0])
  } finally {
    stop.abort()
    subscriber.disconnect()
  }
})

test('finished() hears of what ends in any shard of a queue', async () => {
  const subscriber = new Redis(used.server.url)
  try {
    const queueShards = 3
    const here = queueOn(
      redis(used.connection, { subscriber, queueShards, clock: createFakeClock() }),
    )
    const there = queueOn(redis(used.connection, { queueShards }))
    const chosen = ['a', 'b', 'c', 'd', 'e', 'f'].map((jobId) => ({ jobId }))
    const jobs = await Promise.all(
      [...chosen, {}, {}, {}].map((options) => here.add('sum', 1, { delay: '1h', ...options })),
    )
    const ends = jobs.map(({ finished }) => finished())
    for (const number of ['', '#1', '#2'].map(encodeURIComponent))
      await expect
        .poll(() => used.admin.send(['HEXISTS', `reuse:{queue:q${number}}:meta`, 'watched']))
        .toBe(1)
    await expect
      .poll(
        async () =>
          String(await used.admin.send(['PUBSUB', 'CHANNELS', 'reuse:*:ends'])).split(',').length,
      )
      .toBe(queueShards)
    for (const { id } of jobs) await there.promote(id)
    await there.drain()
    expect(await Promise.all(ends)).toEqual(jobs.map(() => 2))
  } finally {
    subscriber.disconnect()
  }
})

test('onEnds() says that any job may have ended once the connection is back', async () => {
  const subscriber = new Redis(used.server.url)
  const { jobStore } = redis(used.connection, { subscriber, clock: createFakeClock() })
  try {
    const heard: (readonly string[] | null)[] = []
    const stop = jobStore.queue('q').onEnds?.((ids) => heard.push(ids))
    // The subscription stands, and the scripts have been told.
    await expect.poll(() => heard.length).toBe(2)
    await used.admin.send(['CLIENT', 'KILL', 'TYPE', 'pubsub'])
    await expect.poll(() => heard).toEqual([null, null, null])
    stop?.()
  } finally {
    subscriber.disconnect()
  }
})

test('the scripts say which jobs have ended only while somebody waits', async () => {
  const listener = new Redis(used.server.url)
  const subscriber = new Redis(used.server.url)
  let offset = 0
  const backend = redis(used.connection, {
    subscriber,
    clock: createFakeClock(),
    [clockOffset]: () => offset,
  })
  try {
    const heard: string[] = []
    listener.on('message', (_channel, message) => heard.push(message))
    await listener.subscribe(CHANNEL)
    const queue = queueOn(backend)
    const end = async (jobId: string): Promise<void> => {
      await queue.add('sum', 1, { jobId })
      await queue.drain()
      // The server keeps the order.
      await used.admin.send(['PUBLISH', CHANNEL, `after ${jobId}`])
      await expect.poll(() => heard.at(-1)).toBe(`after ${jobId}`)
    }
    await end('a')
    expect(heard).toEqual(['after a'])
    const stop = backend.jobStore.queue('q').onEnds?.(() => undefined)
    await expect.poll(() => used.admin.send(['HEXISTS', META, 'watched'])).toBe(1)
    await end('b')
    expect(heard.slice(1)).toEqual(['["=b"]', 'after b'])
    stop?.()
    offset = 30_001
    await end('c')
    expect(heard.slice(3)).toEqual(['after c'])
  } finally {
    listener.disconnect()
    subscriber.disconnect()
  }
})
