import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../backends/memory/index.ts'
import { BackendError } from '../ports/backend-error.ts'
import type { QueueStore } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { JobControl } from '../ports/job-store/job-processor.ts'
import type { Clock } from '../ports/platform/clock.ts'
import { createJobWorker, type JobWorkerOptions } from './job-worker.ts'

const LEASE_MS = 9000

interface Fixture {
  readonly clock: FakeClock
  readonly jobStore: QueueStore
  readonly id: string
  readonly started: { readonly control: JobControl; readonly end: (outcome: JobOutcome) => void }[]
  /** How many exchanges have renewed something. */
  readonly renewals: () => number
  /** What the job store does from now on, when it is asked by the worker. */
  readonly behave: (how: 'answer' | 'hang' | 'fail' | number) => void
  readonly stop: AbortController
  /** Resolves when the worker has stopped, with the time at which it did. */
  readonly stopped: Promise<number>
}

/**
 * A worker with one job, on a job store that answers as the test says: a number is how late, in ms.
 */
async function setUp(
  options: Partial<JobWorkerOptions> = {},
  first: 'answer' | number = 'answer',
): Promise<Fixture> {
  const clock = createFakeClock()
  const jobStore = memory({ clock, random: createSeededRandom() }).jobStore.queue('q')
  const { jobs } = await jobStore.add([{ name: 'n', data: null, maxAttempts: 1 }])
  const started: Fixture['started'] = []
  const stop = new AbortController()
  let how: 'answer' | 'hang' | 'fail' | number = first
  let renewals = 0
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      process: (_, control) => new Promise((end) => void started.push({ control, end })),
    },
    jobStore: {
      ...jobStore,
      async exchange(exchange) {
        const now = how
        if (now === 'fail') throw new BackendError('backend_unavailable', 'Cannot reach it')
        if (now === 'hang') return new Promise(() => undefined)
        const answer = await jobStore.exchange(exchange)
        if ((exchange.extend?.length ?? 0) > 0) renewals++
        if (typeof now === 'number')
          await new Promise<void>((resolve) => clock.setTimer(resolve, now))
        return answer
      },
    },
    clock,
    lease: LEASE_MS,
    ...options,
  })
  const running = worker.run({ signal: stop.signal })
  await clock.advance(0)
  return {
    clock,
    jobStore,
    id: jobs[0]?.id ?? '',
    started,
    renewals: () => renewals,
    behave: (next) => void (how = next),
    stop,
    stopped: running.then(() => clock.elapsed()),
  }
}

function reasonOf({ started }: Fixture): unknown {
  return started[0]?.control.signal.reason
}

test('a handler hears that its lease is lost when that ends, whatever the job store does', async () => {
  for (const trouble of ['hang', 'fail'] as const) {
    const fixture = await setUp()
    const { clock, behave } = fixture
    await clock.advance(LEASE_MS / 3)
    behave(trouble)
    await clock.advance(LEASE_MS - 1)
    expect(reasonOf(fixture)).toBeUndefined()
    await clock.advance(1)
    expect(reasonOf(fixture)).toMatchObject({ code: 'lease_lost' })
  }
})

test('a handler hears that its lease is lost also while its worker stops', async () => {
  const fixture = await setUp({ grace: 60_000 })
  const { clock, behave, stop } = fixture
  behave('hang')
  stop.abort()
  await clock.advance(LEASE_MS)
  expect(reasonOf(fixture)).toMatchObject({ code: 'lease_lost' })
})

test('the grace is kept whatever the job store does', async () => {
  for (const trouble of ['hang', 'fail'] as const) {
    const fixture = await setUp({ grace: 1000 })
    const { clock, behave, stop, stopped } = fixture
    behave(trouble)
    await clock.advance(LEASE_MS / 3)
    stop.abort()
    await clock.advance(1000)
    expect(reasonOf(fixture)).toMatchObject({ code: 'stopping' })
    await clock.advance(500)
    expect(await stopped).toBe(LEASE_MS / 3 + 1500)
  }
})

test('an outcome that cannot be written is tried again until the grace is over', async () => {
  const { clock, jobStore, id, started, behave, stop, stopped } = await setUp({ grace: 10_000 })
  behave('fail')
  started[0]?.end({ to: 'scheduled', delayMs: 5000, refund: true })
  stop.abort()
  await clock.advance(6000)
  behave('answer')
  await clock.advance(4000)
  expect(await stopped).toBeLessThanOrEqual(10_000)
  expect(await jobStore.get(id)).toMatchObject({ state: 'scheduled', attempt: 0 })
})

