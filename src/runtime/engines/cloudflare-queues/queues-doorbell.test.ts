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
  queuesDoorbell,
  type MessageBatchLike,
  type QueueLike,
  type QueuesConsumerOptions,
} from './index.ts'

const HOUR_MS = 3_600_000

interface World {
  readonly rings: LocalQueue
  readonly backend: Backend
  readonly errors: unknown[]
}

/** A queue of rings whose consumer is what `options` make. */
function createWorld(options: Partial<QueuesConsumerOptions> = {}, coalesceMs = 1000): World {
  const clock = createFakeClock()
  const errors: unknown[] = []
  const rings: LocalQueue = createLocalQueue({ clock, consume: (batch) => consume(batch) })
  const backend: Backend = {
    ...memory({ clock, random: createSeededRandom() }),
    doorbell: queuesDoorbell({ queue: rings, clock, coalesceMs }),
  }
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    workers: [],
    clock,
    onError: (error) => errors.push(error),
    ...options,
  })
  return { rings, backend, errors }
}

test('the binding and the batch of a Worker are what these functions take', () => {
  expectTypeOf<Queue>().toExtend<QueueLike>()
  expectTypeOf<MessageBatch>().toExtend<MessageBatchLike>()
})

test('ring() sends the queue its ring, with a delay in whole seconds', async () => {
  const { rings, backend } = createWorld({}, 0)
  for (const inMs of [0, -5, 1, 1000, 1001]) await backend.doorbell.ring('email', inMs)
  expect(rings.sent).toEqual([
    { body: { ring: 'email' }, delaySeconds: 0 },
    { body: { ring: 'email' }, delaySeconds: 0 },
    { body: { ring: 'email' }, delaySeconds: 1 },
    { body: { ring: 'email' }, delaySeconds: 1 },
    { body: { ring: 'email' }, delaySeconds: 2 },
  ])
})

test('ring() of one span sends the first at once and one more for all the others', async () => {
  const { rings, backend } = createWorld()
  const { ring } = backend.doorbell
  await Promise.all(Array.from({ length: 50 }, () => ring('email', 0)))
  await ring('report', 0)
  await rings.clock.advance(999)
  await ring('email', 0)
  expect(rings.sent.map(({ body, delaySeconds }) => [body, delaySeconds])).toEqual([
    [{ ring: 'email' }, 0],
    [{ ring: 'email' }, 1],
    [{ ring: 'report' }, 0],
  ])
  await rings.clock.advance(1)
  await ring('email', 0)
  expect(rings.sent.at(-1)).toEqual({ body: { ring: 'email' }, delaySeconds: 0 })
})

test('ring() of a later span sends one for all', async () => {
  const { rings, backend } = createWorld()
  for (const inMs of [5000, 5999, 5000]) await backend.doorbell.ring('email', inMs)
  expect(rings.sent).toEqual([{ body: { ring: 'email' }, delaySeconds: 6 }])
})

test('ring() is answered after the ring, however late in a span it is', async () => {
  const worked: number[] = []
  const { rings, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => worked.push(rings.clock.now()) }],
  })
  const rung: number[] = []
  for (const pause of [0, 1, 300, 698, 1, 1, 500, 499, 7]) {
    await rings.advance(pause)
    await backend.doorbell.ring('email', 0)
    rung.push(rings.clock.now())
  }
  await rings.advance(5000)
  for (const at of rung) expect(worked.some((work) => work >= at && work - at <= 2000)).toBe(true)
  expect(worked.at(-1)).toBeGreaterThanOrEqual(rung.at(-1) ?? Infinity)
})

test('ring() reaches beyond 12 hours by ringing on the way', async () => {
  const works: number[] = []
  const { rings, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => works.push(rings.clock.now()) }],
  })
  const start = rings.clock.now()
  await backend.doorbell.ring('email', 54 * HOUR_MS)
  expect(rings.sent).toEqual([
    { body: { ring: 'email', afterMs: 42 * HOUR_MS + 1000 }, delaySeconds: 43_200 },
  ])
  await rings.advance(60 * HOUR_MS)
  expect(works).toHaveLength(1)
  const lateMs = (works[0] ?? 0) - start - 54 * HOUR_MS
  expect(lateMs).toBeGreaterThanOrEqual(0)
  expect(lateMs).toBeLessThanOrEqual(5000)
  expect(rings.sent).toHaveLength(5)
  expect(rings.waiting()).toBe(0)
})

test('ring() loses no ring whose span ends beyond 12 hours', async () => {
  const works: number[] = []
  const clock = createFakeClock()
  await clock.advance(500)
  const rings: LocalQueue = createLocalQueue({
    clock,
    batchSize: 1,
    consume: (batch) => consume(batch),
  })
  const backend = { ...memory({ clock }), doorbell: queuesDoorbell({ queue: rings, clock }) }
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    clock,
    workers: [{ queue: 'email', drain: async () => works.push(clock.now()) }],
  })
  const start = clock.now()
  for (let round = 0; round < 3; round++) await backend.doorbell.ring('email', 12 * HOUR_MS - 1)
  expect(rings.sent.map(({ body }) => body)).toEqual([{ ring: 'email', afterMs: 500 }])
  await rings.advance(13 * HOUR_MS)
  expect(works.map((at) => at - start)).toEqual([12 * HOUR_MS + 1000])
})

