import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { memory } from '../../backends/memory/index.ts'
import type { Backend } from '../../ports/backend.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { createWakeHandler, type WokenWorker } from './wake-handler.ts'

interface Fixture {
  readonly clock: FakeClock
  readonly backend: Backend
  readonly wakes: (readonly [string, number])[]
  readonly answerer: (workers: readonly WokenWorker[]) => ReturnType<typeof createWakeHandler>
}

function createFixture(): Fixture {
  const clock = createFakeClock()
  const wakes: (readonly [string, number])[] = []
  const waker: Waker = { wake: async (queue, inMs) => void wakes.push([queue, inMs]) }
  const backend = { ...memory({ clock, random: createSeededRandom() }), waker }
  return {
    clock,
    backend,
    wakes,
    answerer: (workers) => createWakeHandler({ backend, workers, timeLimitMs: 1000, clock }),
  }
}

const due = { queue: 'q', afterMs: 0 }

test('createWakeHandler() works the queue that woke and is silent when nothing waits', async () => {
  const { answerer, wakes } = createFixture()
  const drained: string[] = []
  const drain = (queue: string) => async () => drained.push(queue)
  const answer = answerer([
    { queue: 'q', drain: drain('q') },
    { processors: [{ queue: 'other' }, { queue: 'other.schedules' }], drain: drain('other') },
  ])
  expect(await answer(due)).toEqual({ kind: 'worked', settled: 1, wakeInMs: null })
  for (const queue of ['other', 'other.schedules'])
    expect(await answer({ queue, afterMs: 0 })).toMatchObject({ kind: 'worked' })
  expect(drained).toEqual(['q', 'other', 'other'])
  expect(wakes).toEqual([])
})

test('createWakeHandler() wakes for what waits for its time, and for leases that may be lost', async () => {
  const { answerer, wakes, backend } = createFixture()
  const queue = backend.jobStore.queue('q')
  const answer = answerer([{ queue: 'q', drain: async () => 1 }])
  await queue.add([{ name: 'n', data: 1, delayMs: 7000 }])
  expect(await answer(due)).toEqual({ kind: 'worked', settled: 1, wakeInMs: 7000 })
  await queue.add([{ name: 'n', data: 1 }])
  await queue.exchange({ claim: { limit: 1, leaseMs: 3000 } })
  expect(await answer(due)).toMatchObject({ wakeInMs: 3000 })
  expect(wakes).toEqual([
    ['q', 7000],
    ['q', 3000],
  ])
})

test('createWakeHandler() wakes for each queue of a worker, whichever of them woke', async () => {
  const { answerer, wakes, backend } = createFixture()
  const processors = [{ queue: 'q' }, { queue: 'q.schedules' }]
  const answer = answerer([{ processors, drain: async () => 1 }])
  await backend.jobStore.queue('q').add([{ name: 'n', data: 1, delayMs: 9000 }])
  await backend.jobStore.queue('q.schedules').add([{ name: 'n', data: 1, delayMs: 4000 }])
  expect(await answer(due)).toEqual({ kind: 'worked', settled: 1, wakeInMs: 4000 })
  expect(new Map(wakes)).toEqual(
    new Map([
      ['q', 9000],
      ['q.schedules', 4000],
    ]),
  )
})

test('createWakeHandler() wakes at once for jobs that came meanwhile, and later for those it could not take', async () => {
  const { answerer, wakes, backend } = createFixture()
  await backend.jobStore.queue('q').add([{ name: 'n', data: 1 }])
  await answerer([{ queue: 'q', drain: async () => 5 }])(due)
  await answerer([{ queue: 'q', drain: async () => 0 }])(due)
  expect(wakes).toEqual([
    ['q', 0],
    ['q', 60_000],
  ])
})

test('createWakeHandler() does not wake for a paused queue', async () => {
  const { answerer, wakes, backend } = createFixture()
  const queue = backend.jobStore.queue('q')
  await queue.add([{ name: 'n', data: 1 }])
  await queue.command({ type: 'pause' })
  expect(await answerer([{ queue: 'q', drain: async () => 0 }])(due)).toMatchObject({
    wakeInMs: null,
  })
  expect(wakes).toEqual([])
})

test('createWakeHandler() answers after the time limit and wakes anew', async () => {
  const { answerer, wakes, clock } = createFixture()
  const answering = answerer([{ queue: 'q', drain: () => new Promise(() => undefined) }])(due)
  await clock.advance(1000)
  expect(await answering).toEqual({ kind: 'worked', settled: null, wakeInMs: 0 })
  expect(wakes).toEqual([['q', 0]])
})

test('createWakeHandler() sends a wake that came early on its way again, without work', async () => {
  const { answerer, wakes } = createFixture()
  const answer = answerer([{ queue: 'q', drain: () => Promise.reject(new Error('not yet')) }])
  expect(await answer({ queue: 'q', afterMs: 123 })).toEqual({ kind: 'early' })
  expect(wakes).toEqual([['q', 123]])
})

test('createWakeHandler() rejects when the queue or its next wake fails, and knows its own queues alone', async () => {
  const { answerer, backend, clock } = createFixture()
  const failing: WokenWorker = { queue: 'q', drain: () => Promise.reject(new Error('unreachable')) }
  await expect(answerer([failing])(due)).rejects.toThrow('unreachable')
  const mute = { ...backend, waker: { wake: () => Promise.reject(new Error('no waker')) } }
  await backend.jobStore.queue('q').add([{ name: 'n', data: 1 }])
  const answer = createWakeHandler({
    backend: mute,
    workers: [{ queue: 'q', drain: async () => 1 }],
    timeLimitMs: 1000,
    clock,
  })
  await expect(answer(due)).rejects.toThrow('no waker')
  expect(await answer({ queue: 'constructor', afterMs: 0 })).toEqual({ kind: 'unknown_queue' })
  expect(() => answerer([failing, { processors: [{ queue: 'q' }], drain: failing.drain }])).toThrow(
    RangeError,
  )
})
