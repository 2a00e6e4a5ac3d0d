import { Redis as UpstashRedis } from '@upstash/redis'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRedisServer, type RedisServer } from '../../../../test/support/redis-server.ts'
import { connectResp, type RespClient } from '../../../../test/support/resp-client.ts'
import { startUpstashBridge } from '../../../../test/support/upstash-bridge.ts'
import { defineJob, JobQueue } from '../../../services/background-jobs/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import type { ClaimedJob, QueueStore } from '../../ports/job-store/job-store.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import { redis, type RedisBackend } from './redis.ts'
import { clockOffset } from './clock-offset.ts'

const HOUR_MS = 3_600_000
const LEASE_MS = 30_000
const CHANNEL = 'reuse:{queue:q}:rings'

let server: RedisServer
let connection: Redis
let listener: Redis
let admin: RespClient
let heard: string[] = []
const endings = new Map<string, () => void>()

beforeAll(async () => {
  server = await startRedisServer()
  connection = new Redis(server.url)
  listener = new Redis(server.url)
  admin = await connectResp(server.port)
  listener.on('message', (_channel, message) => {
    const end = endings.get(message)
    if (end === undefined) heard.push(message)
    else end()
  })
  await listener.subscribe(CHANNEL)
})

afterAll(async () => {
  connection.disconnect()
  listener.disconnect()
  admin.close()
  await server.stop()
})

beforeEach(async () => {
  await admin.send(['FLUSHALL'])
})

/** @returns What is published meanwhile, in ms rounded to 100 */
async function wakesOf(act: () => Promise<unknown>): Promise<readonly number[]> {
  await heardAll()
  heard = []
  await act()
  await heardAll()
  return heard.map((message) => {
    expect(message).toMatch(/^\d+ $/)
    return Math.round(Number.parseInt(message, 10) / 100) * 100
  })
}

/** Resolves when what was published before has arrived, since the server keeps the order. */
async function heardAll(): Promise<void> {
  const end = crypto.randomUUID()
  const ended = new Promise<void>((resolve) => {
    endings.set(end, resolve)
  })
  await admin.send(['PUBLISH', CHANNEL, end])
  await ended
}

function open(): QueueStore {
  return redis(connection).jobStore.queue('q')
}