test('ring() says why it could not be sent, and tries again with the next ring', async () => {
  const errors = [new Error('Queue send failed: Too Many Requests'), new Error('network')]
  let sends = 0
  const queue: QueueLike = {
    async send() {
      const error = errors[sends++]
      if (error !== undefined) throw error
    },
  }
  const { ring } = queuesDoorbell({ queue, clock: createFakeClock() })
  await expect(ring('email', 0)).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend_overloaded',
    cause: errors[0],
  })
  await expect(ring('email', 0)).rejects.toMatchObject({ code: 'backend_unavailable' })
  for (let round = 0; round < 5; round++) await ring('email', 0)
  expect(sends).toBe(4)
})

test('queuesConsumer() works each queue of a batch once and acknowledges its rings', async () => {
  const drained: string[] = []
  const work = (queue: string) => ({ queue, drain: async () => drained.push(queue) })
  const { rings } = createWorld({ workers: [work('email'), work('report')] })
  for (const ring of ['email', 'email', 'report', 'email'])
    await rings.send({ ring }, { contentType: 'json', delaySeconds: 0 })
  await rings.advance(0)
  expect(drained).toEqual(['email', 'report'])
  expect(rings.settled).toEqual(['ack', 'ack', 'ack', 'ack'])
  expect(rings.waiting()).toBe(0)
})

test('queuesConsumer() takes the soonest ring of a batch for all of its queue', async () => {
  let works = 0
  const { rings, backend } = createWorld({
    workers: [{ queue: 'email', drain: async () => ++works }],
  })
  const send = (afterMs: number): Promise<unknown> =>
    rings.send({ ring: 'email', afterMs }, { contentType: 'json', delaySeconds: 0 })
  await send(5000)
  await send(3000)
  await rings.advance(0)
  expect(rings.sent.slice(2)).toEqual([{ body: { ring: 'email' }, delaySeconds: 4 }])
  expect(works).toBe(0)
  await backend.doorbell.ring('email', 0)
  await send(9000)
  await rings.advance(0)
  expect(works).toBe(1)
})

test('queuesConsumer() retries rings when the queue cannot be worked, later each time, without harm to others', async () => {
  let works = 0
  const error = new Error('unreachable')
  const { rings, errors } = createWorld({
    workers: [
      { queue: 'down', drain: () => Promise.reject(error) },
      { queue: 'up', drain: async () => ++works },
    ],
  })
  for (const ring of ['down', 'up'])
    await rings.send({ ring }, { contentType: 'json', delaySeconds: 0 })
  await rings.advance(HOUR_MS)
  expect(works).toBe(1)
  expect(rings.settled.toSorted()).toEqual(['ack', 'retry 10', 'retry 20', 'retry 40', 'retry 5'])
  expect(rings.deadLetters).toEqual([{ ring: 'down' }])
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

test('queuesConsumer() retries rings that nobody here knows, and messages that are none, and says so', async () => {
  const { rings, errors } = createWorld()
  await rings.send({ ring: 'unknown' }, { contentType: 'json', delaySeconds: 0 })
  await rings.send({ name: 'n', data: 1 }, { contentType: 'json', delaySeconds: 0 })
  await rings.advance(0)
  expect(rings.settled).toEqual(['retry 5', 'retry 5'])
  expect(errors.map((error) => (error as Error).message).toSorted()).toEqual([
    'Cannot answer ring: queue "unknown" has no worker, one expected',
    'Cannot answer ring: the message is none, a ring expected',
  ])
})

test('queuesConsumer() answers after its time limit and rings the queue anew', async () => {
  const working = Promise.withResolvers<void>()
  const drain = (): Promise<number> => {
    working.resolve()
    return new Promise(() => undefined)
  }
  const { rings, backend } = createWorld({
    workers: [{ queue: 'email', drain }],
    timeLimitMs: 60_000,
  })
  await backend.doorbell.ring('email', 0)
  const delivery = rings.advance(0)
  await working.promise
  await rings.clock.advance(60_000)
  await delivery
  expect(rings.settled).toEqual(['ack'])
  expect(rings.sent).toHaveLength(2)
})

test('queuesDoorbell() and queuesConsumer() refuse options that are out of range', () => {
  const { rings, backend } = createWorld()
  for (const coalesceMs of [-1, 60_001, NaN])
    expect(() => queuesDoorbell({ queue: rings, coalesceMs })).toThrow(RangeError)
  for (const timeLimitMs of [0, 840_001, NaN])
    expect(() => queuesConsumer({ backend, workers: [], timeLimitMs })).toThrow(RangeError)
})

test('a job queue runs on rings alone: bulk added, retried, delayed beyond 12 hours and scheduled', async () => {
  const clock = createFakeClock()
  const rings: LocalQueue = createLocalQueue({ clock, consume: (batch) => consume(batch) })
  const backend: Backend = {
    ...memory({ clock, random: createSeededRandom() }),
    doorbell: queuesDoorbell({ queue: rings, clock }),
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
  await rings.advance(2000)
  expect(ran).toHaveLength(501)
  await rings.advance(65_000)
  expect(ran.slice(501)).toEqual(['"flaky" 2', '"flaky" 3'])
  await rings.advance(31 * HOUR_MS)
  expect(ran.at(-1)).toBe('"later" 1')
  expect(rings.waiting()).toBe(0)
  expect(await queue.counts()).toMatchObject({ ready: 0, scheduled: 0, active: 0, dead: 0 })

  ran.length = 0
  await scheduleJob(queue, { name: 'send', data: 'tick', cron: '0 */5 * * *' })
  await rings.advance(24 * HOUR_MS)
  expect(ran.length).toBeGreaterThanOrEqual(4)
  expect(new Set(ran)).toEqual(new Set(['"tick" 1']))
  expect(rings.waiting()).toBe(1)
})
