import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { memory } from '../../backends/memory/index.ts'
import type { Backend } from '../../ports/backend.ts'
import type { Doorbell } from '../../ports/doorbell/doorbell.ts'
import { createRingAnswerer, type RungWorker } from './ring-answerer.ts'

interface World {
  readonly clock: FakeClock
  readonly backend: Backend
  readonly rings: (readonly [string, number])[]
  readonly answerer: (workers: readonly RungWorker[]) => ReturnType<typeof createRingAnswerer>
}

function createWorld(): World {
  const clock = createFakeClock()
  const rings: (readonly [string, number])[] = []
  const doorbell: Doorbell = { ring: async (queue, inMs) => void rings.push([queue, inMs]) }
  const backend = { ...memory({ clock, random: createSeededRandom() }), doorbell }
  return {
    clock,
    backend,
    rings,
    answerer: (workers) => createRingAnswerer({ backend, workers, timeLimitMs: 1000, clock }),
  }
}

const due = { queue: 'q', afterMs: 0 }

test('createRingAnswerer() works the queue that rang and is silent when nothing waits', async () => {
  const { answerer, rings } = createWorld()
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
  expect(rings).toEqual([])
})

test('createRingAnswerer() rings for what waits for its time, and for leases that may be lost', async () => {
  const { answerer, rings, backend } = createWorld()
  const queue = backend.ledger.queue('q')
  const answer = answerer([{ queue: 'q', drain: async () => 1 }])
  await queue.add([{ name: 'n', data: 1, delayMs: 7000 }])
  expect(await answer(due)).toEqual({ kind: 'worked', settled: 1, wakeInMs: 7000 })
  await queue.add([{ name: 'n', data: 1 }])
  await queue.exchange({ claim: { limit: 1, leaseMs: 3000 } })
  expect(await answer(due)).toMatchObject({ wakeInMs: 3000 })
  expect(rings).toEqual([
    ['q', 7000],
    ['q', 3000],
  ])
})

test('createRingAnswerer() rings for each queue of a worker, whichever of them rang', async () => {
  const { answerer, rings, backend } = createWorld()
  const processors = [{ queue: 'q' }, { queue: 'q.schedules' }]
  const answer = answerer([{ processors, drain: async () => 1 }])
  await backend.ledger.queue('q').add([{ name: 'n', data: 1, delayMs: 9000 }])
  await backend.ledger.queue('q.schedules').add([{ name: 'n', data: 1, delayMs: 4000 }])
  expect(await answer(due)).toEqual({ kind: 'worked', settled: 1, wakeInMs: 4000 })
  expect(new Map(rings)).toEqual(
    new Map([
      ['q', 9000],
      ['q.schedules', 4000],
    ]),
  )
})

test('createRingAnswerer() rings at once for jobs that came meanwhile, and later for those it could not take', async () => {
  const { answerer, rings, backend } = createWorld()
  await backend.ledger.queue('q').add([{ name: 'n', data: 1 }])
  await answerer([{ queue: 'q', drain: async () => 5 }])(due)
  await answerer([{ queue: 'q', drain: async () => 0 }])(due)
  expect(rings).toEqual([
    ['q', 0],
    ['q', 60_000],
  ])
})

test('createRingAnswerer() does not ring for a paused queue', async () => {
  const { answerer, rings, backend } = createWorld()
  const queue = backend.ledger.queue('q')
  await queue.add([{ name: 'n', data: 1 }])
  await queue.command({ type: 'pause' })
  expect(await answerer([{ queue: 'q', drain: async () => 0 }])(due)).toMatchObject({
    wakeInMs: null,
  })
  expect(rings).toEqual([])
})

test('createRingAnswerer() answers after the time limit and rings anew', async () => {
  const { answerer, rings, clock } = createWorld()
  const answering = answerer([{ queue: 'q', drain: () => new Promise(() => undefined) }])(due)
  await clock.advance(1000)
  expect(await answering).toEqual({ kind: 'worked', settled: null, wakeInMs: 0 })
  expect(rings).toEqual([['q', 0]])
})

test('createRingAnswerer() sends a ring that came early on its way again, without work', async () => {
  const { answerer, rings } = createWorld()
  const answer = answerer([{ queue: 'q', drain: () => Promise.reject(new Error('not yet')) }])
  expect(await answer({ queue: 'q', afterMs: 123 })).toEqual({ kind: 'early' })
  expect(rings).toEqual([['q', 123]])
})

test('createRingAnswerer() rejects when the queue or its next ring fails, and knows its own queues alone', async () => {
  const { answerer, backend, clock } = createWorld()
  const failing: RungWorker = { queue: 'q', drain: () => Promise.reject(new Error('unreachable')) }
  await expect(answerer([failing])(due)).rejects.toThrow('unreachable')
  const mute = { ...backend, doorbell: { ring: () => Promise.reject(new Error('no bell')) } }
  await backend.ledger.queue('q').add([{ name: 'n', data: 1 }])
  const answer = createRingAnswerer({
    backend: mute,
    workers: [{ queue: 'q', drain: async () => 1 }],
    timeLimitMs: 1000,
    clock,
  })
  await expect(answer(due)).rejects.toThrow('no bell')
  expect(await answer({ queue: 'constructor', afterMs: 0 })).toEqual({ kind: 'unknown_queue' })
  expect(() => answerer([failing, { processors: [{ queue: 'q' }], drain: failing.drain }])).toThrow(
    RangeError,
  )
})
