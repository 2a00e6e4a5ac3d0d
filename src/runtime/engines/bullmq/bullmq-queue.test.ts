import { Redis as UpstashRedis } from '@upstash/redis'
import { Queue, QueueEvents, Worker, type ConnectionOptions, type Job } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { connectResp, type RespClient } from '../../../../test/support/resp-client.ts'
import { startRedisServer, type RedisServer } from '../../../../test/support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../../../../test/support/upstash-bridge.ts'
import { bullmqQueue, type BullmqJobToAdd, type BullmqQueue, type ScriptClient } from './index.ts'

let server: RedisServer
let bridge: UpstashBridge
let redis: Redis
let plain: RespClient
let connection: ConnectionOptions

beforeAll(async () => {
  server = await startRedisServer()
  bridge = await startUpstashBridge({ redisPort: server.port })
  redis = new Redis(server.url)
  plain = await connectResp(server.port)
  connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
})

afterAll(async () => {
  plain.close()
  redis.disconnect()
  await bridge.stop()
  await server.stop()
})

/** One client of each kind, so that each way to send the script is taken. */
function clients(): readonly (readonly [string, ScriptClient])[] {
  const { url, token } = bridge
  return [
    ['ioredis', redis],
    ['Upstash', new UpstashRedis({ url, token, retry: false })],
    [
      'Upstash without decoding',
      new UpstashRedis({ url, token, retry: false, automaticDeserialization: false }),
    ],
    ['Bun', { send: (command, args) => plain.send([command, ...args]) }],
    ['node-redis', { sendCommand: (args) => plain.send(args) }],
  ]
}

let names = 0

/** A name of the same length for ours and theirs, so that nothing but the name differs. */
function freshName(): string {
  names++
  return `queue-${String(names).padStart(4, '0')}`
}

async function withQueue<Result>(
  name: string,
  use: (queue: Queue) => Promise<Result>,
  prefix = 'bull',
): Promise<Result> {
  const queue = new Queue(name, { connection, prefix })
  try {
    await queue.waitUntilReady()
    await queue.getVersion()
    return await use(queue)
  } finally {
    await queue.close()
  }
}

/** Everything below a queue's keys, with instants of the run taken out. */
async function snapshot(name: string, prefix = 'bull'): Promise<Record<string, unknown>> {
  const base = `${prefix}:${name}:`
  const found: Record<string, unknown> = {}
  for (const key of (await redis.keys(`${base}*`)).toSorted())
    found[key.slice(base.length)] = await valueOf(key)
  return found
}

async function valueOf(key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash': {
      const { timestamp, opts, ...fields } = await redis.hgetall(key)
      if (timestamp === undefined) return fields
      expect(Math.abs(Number(timestamp) - Date.now())).toBeLessThan(60_000)
      expect(timestamp).toMatch(/^\d{13}$/)
      return { ...fields, opts: JSON.parse(opts ?? '') as unknown }
    }
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'zset':
      return (await pairs(key)).map(([member, score]) => [member, scoreShape(key, score)])
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) =>
        fields.join(' ').replace(/(delay) \d{13}$/, '$1 DUE'),
      )
    case 'string':
      return redis.get(key)
    default:
      throw new Error(`Unexpected type of ${key}`)
  }
}

async function pairs(key: string): Promise<readonly (readonly [string, number])[]> {
  const flat: readonly unknown[] = await redis.zrange(key, '0', '-1', 'WITHSCORES')
  return flat.flatMap((member, index) =>
    index % 2 === 0 ? [[String(member), Number(flat[index + 1])] as const] : [],
  )
}

/**
 * Scores that hold an instant are compared by its distance from now, to the minute; the others as
 * they are.
 */
function scoreShape(key: string, score: number): unknown {
  const perMs = key.endsWith(':delayed') ? 4096 : key.endsWith(':marker') ? 1 : 0
  if (perMs === 0 || score === 0) return score
  return `${Math.round((score / perMs - Date.now()) / 60_000)} min`
}

const MINUTE = 60_000
const jobs: readonly BullmqJobToAdd[] = [
  { name: 'plain', data: { text: 'ü"\\', list: [1, null, true], deep: { a: {} } } },
  { name: 'null', data: null },
  { name: 'mine', data: 1, opts: { jobId: 'mine', attempts: 3, backoff: 5000 } },
  { name: 'mine', data: 2, opts: { jobId: 'mine' } },
  { name: 'first', data: {}, opts: { lifo: true, removeOnComplete: true, removeOnFail: 1000 } },
  { name: 'urgent', data: {}, opts: { priority: 1 } },
  { name: 'later', data: {}, opts: { priority: 2_097_151, lifo: true } },
  { name: 'zero', data: {}, opts: { priority: 0, delay: 0, attempts: 1 } },
  {
    name: 'delayed',
    data: {},
    opts: {
      delay: 10 * MINUTE,
      priority: 3,
      backoff: { type: 'exponential', delay: 10, jitter: 0.5 },
      removeOnComplete: { age: 3600, count: 100 },
      removeOnFail: { age: 86_400, limit: 10 },
      keepLogs: 20,
      stackTraceLimit: 5,
    },
  },
  { name: 'sooner', data: {}, opts: { jobId: 'sooner', delay: 5 * MINUTE } },
]

