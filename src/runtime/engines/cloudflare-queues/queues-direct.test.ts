import { expect, test } from 'vitest'
import { createLocalQueue, type LocalQueue } from '../../../../test/support/local-queue.ts'
import {
  MessageTooLargeError,
  queuesDirect,
  queuesDirectConsumer,
  type DirectJob,
  type DirectProcess,
  type QueuesDirect,
  type QueuesDirectConsumerOptions,
} from './index.ts'

interface Fixture {
  readonly queue: LocalQueue
  readonly direct: QueuesDirect
  readonly jobs: DirectJob[]
  readonly dead: unknown[]
  readonly errors: unknown[]
}

function createFixture(
  process: DirectProcess,
  options: Partial<QueuesDirectConsumerOptions> = {},
): Fixture {
  const jobs: DirectJob[] = []
  const dead: unknown[] = []
  const errors: unknown[] = []
  const queue: LocalQueue = createLocalQueue({ consume: (batch) => consume(batch) })
  const consume = queuesDirectConsumer({
    process: (job, control) => {
      jobs.push(job)
      return process(job, control)
    },
    onDead: async (job, error) => void dead.push([job.name, error]),
    onError: (error, job) => {
      errors.push([error, job?.name])
      throw new Error('What hears of errors throws')
    },
    clock: queue.clock,
    ...options,
  })
  return { queue, direct: queuesDirect({ queue }), jobs, dead, errors }
}

test('send() has the consumer run the job, after its delay', async () => {
  const { queue, direct, jobs } = createFixture(async () => ({ to: 'completed' }))
  await direct.send('resize', { key: 'ü.png' })
  await direct.send('resize', null, { delay: '1.5s' })
  await queue.advance(0)
  expect(jobs).toEqual([{ id: '1', name: 'resize', data: { key: 'ü.png' }, attempt: 1 }])
  await queue.advance(1999)
  expect(jobs).toHaveLength(1)
  await queue.advance(1)
  expect(jobs[1]).toEqual({ id: '2', name: 'resize', data: null, attempt: 1 })
  expect(queue.settled).toEqual(['ack', 'ack'])
})

test('send() refuses a job that does not fit into a message, counted in bytes', async () => {
  const { queue, direct } = createFixture(async () => ({ to: 'completed' }))
  const around = '{"name":"n","data":""}'.length
  await direct.send('n', 'x'.repeat(127_900 - around))
  const error: unknown = await direct
    .send('n', 'ü'.repeat((127_902 - around) / 2))
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MessageTooLargeError)
  expect(error).toMatchObject({ code: 'message_too_large', status: 413, bytes: 127_902 })
  expect(String(error)).toBe(
    'MessageTooLargeError: Cannot send job "n": the message has 127902 bytes, at most 127900 allowed',
  )
  expect(queue.sent).toHaveLength(1)
})

test('send() refuses delays over 12 hours and empty names', async () => {
  const { queue, direct } = createFixture(async () => ({ to: 'completed' }))
  await direct.send('n', 1, { delay: '12h' })
  await expect(direct.send('n', 1, { delay: 43_200_001 })).rejects.toThrow(RangeError)
  await expect(direct.send('', 1)).rejects.toThrow(RangeError)
  expect(queue.sent).toHaveLength(1)
  const broken = queuesDirect({ queue: { send: () => Promise.reject(new Error('down')) } })
  await expect(broken.send('n', 1)).rejects.toMatchObject({ code: 'backend_unavailable' })
})

test('queuesDirectConsumer() settles each message of a batch on its own', async () => {
  const { queue, direct, jobs, dead, errors } = createFixture(async ({ name, attempt }) => {
    if (name === 'throws' && attempt < 2) throw new Error('a bug')
    if (name === 'waits' && attempt < 3) return { to: 'scheduled', delayMs: 1500 * attempt }
    if (name === 'dies') return { to: 'dead', error: { message: 'hopeless' } }
    return { to: 'completed' }
  })
  for (const name of ['works', 'throws', 'waits', 'dies']) await direct.send(name, 1)
  await queue.advance(60_000)
  expect(queue.settled.toSorted()).toEqual(
    ['ack', 'ack', 'ack', 'ack', 'retry 0', 'retry 2', 'retry 3'].toSorted(),
  )
  expect(
    jobs.filter(({ name }) => name === 'waits').map(({ id, attempt }) => [id, attempt]),
  ).toEqual([
    ['3', 1],
    ['3', 2],
    ['3', 3],
  ])
  expect(dead).toEqual([['dies', { message: 'hopeless' }]])
  expect(errors).toEqual([[new Error('a bug'), 'throws']])
})

test('queuesDirectConsumer() keeps a message until onDead has kept its job', async () => {
  let tries = 0
  const { queue, direct, errors } = createFixture(async () => ({ to: 'dead', error: 'no' }), {
    onDead: async () => {
      tries++
      if (tries < 3) throw new Error('the store is down')
    },
  })
  await direct.send('n', 1)
  await queue.advance(0)
  expect(queue.settled).toEqual(['retry 0', 'retry 0', 'ack'])
  expect(errors).toHaveLength(2)
})

test('queuesDirectConsumer() delivers again what onDead never keeps, once its time is over', async () => {
  const kept = Promise.withResolvers<void>()
  const { queue, direct, errors } = createFixture(async () => ({ to: 'dead', error: 'no' }), {
    onDead: () => {
      kept.resolve()
      return new Promise(() => undefined)
    },
    timeLimit: 1000,
  })
  await direct.send('n', 1)
  const delivery = queue.advance(0)
  await kept.promise
  await queue.clock.advance(1000)
  await delivery
  expect([queue.settled[0], errors.length]).toEqual(['retry 0', 1])
})

test('queuesDirectConsumer() fails an attempt that takes too long', async () => {
  let working = Promise.withResolvers<void>()
  const process = (): Promise<never> => {
    working.resolve()
    return new Promise(() => undefined)
  }
  const { queue, direct, errors } = createFixture(process, { timeLimit: 1000 })
  await direct.send('slow', 1)
  for (let attempt = 1; attempt <= 4; attempt++) {
    const delivery = queue.advance(0)
    await working.promise
    working = Promise.withResolvers()
    await queue.clock.advance(1000)
    await delivery
  }
  expect(queue.settled).toEqual(['retry 0', 'retry 0', 'retry 0', 'retry 0'])
  expect(queue.deadLetters).toEqual([{ name: 'slow', data: 1 }])
  expect(errors).toHaveLength(4)
})

test('queuesDirectConsumer() retries no later than after 12 hours', async () => {
  const { queue, direct } = createFixture(async ({ attempt }) =>
    attempt === 1 ? { to: 'scheduled', delayMs: 9e9 } : { to: 'completed' },
  )
  await direct.send('n', 1)
  await queue.advance(43_200_000)
  expect(queue.settled).toEqual(['retry 43200', 'ack'])
})

test('queuesDirectConsumer() leaves messages that are no job to the dead-letter queue', async () => {
  const { queue, jobs, errors } = createFixture(async () => ({ to: 'completed' }))
  await queue.send({ ring: 'email' }, { contentType: 'json', delaySeconds: 0 })
  await queue.advance(0)
  expect(jobs).toEqual([])
  expect(queue.deadLetters).toEqual([{ ring: 'email' }])
  expect(errors).toHaveLength(4)
  const options = {
    process: async () => ({ to: 'completed' }) as const,
    onDead: async () => undefined,
  }
  for (const timeLimit of [0, 840_001])
    expect(() => queuesDirectConsumer({ ...options, timeLimit })).toThrow(RangeError)
})
