import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../backends/memory/index.ts'
import { BackendError } from '../ports/backend-error.ts'
import type { Exchange, QueueStore } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import { createJobWorker } from './job-worker.ts'

const DONE: JobOutcome = { to: 'completed' }

/** A worker of 4 over a job store that answers when the test says so, and its jobs. */
async function setUp(jobs: number, overlaps = true) {
  const clock = createFakeClock()
  const inner = memory({ clock, random: createSeededRandom() }).jobStore.queue('q')
  await inner.add(Array.from({ length: jobs }, (_, data) => ({ name: 'n', data })))
  const waiting: { readonly asked: Exchange; answer(): void; fail(): void }[] = []
  const jobStore: QueueStore = {
    ...inner,
    overlaps,
    async exchange(asked) {
      const gate = Promise.withResolvers<void>()
      waiting.push({
        asked,
        answer: () => gate.resolve(),
        fail: () => gate.reject(new BackendError('backend_unavailable', 'Cannot reach job store')),
      })
      await gate.promise
      return inner.exchange(asked)
    },
  }
  const ends: (() => void)[] = []
  const errors: unknown[] = []
  const settled: string[] = []
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      process: () => new Promise((resolve) => void ends.push(() => resolve(DONE))),
    },
    jobStore,
    clock,
    concurrency: 4,
    grace: 0,
    onSettled: (_, outcome, fate) => settled.push(`${outcome.to} ${fate}`),
    onError: (error) => errors.push(error),
  })
  const stop = new AbortController()
  const running = worker.run({ signal: stop.signal })
  const answer = async (): Promise<void> => {
    waiting.shift()?.answer()
    await clock.advance(1)
  }
  const fail = async (): Promise<void> => {
    waiting.shift()?.fail()
    await clock.advance(1)
  }
  const claims = (): readonly (number | undefined)[] =>
    waiting.map(({ asked }) => asked.claim?.limit)
  /** Answers all that is asked, until nothing is. */
  const finish = async (): Promise<void> => {
    stop.abort()
    for (let turn = 0; turn < 20; turn++) await answer()
    await running
  }
  return { inner, ends, errors, settled, stop, answer, fail, claims, finish, clock }
}

test('a worker with a backlog has two exchanges on their way, never for more than it may run', async () => {
  const { ends, answer, claims, finish, clock } = await setUp(20)
  await clock.advance(1)
  expect(claims()).toEqual([2])
  await answer()
  expect(ends).toHaveLength(2)
  expect(claims()).toContain(2)
  expect(claims().length).toBeLessThanOrEqual(2)
  for (let round = 0; round < 10; round++) {
    for (const end of ends) end()
    await clock.advance(1)
    expect(claims().length).toBeLessThanOrEqual(2)
    const claimed = claims().reduce<number>((sum, limit) => sum + (limit ?? 0), 0)
    expect(claimed).toBeLessThanOrEqual(4)
    await answer()
  }
  await finish()
})

test('a worker without a backlog asks once at a time, and so does one whose jobs end singly', async () => {
  const few = await setUp(1)
  await few.clock.advance(1)
  await few.answer()
  expect(few.claims()).toHaveLength(0)
  few.ends[0]?.()
  await few.clock.advance(1)
  expect(few.claims()).toEqual([2])
  await few.answer()
  expect(few.claims()).toHaveLength(0)
  await few.finish()

  const many = await setUp(50)
  await many.clock.advance(1)
  for (let turn = 0; turn < 4; turn++) await many.answer()
  expect(many.ends).toHaveLength(4)
  for (let ended = 0; ended < 10; ended++) {
    many.ends[ended]?.()
    await many.clock.advance(1)
    expect(many.claims()).toEqual([1])
    await many.answer()
    expect(many.claims()).toEqual([])
  }
  await many.finish()
})

test('what a second exchange brings after the stop begins nothing and is given back', async () => {
  const { inner, ends, answer, claims, stop, finish, clock } = await setUp(20)
  await clock.advance(1)
  await answer()
  expect(claims()).toHaveLength(1)
  stop.abort()
  await finish()
  expect(ends).toHaveLength(2)
  expect(await inner.counts()).toMatchObject({ active: 0, ready: 20 })
})

test('an exchange that fails beside another loses no outcome and tells none twice', async () => {
  const { inner, ends, errors, settled, answer, fail, claims, finish, clock } = await setUp(6)
  await clock.advance(1)
  await answer()
  for (const end of ends) end()
  await clock.advance(1)
  while (claims().length > 0) await fail()
  expect(errors.length).toBeGreaterThan(0)
  await clock.advance(200)
  for (let turn = 0; turn < 10; turn++) {
    await answer()
    for (const end of ends) end()
    await clock.advance(200)
  }
  expect(settled).toEqual(Array.from({ length: 6 }, () => 'completed settled'))
  expect(await inner.counts()).toMatchObject({ active: 0, ready: 0 })
  await finish()
})

test('over a job store that gains nothing by it, a worker asks for all at once', async () => {
  const { answer, claims, finish, clock } = await setUp(20, false)
  await clock.advance(1)
  expect(claims()).toEqual([4])
  await answer()
  expect(claims()).toEqual([])
  await finish()
})

test('a worker whose second exchange is not answered asks no more often for that', async () => {
  const clock = createFakeClock()
  const inner = memory({ clock, random: createSeededRandom() }).jobStore.queue('q')
  await inner.add(Array.from({ length: 2 }, (_, data) => ({ name: 'n', data })))
  let calls = 0
  const jobStore: QueueStore = {
    ...inner,
    overlaps: true,
    async exchange(asked) {
      // The second claim; and whoever asks on and on is not to keep the test from its end.
      if (++calls === 2 || calls > 100) return new Promise(() => undefined)
      return inner.exchange(asked)
    },
  }
  const stop = new AbortController()
  const worker = createJobWorker({
    processor: { queue: 'q', process: async () => DONE },
    jobStore,
    clock,
    concurrency: 4,
    grace: 0,
    maxWait: '1s',
  })
  const running = worker.run({ signal: stop.signal })
  await clock.advance(9000)
  expect(calls).toBeGreaterThan(3)
  expect(calls).toBeLessThan(20)
  stop.abort()
  await clock.advance(1000)
  await running
})