async function addByBoth(
  queue: BullmqQueue,
  theirs: string,
  how: 'one by one' | 'in bulk',
): Promise<void> {
  await withQueue(queue.name, async () => undefined)
  if (how === 'in bulk') await queue.addBulk(jobs)
  else for (const { name, data, opts } of jobs) await queue.add(name, data, opts)
  await withQueue(theirs, async (oracle) => {
    if (how === 'in bulk')
      await oracle.addBulk(jobs.map((job) => ({ ...job, opts: { ...job.opts } })))
    else for (const { name, data, opts } of jobs) await oracle.add(name, data, { ...opts })
  })
}

test.for(['one by one', 'in bulk'] as const)(
  'add() leaves in Redis what BullMQ leaves, %s, through every kind of client',
  async (how) => {
    for (const [kind, client] of clients()) {
      const ours = freshName()
      const theirs = freshName()
      await addByBoth(bullmqQueue({ client, name: ours }), theirs, how)
      const expected = await snapshot(theirs)
      expect(Object.keys(expected)).toContain('marker')
      expect(Object.keys(expected)).toContain('mine')
      expect(await snapshot(ours), kind).toEqual(expected)
    }
  },
)

test('add() leaves what BullMQ leaves on a queue that is paused, full, old or without meta', async () => {
  for (const prepare of [
    (queue: Queue) => queue.pause(),
    (queue: Queue) => queue.setGlobalConcurrency(0),
    (queue: Queue) => queue.setGlobalConcurrency(1),
    (queue: Queue) => redis.del(queue.toKey('meta')),
    (queue: Queue) => redis.set(queue.toKey('pc'), 2 ** 32 - 2),
    (queue: Queue) => redis.hset(queue.toKey('1'), 'left', 'by an earlier job'),
  ]) {
    const [ours, theirs] = [freshName(), freshName()]
    for (const name of [ours, theirs])
      await withQueue(name, async (queue) => void (await prepare(queue)))
    const queue = bullmqQueue({ client: redis, name: ours })
    const oracle = new Queue(theirs, { connection, skipMetasUpdate: true })
    for (const { name, data, opts } of jobs.slice(0, 7)) {
      await queue.add(name, data, opts)
      await oracle.add(name, data, { ...opts })
    }
    await oracle.close()
    expect(await snapshot(ours)).toEqual(await snapshot(theirs))
  }
})

test('add() keeps delayed jobs of the same ms in the order of adding, as BullMQ does', async () => {
  const name = freshName()
  const queue = bullmqQueue({ client: redis, name })
  const added = await queue.addBulk(
    Array.from({ length: 300 }, (_, index) => ({
      name: 'd',
      data: index,
      opts: { delay: MINUTE },
    })),
  )
  const waiting = await pairs(`bull:${name}:delayed`)
  expect(waiting.map(([id]) => id)).toEqual(added.map(({ id }) => id))
  expect(new Set(waiting.map(([, score]) => score)).size).toBe(300)
  expect(waiting.map(([, score]) => score - (waiting[0]?.[1] ?? 0))).toEqual(
    Array.from({ length: 300 }, (_, index) => index),
  )
})

test('add() says whether the queue already held the id', async () => {
  const queue = bullmqQueue({ client: redis, name: freshName() })
  expect(await queue.add('a', 1, { jobId: 'order-1' })).toEqual({ id: 'order-1', added: true })
  expect(await queue.add('a', 2, { jobId: 'order-1' })).toEqual({ id: 'order-1', added: false })
  expect(await queue.add('a', 3)).toEqual({ id: '3', added: true })
  expect(await redis.hget(`bull:${queue.name}:order-1`, 'data')).toBe('1')
  expect(await queue.addBulk([])).toEqual([])
})

test('add() is one command and one request, however many jobs there are', async () => {
  const { url, token } = bridge
  const client = new UpstashRedis({ url, token, retry: false })
  const queue = bullmqQueue({ client, name: freshName() })
  const before = bridge.requests()
  const added = await queue.addBulk(
    Array.from({ length: 1000 }, (_, index) => ({ name: 'n', data: { index } })),
  )
  expect(bridge.requests() - before).toBe(1)
  expect(added).toHaveLength(1000)
  expect(await redis.llen(`bull:${queue.name}:wait`)).toBe(1000)
})

