import type { MessageBatch, Queue } from '@cloudflare/workers-types'
import { expect, expectTypeOf, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createLocalQueue, type LocalQueue } from '../../../../test/support/local-queue.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { defineJob, JobQueue, scheduleJob } from '../../../services/background-jobs/index.ts'
import { memory } from '../../backends/memory/index.ts'
import type { Backend } from '../../ports/backend.ts'
import {
  queuesConsumer,
  queuesWaker,
  type MessageBatchLike,
  type QueueLike,
  type QueuesConsumerOptions,
} from './index.ts'

const HOUR_MS = 3_600_000

interface World {
  readonly wakes: LocalQueue
  readonly backend: Backend
  readonly errors: unknown[]
}

/** A queue of wakes whose consumer is what `options` make. */
function createWorld(options: Partial<QueuesConsumerOptions> = {}, coalesce = 1000): World {
  const clock = createFakeClock()
  const errors: unknown[] = []
  const wakes: LocalQueue = createLocalQueue({ clock, consume: (batch) => consume(batch) })
  const backend: Backend = {
    ...memory({ clock, random: createSeededRandom() }),
    waker: queuesWaker({ queue: wakes, clock, coalesce }),
  }
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    workers: [],
    clock,
    onError: (error) => {
      errors.push(error)
      throw new Error('What hears of errors throws')
    },
    ...options,
  })
  return { wakes, backend, errors }
}

test('the binding and the batch of a Worker are what these functions take', () => {
  expectTypeOf<Queue>().toExtend<QueueLike>()
  expectTypeOf<MessageBatch>().toExtend<MessageBatchLike>()
})

test('wake() sends the queue its wake, with a delay in whole seconds', async () => {
  const { wakes, backend } = createWorld({}, 0)
  for (const inMs of [0, -5, 1, 1000, 1001]) await backend.waker.wake('email', inMs)
  expect(wakes.sent).toEqual([
    { body: { ring: 'email' }, delaySeconds: 0 },
    { body: { ring: 'email' }, delaySeconds: 0 },
    { body: { ring: 'email' }, delaySeconds: 1 },
    { body: { ring: 'email' }, delaySeconds: 1 },
    { body: { ring: 'email' }, delaySeconds: 2 },
  ])
})

test('wake() of one span sends the first at once and one more for all the others', async () => {
  const { wakes, backend } = createWorld()
  const { wake } = backend.waker
  await Promise.all(Array.from({ length: 50 }, () => wake('email', 0)))
  await wake('report', 0)
  await wakes.clock.advance(999)
  await wake('email', 0)
  expect(wakes.sent.map(({ body, delaySeconds }) => [body, delaySeconds])).toEqual([
    [{ ring: 'email' }, 0],
    [{ ring: 'email' }, 1],
    [{ ring: 'report' }, 0],
  ])
  await wakes.clock.advance(1)
  await wake('email', 0)
  expect(wakes.sent.at(-1)).toEqual({ body: { ring: 'email' }, delaySeconds: 0 })
})

test('wake() of a later span sends one for all', async () => {
  const { wakes, backend } = createWorld()
  for (const inMs of [5000, 5999, 5000]) await backend.waker.wake('email', inMs)
  expect(wakes.sent).toEqual([{ body: { ring: 'email' }, delaySeconds: 6 }])
})

test('wake() is answered after the wake, however late in a span it is', async () => {
  const worked: number[] = []
  const { wakes, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => worked.push(wakes.clock.now()) }],
  })
  const woken: number[] = []
  for (const pause of [0, 1, 300, 698, 1, 1, 500, 499, 7]) {
    await wakes.advance(pause)
    await backend.waker.wake('email', 0)
    woken.push(wakes.clock.now())
  }
  await wakes.advance(5000)
  for (const at of woken) expect(worked.some((work) => work >= at && work - at <= 2000)).toBe(true)
  expect(worked.at(-1)).toBeGreaterThanOrEqual(woken.at(-1) ?? Infinity)
})