test('a worker with nothing to do stops at once, although the job store fails', async () => {
  const { clock, started, behave, stop, stopped } = await setUp()
  started[0]?.end({ to: 'completed' })
  await clock.advance(0)
  behave('fail')
  await clock.advance(60_000)
  stop.abort()
  await clock.advance(0)
  expect(await stopped).toBe(60_000)
})

test('a stop gives a job back at once where no grace is given, its attempt unspent', async () => {
  const { clock, jobStore, id, stop, stopped } = await setUp({ grace: 0 })
  stop.abort()
  await clock.advance(1)
  expect(await stopped).toBeLessThanOrEqual(1)
  expect(await jobStore.get(id)).toMatchObject({ state: 'ready', attempt: 0 })
})

test('a claim whose answer comes after the stop is given back, not begun', async () => {
  const { clock, jobStore, id, started, stop, stopped } = await setUp({}, 100)
  stop.abort()
  await clock.advance(300)
  await stopped
  expect(started).toHaveLength(0)
  expect(await jobStore.get(id)).toMatchObject({ state: 'ready', attempt: 0 })
})

test('a claim whose answer comes after its lease has ended is given back, not begun', async () => {
  const { clock, jobStore, id, started, behave } = await setUp({}, LEASE_MS + 1)
  behave('hang')
  await clock.advance(LEASE_MS + 1)
  expect(started).toHaveLength(0)
  expect((await jobStore.get(id))?.state).toBe('active')
  const again = await setUp({}, LEASE_MS + 1)
  again.behave('answer')
  await again.clock.advance(LEASE_MS + 1)
  // Given back, and then claimed anew by an answer that comes in time: it is its one attempt.
  expect(again.started).toHaveLength(1)
  expect(await again.jobStore.get(again.id)).toMatchObject({ state: 'active', attempt: 1 })
})

test('a job is renewed and not aborted, whichever way the wall clock of its worker is set', async () => {
  for (const hasElapsed of [true, false]) {
    for (const stepMs of [-60_000, 60_000]) {
      const fake = createFakeClock()
      let wallMs = 0
      const clock: Clock = {
        now: () => fake.now() + wallMs,
        setTimer: fake.setTimer,
        ...(hasElapsed && { elapsed: fake.elapsed }),
      }
      const jobStore = memory({ clock: fake, random: createSeededRandom() }).jobStore.queue('q')
      const { jobs } = await jobStore.add([{ name: 'n', data: null }])
      const signals: AbortSignal[] = []
      const worker = createJobWorker({
        processor: {
          queue: 'q',
          process: (_, { signal }) => new Promise(() => void signals.push(signal)),
        },
        jobStore,
        clock,
        lease: LEASE_MS,
      })
      void worker.run({ signal: new AbortController().signal })
      await fake.advance(1000)
      wallMs = stepMs
      await fake.advance(10 * LEASE_MS)
      expect([signals.length, signals[0]?.aborted]).toEqual([1, false])
      expect(await jobStore.get(jobs[0]?.id ?? '')).toMatchObject({ state: 'active', attempt: 1 })
    }
  }
})

test('a job whose event loop was blocked goes on if nobody has taken it, and is aborted if somebody has', async () => {
  for (const taken of [false, true]) {
    const fixture = await setUp()
    const { clock, jobStore, id } = fixture
    clock.block(LEASE_MS + 1)
    // At the end of its only attempt: whoever looks takes it back, and then it is dead.
    if (taken) await jobStore.exchange({})
    await clock.advance(0)
    expect(reasonOf(fixture) ?? null).toEqual(
      taken ? expect.objectContaining({ code: 'lease_lost' }) : null,
    )
    expect((await jobStore.get(id))?.state).toBe(taken ? 'dead' : 'active')
  }
})

test('what a handler came to while it blocked the event loop is settled, unless another has the job', async () => {
  const { clock, jobStore, id, started } = await setUp()
  clock.block(LEASE_MS + 1)
  started[0]?.end({ to: 'scheduled', delayMs: 1000, refund: true })
  await clock.advance(0)
  expect(await jobStore.get(id)).toMatchObject({ state: 'scheduled', attempt: 0 })
})

test('callbacks that throw end nothing, and onError hears of what onSettled throws', async () => {
  const heard: unknown[] = []
  const { clock, jobStore, id, started } = await setUp({
    onSettled: () => {
      throw new Error('onSettled')
    },
    onError: (error) => {
      heard.push(String(error))
      throw new Error('onError')
    },
  })
  started[0]?.end({ to: 'scheduled', delayMs: 1000, refund: true })
  await clock.advance(0)
  expect(await jobStore.get(id)).toMatchObject({ state: 'scheduled' })
  await clock.advance(1000)
  expect([started.length, heard]).toEqual([2, ['Error: onSettled']])
})