test('a BullMQ worker runs what add() added: lifo first, then by arrival, then by priority', async () => {
  const name = freshName()
  const { url, token } = bridge
  const queue = bullmqQueue({ client: new UpstashRedis({ url, token, retry: false }), name })
  await queue.addBulk([
    { name: 'low', data: 1, opts: { priority: 20 } },
    { name: 'high', data: 2, opts: { priority: 10 } },
    { name: 'first', data: 3 },
    { name: 'second', data: 4 },
    { name: 'ahead', data: 5, opts: { lifo: true } },
    { name: 'high', data: 6, opts: { priority: 10 } },
  ])
  const seen = await consume(name, 6)
  expect(seen.map((job) => job.data as number)).toEqual([5, 3, 4, 2, 6, 1])
})

test('a BullMQ worker runs delayed jobs that add() added when they are due, the sooner first', async () => {
  const name = freshName()
  const queue = bullmqQueue({ client: redis, name })
  await queue.add('later', 'later', { delay: 200 })
  await queue.add('sooner', 'sooner', { delay: 100 })
  const seen = await consume(name, 2)
  expect(seen.map((job) => job.data as string)).toEqual(['sooner', 'later'])
  for (const job of seen)
    expect((job.processedOn ?? 0) - job.timestamp).toBeGreaterThanOrEqual(job.opts.delay ?? 0)
})

test('add() wakes a BullMQ worker that waits on an empty queue', async () => {
  const name = freshName()
  const events = new QueueEvents(name, { connection })
  await events.waitUntilReady()
  const heard: string[] = []
  for (const event of ['added', 'waiting', 'delayed', 'active', 'completed'] as const)
    events.on(event, ({ jobId }: { jobId: string }) => void heard.push(`${event} ${jobId}`))
  const worker = new Worker(name, async () => 'done', { connection })
  await worker.waitUntilReady()
  const queue = bullmqQueue({ client: redis, name })
  for (const opts of [{}, { priority: 1 }, { delay: 50 }]) {
    const completed = new Promise((resolve) => events.once('completed', resolve))
    await queue.add('wake', {}, opts)
    await completed
  }
  await worker.close()
  await events.close()
  expect(heard).toEqual([
    'added 1',
    'waiting 1',
    'active 1',
    'completed 1',
    'added 2',
    'waiting 2',
    'active 2',
    'completed 2',
    'added 3',
    'delayed 3',
    'waiting 3',
    'active 3',
    'completed 3',
  ])
})

test('a BullMQ worker honours attempts, backoff and what is to be removed', async () => {
  const name = freshName()
  const queue = bullmqQueue({ client: redis, name })
  await queue.addBulk([
    { name: 'fails', data: {}, opts: { attempts: 3, backoff: { type: 'fixed', delay: 20 } } },
    { name: 'gone', data: {}, opts: { removeOnComplete: true } },
    { name: 'kept', data: {}, opts: {} },
  ])
  let runs = 0
  const worker = new Worker(
    name,
    async (job) => {
      if (job.name !== 'fails') return
      runs++
      throw new Error('on purpose')
    },
    { connection },
  )
  await new Promise<void>((resolve) =>
    worker.on('failed', (job) => {
      if (job?.attemptsMade === 3) resolve()
    }),
  )
  await worker.close()
  expect(runs).toBe(3)
  await withQueue(name, async (oracle) => {
    expect(await oracle.getJobCounts('failed', 'completed')).toEqual({ failed: 1, completed: 1 })
    expect((await oracle.getJob('1'))?.failedReason).toBe('on purpose')
    expect(await oracle.getJob('2')).toBeUndefined()
  })
})

test('add() works on a cluster when the prefix is a hash tag', async () => {
  const cluster = await startRedisServer({ cluster: true })
  const client = new Redis(cluster.url)
  try {
    const queue = bullmqQueue({ client, name: 'q', prefix: '{bull}' })
    expect((await queue.add('a', 1, { jobId: 'x' })).added).toBe(true)
    expect((await queue.add('a', 1)).id).toBe('2')
  } finally {
    client.disconnect()
    await cluster.stop()
  }
})

test.for(['bullmq:5.66.0', 'bullmq:7.0.0', 'bullmq-pro:7.40.1', 'bullmq:60.0.0', 'other'])(
  'add() refuses a queue whose meta says %s, and writes nothing',
  async (version) => {
    for (const [, client] of clients()) {
      const name = freshName()
      await redis.hset(`bull:${name}:meta`, 'version', version)
      const before = await snapshot(name)
      await expect(bullmqQueue({ client, name }).add('a', 1)).rejects.toMatchObject({
        name: 'BullmqVersionError',
        code: 'unsupported_bullmq_version',
        version,
      })
      expect(await snapshot(name)).toEqual(before)
    }
  },
)