async function claim(queue: QueueStore, limit: number): Promise<readonly ClaimedJob[]> {
  return (await queue.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
}

/** Settles one job and claims as many as `limit`, if any. */
function settle(queue: QueueStore, job: ClaimedJob | undefined, outcome: JobOutcome, limit = 0) {
  if (job === undefined) throw new Error('Expected a claimed job')
  return queue.exchange({
    settle: [{ id: job.id, token: job.token, outcome }],
    ...(limit > 0 && { claim: { limit, leaseMs: LEASE_MS } }),
  })
}

test('add() wakes once a call, and says when there is work', async () => {
  const queue = open()
  const job = { name: 'n', data: 1 }
  expect(await wakesOf(() => queue.add([{ ...job, delayMs: HOUR_MS }]))).toEqual([HOUR_MS])
  expect(await wakesOf(() => queue.add(Array.from({ length: 500 }, () => job)))).toEqual([0])
})

test('add() does not wake when nothing was added, or the queue is paused', async () => {
  const queue = open()
  await queue.add([{ id: 'j', name: 'n', data: 1 }])
  expect(await wakesOf(() => queue.add([{ id: 'j', name: 'n', data: 1 }]))).toEqual([])
  await queue.command({ type: 'pause' })
  expect(await wakesOf(() => queue.add([{ name: 'n', data: 1 }]))).toEqual([])
})

test('command() wakes when it makes jobs ready or lets them go on', async () => {
  const queue = open()
  await queue.add([{ id: 'j', name: 'n', data: 1, delayMs: HOUR_MS }])
  const wake = (type: 'promote' | 'retry' | 'cancel' | 'remove') =>
    wakesOf(() => queue.command({ type, ids: ['j'] }))
  expect(await wake('promote')).toEqual([0])
  expect(await wake('promote')).toEqual([])
  expect(await wake('cancel')).toEqual([])
  expect(await wake('retry')).toEqual([0])
  expect(await wakesOf(() => queue.command({ type: 'resume' }))).toEqual([])
  expect(await wakesOf(() => queue.command({ type: 'pause' }))).toEqual([])
  expect(await wakesOf(() => queue.command({ type: 'resume' }))).toEqual([0])
  expect(await wake('remove')).toEqual([])
})

test('exchange() does not wake for jobs that end, are claimed, or that its worker has room for', async () => {
  const queue = open()
  await queue.add(Array.from({ length: 4 }, () => ({ name: 'n', data: 1, maxAttempts: 3 })))
  const [first, second, third, last] = await claim(queue, 4)
  expect(await wakesOf(() => settle(queue, first, { to: 'completed' }))).toEqual([])
  expect(await wakesOf(() => settle(queue, second, { to: 'completed' }, 5))).toEqual([])
  const again: JobOutcome = { to: 'scheduled', delayMs: 500 }
  expect(await wakesOf(() => settle(queue, third, again, 5))).toEqual([])
  expect(await wakesOf(() => settle(queue, last, { to: 'scheduled', delayMs: 0 }, 5))).toEqual([])
})

test('exchange() wakes for what its worker has no room for', async () => {
  const queue = open()
  const job = { name: 'n', data: 1, maxAttempts: 3 }
  await queue.add([job, job])
  const [first] = await claim(queue, 1)
  const later: JobOutcome = { to: 'scheduled', delayMs: 2000 }
  expect(await wakesOf(() => settle(queue, first, later, 1))).toEqual([2000])
})

test('exchange() wakes for a job given back, a held one let in and a parent made ready, when it claims nothing', async () => {
  const queue = open()
  await queue.add([{ id: 'j', name: 'n', data: 1 }])
  const [given] = await claim(queue, 1)
  const back: JobOutcome = { to: 'scheduled', delayMs: 0, refund: true }
  expect(await wakesOf(() => settle(queue, given, back))).toEqual([0])

  await queue.command({ type: 'remove', ids: ['j'] })
  const grouped = { name: 'n', data: 1, group: { key: 'g', limit: 1 } }
  await queue.add([grouped, grouped])
  const [running] = await claim(queue, 2)
  expect(await wakesOf(() => settle(queue, running, { to: 'completed' }))).toEqual([0])

  await admin.send(['FLUSHALL'])
  await queue.add([
    { id: 'p', name: 'n', data: 1 },
    { id: 'c', name: 'n', data: 1, parent: 'p' },
  ])
  const [child] = await claim(queue, 2)
  expect(child?.id).toBe('c')
  expect(await wakesOf(() => settle(queue, child, { to: 'completed' }))).toEqual([0])
})

test('exchange() wakes when more has fallen due than its worker has room for', async () => {
  let offset = 0
  const queue = redis(connection, { [clockOffset]: () => offset }).jobStore.queue('q')
  const job = { name: 'n', data: 1, delayMs: 5000 }
  await queue.add([job, job, job])
  offset = 5000
  expect(await wakesOf(() => claim(queue, 1))).toEqual([0])
  expect(await wakesOf(() => claim(queue, 1))).toEqual([])
  await queue.add([job])
  offset = 10_000
  expect(await wakesOf(() => claim(queue, 2))).toEqual([])
})

test('add() wakes through Upstash as well', async () => {
  const bridge = await startUpstashBridge({ redisPort: server.port })
  try {
    const queue = redis(new UpstashRedis({ url: bridge.url, token: bridge.token })).jobStore.queue(
      'q',
    )
    expect(await wakesOf(() => queue.add([{ name: 'n', data: 1 }]))).toEqual([0])
  } finally {
    await bridge.stop()
  }
})

test('add() takes the job of a user who may not publish', async () => {
  await admin.send(['ACL', 'SETUSER', 'quiet', 'on', '>pw', '~*', '+@all', 'resetchannels'])
  const quiet = new Redis(server.url, { username: 'quiet', password: 'pw' })
  try {
    const queue = redis(quiet).jobStore.queue('q')
    expect(await wakesOf(() => queue.add([{ name: 'n', data: 1 }]))).toEqual([])
    expect(await queue.counts()).toMatchObject({ ready: 1 })
  } finally {
    quiet.disconnect()
  }
})

/**
 * Adds jobs through `there`, each when `here` has done the one before; no clock moves, and only the
 * first may be found by a look at the start.
 */
async function startsAcross(here: RedisBackend, there: RedisBackend): Promise<void> {
  let onSettled = (): void => {}
  const jobs = { ping: defineJob({ run: () => {} }) }
  const clock = createFakeClock()
  const queue = new JobQueue({ name: 'across', backend: here, jobs, clock })
  const other = new JobQueue({ name: 'across', backend: there, jobs, clock })
  const stop = new AbortController()
  const { signal } = stop
  const running = queue.run({ signal, maxWait: HOUR_MS, onSettled: () => onSettled() })
  for (let turn = 0; turn < 5; turn++) {
    const settled = new Promise<void>((resolve) => (onSettled = resolve))
    await other.add('ping', turn)
    await settled
  }
  stop.abort()
  await running
}

test('run() hears over connections that put a prefix of their own before keys', async () => {
  const prefixed = new Redis(server.url, { keyPrefix: 'app:' })
  const subscriber = prefixed.duplicate()
  try {
    const clock = createFakeClock()
    await startsAcross(redis(prefixed, { subscriber, clock }), redis(prefixed, { clock }))
  } finally {
    prefixed.disconnect()
    subscriber.disconnect()
  }
})

test('run() hears over a cluster', async () => {
  const node = await startRedisServer({ cluster: true })
  const [cluster, subscriber] = [new Cluster([node.url]), new Cluster([node.url])]
  try {
    const clock = createFakeClock()
    await startsAcross(redis(cluster, { subscriber, clock }), redis(cluster, { clock }))
  } finally {
    cluster.disconnect()
    subscriber.disconnect()
    await node.stop()
  }
})

test('run() hears again once the server was killed and is back', async () => {
  const first = await startRedisServer()
  const options = { maxRetriesPerRequest: null, retryStrategy: () => 20 }
  const [mine, theirs, subscriber] = [0, 1, 2].map(() => {
    const client = new Redis(first.url, options)
    client.on('error', () => {})
    return client
  }) as [Redis, Redis, Redis]
  let second = first
  try {
    const clock = createFakeClock()
    const here = redis(mine, { subscriber, clock })
    const there = redis(theirs, { clock })
    await startsAcross(here, there)
    await new Promise<void>((resolve) => void here.waker.onWake('back', resolve))
    const back = new Promise<void>((resolve) => void here.waker.onWake('back', resolve))
    await first.stop('SIGKILL')
    second = await startRedisServer({ port: first.port })
    await back
    const woken = new Promise<void>((resolve) => void here.waker.onWake('back', resolve))
    await there.jobStore.queue('back').add([{ name: 'n', data: 1 }])
    await woken
    await startsAcross(here, there)
  } finally {
    for (const client of [mine, theirs, subscriber]) client.disconnect()
    await second.stop()
  }
})