test('wake() reaches beyond 12 hours by waking on the way', async () => {
  const works: number[] = []
  const { wakes, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => works.push(wakes.clock.now()) }],
  })
  const start = wakes.clock.now()
  await backend.waker.wake('email', 54 * HOUR_MS)
  expect(wakes.sent).toEqual([
    { body: { ring: 'email', afterMs: 42 * HOUR_MS + 1000 }, delaySeconds: 43_200 },
  ])
  await wakes.advance(60 * HOUR_MS)
  expect(works).toHaveLength(1)
  const lateMs = (works[0] ?? 0) - start - 54 * HOUR_MS
  expect(lateMs).toBeGreaterThanOrEqual(0)
  expect(lateMs).toBeLessThanOrEqual(5000)
  expect(wakes.sent).toHaveLength(5)
  expect(wakes.waiting()).toBe(0)
})

test('wake() loses no wake whose span ends beyond 12 hours', async () => {
  const works: number[] = []
  const clock = createFakeClock()
  const wakes: LocalQueue = createLocalQueue({
    clock,
    batchSize: 1,
    consume: (batch) => consume(batch),
  })
  const backend = { ...memory({ clock }), waker: queuesWaker({ queue: wakes, clock }) }
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    clock,
    workers: [{ queue: 'email', drain: async () => works.push(clock.now()) }],
  })
  await clock.advance(500)
  const start = clock.now()
  for (let round = 0; round < 3; round++) await backend.waker.wake('email', 12 * HOUR_MS - 1)
  expect(wakes.sent.map(({ body }) => body)).toEqual([{ ring: 'email', afterMs: 500 }])
  await wakes.advance(13 * HOUR_MS)
  expect(works.map((at) => at - start)).toEqual([12 * HOUR_MS + 1000])
})

test('wake() says why it could not be sent, and tries again with the next wake', async () => {
  const errors = [new Error('Queue send failed: Too Many Requests'), new Error('network')]
  let sends = 0
  const queue: QueueLike = {
    async send() {
      const error = errors[sends++]
      if (error !== undefined) throw error
    },
  }
  const { wake } = queuesWaker({ queue, clock: createFakeClock() })
  await expect(wake('email', 0)).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_overloaded',
    cause: errors[0],
  })
  await expect(wake('email', 0)).rejects.toMatchObject({ code: 'backend_unavailable' })
  for (let round = 0; round < 5; round++) await wake('email', 0)
  expect(sends).toBe(4)
})

test('queuesConsumer() works each queue of a batch once and acknowledges its wakes', async () => {
  const drained: string[] = []
  const work = (queue: string) => ({ queue, drain: async () => drained.push(queue) })
  const { wakes } = createWorld({ workers: [work('email'), work('report')] })
  for (const wake of ['email', 'email', 'report', 'email'])
    await wakes.send({ ring: wake }, { contentType: 'json', delaySeconds: 0 })
  await wakes.advance(0)
  expect(drained).toEqual(['email', 'report'])
  expect(wakes.settled).toEqual(['ack', 'ack', 'ack', 'ack'])
  expect(wakes.waiting()).toBe(0)
})

test('queuesConsumer() takes the soonest wake of a batch for all of its queue', async () => {
  let works = 0
  const { wakes, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => ++works }],
  })
  const send = (afterMs: number): Promise<unknown> =>
    wakes.send({ ring: 'email', afterMs }, { contentType: 'json', delaySeconds: 0 })
  await send(5000)
  await send(3000)
  await wakes.advance(0)
  expect(wakes.sent.slice(2)).toEqual([{ body: { ring: 'email' }, delaySeconds: 4 }])
  expect(works).toBe(0)
  await backend.waker.wake('email', 0)
  await send(9000)
  await wakes.advance(0)
  expect(works).toBe(1)
})

test('queuesConsumer() retries wakes when the queue cannot be worked, later each time, without harm to others', async () => {
  let works = 0
  const error = new Error('unreachable')
  const { wakes, errors } = createWorld({
    workers: [
      { queue: 'down', drain: () => Promise.reject(error) },
      { queue: 'up', drain: async () => ++works },
    ],
  })
  for (const wake of ['down', 'up'])
    await wakes.send({ ring: wake }, { contentType: 'json', delaySeconds: 0 })
  await wakes.advance(HOUR_MS)
  expect(works).toBe(1)
  expect(wakes.settled.toSorted()).toEqual(['ack', 'retry 10', 'retry 20', 'retry 40', 'retry 5'])
  expect(wakes.deadLetters).toEqual([{ ring: 'down' }])
  expect(errors).toEqual([error, error, error, error])
})