test('add() takes a queue of any BullMQ 6, and one that has no version yet', async () => {
  for (const version of ['bullmq:6.0.0', 'bullmq:6.99.1-beta.1', null]) {
    const name = freshName()
    if (version !== null) await redis.hset(`bull:${name}:meta`, 'version', version)
    expect((await bullmqQueue({ client: redis, name }).add('a', 1)).added).toBe(true)
  }
})

test('add() refuses what BullMQ would refuse or misread, and writes nothing', async () => {
  const name = freshName()
  const queue = bullmqQueue({ client: redis, name })
  const bad: readonly object[] = [
    { jobId: '' },
    { jobId: '12' },
    { jobId: '-3' },
    { jobId: 'a:b' },
    { jobId: 'wait' },
    { jobId: 'pc' },
    { jobId: 'x'.repeat(257) },
    { jobId: '\ud800' },
    { priority: -1 },
    { priority: 2_097_152 },
    { priority: 1.5 },
    { delay: -1 },
    { delay: Infinity },
    { attempts: 0 },
    { backoff: -5 },
    { backoff: { type: '' } },
    { backoff: { type: 'fixed', delay: 1, jitter: 2 } },
    { removeOnComplete: {} },
    { removeOnFail: { age: -1 } },
    { keepLogs: -1 },
  ]
  for (const opts of bad) await expect(queue.add('a', 1, opts)).rejects.toThrow(RangeError)
  for (const opts of [
    { parent: { id: '1', queue: 'q' } },
    { deduplication: { id: 'x' } },
    { repeat: {} },
  ])
    await expect(queue.add('a', 1, opts as object)).rejects.toThrow(TypeError)
  await expect(queue.add('', 1)).rejects.toThrow(RangeError)
  await expect(queue.add('a', 'x'.repeat(1_048_577))).rejects.toThrow(RangeError)
  await expect(
    queue.addBulk(Array.from({ length: 1001 }, () => ({ name: 'a', data: 1 }))),
  ).rejects.toThrow(RangeError)
  await expect(
    queue.addBulk(Array.from({ length: 9 }, () => ({ name: 'a', data: 'x'.repeat(1_000_000) }))),
  ).rejects.toThrow(RangeError)
  expect(await snapshot(name)).toEqual({})
  for (const wrong of ['', 'a:b', 'x'.repeat(257)])
    expect(() => bullmqQueue({ client: redis, name: wrong })).toThrow(RangeError)
  expect(() => bullmqQueue({ client: redis, name, prefix: '' })).toThrow(RangeError)
  expect(() => bullmqQueue({ client: redis, name, timeout: 0 })).toThrow(RangeError)
  expect(() => bullmqQueue({ client: {} as ScriptClient, name })).toThrow(TypeError)
})

test('add() says whether Redis refused or could not be reached, and never shows the data', async () => {
  const name = freshName()
  await redis.set(`bull:${name}:events`, 'in the way')
  for (const [kind, client] of clients()) {
    const error: unknown = await bullmqQueue({ client, name })
      .add('a', 'secret-data')
      .catch((thrown: unknown) => thrown)
    expect(error, kind).toMatchObject({ name: 'BackendError', code: 'backend_failed' })
    expect(JSON.stringify([String(error), String((error as Error).cause)])).not.toContain('secret')
  }
  const gone = new Redis(server.url, { lazyConnect: true, enableOfflineQueue: false })
  await expect(bullmqQueue({ client: gone, name }).add('a', 1)).rejects.toMatchObject({
    code: 'backend_unavailable',
  })
  const odd = { eval: async () => 'OK' }
  await expect(bullmqQueue({ client: odd, name }).add('a', 1)).rejects.toMatchObject({
    code: 'backend_failed',
  })
})

test('add() gives up after timeoutMs', async () => {
  const clock = createFakeClock()
  const silent = { eval: () => new Promise<unknown>(() => undefined) }
  const adding = bullmqQueue({ client: silent, name: 'q', timeout: 500, clock }).add('a', 1)
  const outcome = expect(adding).rejects.toMatchObject({ code: 'backend_unavailable' })
  await clock.advance(500)
  await outcome
})

/** @returns The first `count` jobs in the order in which a worker of BullMQ took them */
async function consume(name: string, count: number): Promise<readonly Job[]> {
  const seen: Job[] = []
  const done = Promise.withResolvers<void>()
  const worker = new Worker(
    name,
    async (job: Job) => {
      seen.push(job)
      if (seen.length === count) done.resolve()
    },
    { connection, concurrency: 1 },
  )
  await done.promise
  await worker.close()
  return seen
}