test('queuesConsumer() never waits over 10 minutes between retries', async () => {
  const consume = queuesConsumer({
    backend: memory(),
    workers: [{ queue: 'q', drain: () => Promise.reject(new Error('no')) }],
  })
  const waits: unknown[] = []
  for (const attempts of [1, 8, 100])
    await consume({
      messages: [
        {
          id: '1',
          body: { ring: 'q' },
          attempts,
          ack: () => waits.push('ack'),
          retry: (options) => waits.push(options?.delaySeconds),
        },
      ],
    })
  expect(waits).toEqual([5, 600, 600])
})

test('queuesConsumer() retries wakes that nobody here knows, and messages that are none, and says so', async () => {
  const { wakes, errors } = createWorld()
  await wakes.send({ ring: 'unknown' }, { contentType: 'json', delaySeconds: 0 })
  await wakes.send({ name: 'n', data: 1 }, { contentType: 'json', delaySeconds: 0 })
  await wakes.advance(0)
  expect(wakes.settled).toEqual(['retry 5', 'retry 5'])
  expect(errors.map((error) => (error as Error).message).toSorted()).toEqual([
    'Cannot answer wake: queue "unknown" has no worker, one expected',
    'Cannot answer wake: the message is none, a wake expected',
  ])
})

test('queuesConsumer() answers after its time limit and wakes the queue anew', async () => {
  const working = Promise.withResolvers<void>()
  const drain = (): Promise<number> => {
    working.resolve()
    return new Promise(() => undefined)
  }
  const { wakes, backend } = createWorld({
    workers: [{ queue: 'email', drain }],
    timeLimit: 60_000,
  })
  await backend.waker.wake('email', 0)
  const delivery = wakes.advance(0)
  await working.promise
  await wakes.clock.advance(60_000)
  await delivery
  expect(wakes.settled).toEqual(['ack'])
  expect(wakes.sent).toHaveLength(2)
})

test('queuesWaker() and queuesConsumer() refuse options that are out of range', () => {
  const { wakes, backend } = createWorld()
  for (const coalesce of [-1, 60_001, NaN])
    expect(() => queuesWaker({ queue: wakes, coalesce })).toThrow(RangeError)
  for (const timeLimit of [0, 840_001, NaN])
    expect(() => queuesConsumer({ backend, workers: [], timeLimit })).toThrow(RangeError)
})

test('a job queue runs on wakes alone: bulk added, retried, delayed beyond 12 hours and scheduled', async () => {
  const clock = createFakeClock()
  const wakes: LocalQueue = createLocalQueue({ clock, consume: (batch) => consume(batch) })
  const backend: Backend = {
    ...memory({ clock, random: createSeededRandom() }),
    waker: queuesWaker({ queue: wakes, clock }),
  }
  const ran: string[] = []
  const queue = new JobQueue({
    name: 'email',
    backend,
    clock,
    jobs: {
      send: defineJob({
        run: ({ data, attempt }) => {
          ran.push(`${JSON.stringify(data)} ${attempt}`)
          if (data === 'flaky' && attempt < 3) throw new Error('not yet')
        },
      }),
    },
  })
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    workers: [queue],
    clock,
  })
  await queue.addBulk(Array.from({ length: 500 }, (_, data) => ({ name: 'send', data })))
  await queue.add('send', 'flaky', { backoff: { type: 'fixed', delay: '30s', jitter: 0 } })
  await queue.add('send', 'later', { delay: '30h' })
  await wakes.advance(2000)
  expect(ran).toHaveLength(501)
  await wakes.advance(65_000)
  expect(ran.slice(501)).toEqual(['"flaky" 2', '"flaky" 3'])
  await wakes.advance(31 * HOUR_MS)
  expect(ran.at(-1)).toBe('"later" 1')
  expect(wakes.waiting()).toBe(0)
  expect(await queue.counts()).toMatchObject({ ready: 0, scheduled: 0, active: 0, dead: 0 })

  ran.length = 0
  await scheduleJob(queue, { name: 'send', data: 'tick', cron: '0 */5 * * *' })
  await wakes.advance(24 * HOUR_MS)
  expect(ran.length).toBeGreaterThanOrEqual(4)
  expect(new Set(ran)).toEqual(new Set(['"tick" 1']))
  expect(wakes.waiting()).toBe(1)
})
