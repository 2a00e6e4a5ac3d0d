import { expect, test, vi } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../backends/memory/index.ts'
import type { Clock } from '../ports/platform/clock.ts'
import { BackendError } from '../ports/backend-error.ts'
import type { ClaimedJob, QueueStore } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { JobControl } from '../ports/job-store/job-processor.ts'
import { createJobWorker, type JobWorkerOptions } from './job-worker.ts'

const DONE: JobOutcome = { to: 'completed' }

/** A queue, and a processor whose jobs end when the test says so. */
function setUp(options: Partial<JobWorkerOptions> = {}) {
  const clock = createFakeClock()
  const backend = memory({ clock, random: createSeededRandom() })
  const jobStore = backend.jobStore.queue('q')
  const started: {
    readonly job: ClaimedJob
    readonly control: JobControl
    readonly end: (outcome: JobOutcome) => void
  }[] = []
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      process: (job, control) => new Promise((end) => void started.push({ job, control, end })),
    },
    jobStore,
    clock,
    waker: backend.waker,
    lease: 9000,
    ...options,
  })
  const stop = new AbortController()
  const run = (): Promise<void> => worker.run({ signal: stop.signal })
  return { clock, backend, jobStore, started, worker, stop, run }
}

async function stateOf(jobStore: QueueStore, id: string): Promise<string | undefined> {
  return (await jobStore.get(id))?.state
}

test('run() starts a job as soon as the waker wakes, without waiting', async () => {
  const { clock, backend, jobStore, started, stop, run } = setUp()
  const running = run()
  await clock.advance(0)
  await jobStore.add([{ name: 'n', data: null }])
  await backend.waker.wake('q', 0)
  await clock.advance(0)
  expect(started).toHaveLength(1)
  started[0]?.end(DONE)
  stop.abort()
  await clock.advance(0)
  await running
  expect((await jobStore.counts()).active).toBe(0)
})

test('run() asks nothing of the job store when the waker wakes while it has no room', async () => {
  const { clock, backend, jobStore, started, stop, run } = setUp({ concurrency: 1 })
  await jobStore.add([
    { name: 'n', data: 1 },
    { name: 'n', data: 2 },
  ])
  const exchange = vi.spyOn(jobStore, 'exchange')
  const running = run()
  await clock.advance(0)
  expect(started).toHaveLength(1)
  const asked = exchange.mock.calls.length
  await backend.waker.wake('q', 0)
  await clock.advance(0)
  expect(exchange.mock.calls).toHaveLength(asked)
  started[0]?.end(DONE)
  await clock.advance(0)
  expect(started).toHaveLength(2)
  started[1]?.end(DONE)
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() looks by itself when the wake was lost', async () => {
  const { clock, jobStore, started, stop, run } = setUp({ maxWait: 5000 })
  const running = run()
  await clock.advance(1)
  await jobStore.add([{ name: 'n', data: null }])
  await clock.advance(4998)
  expect(started).toHaveLength(0)
  await clock.advance(1)
  expect(started).toHaveLength(1)
  started[0]?.end(DONE)
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() starts a delayed job when it falls due', async () => {
  const { clock, jobStore, started, stop, run } = setUp()
  await jobStore.add([{ name: 'n', data: null, delayMs: 1234 }])
  const running = run()
  await clock.advance(1233)
  expect(started).toHaveLength(0)
  await clock.advance(1)
  expect(started).toHaveLength(1)
  started[0]?.end(DONE)
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() renews the lease of a long job, and publishes its progress', async () => {
  const { clock, jobStore, started, stop, run } = setUp()
  const { jobs } = await jobStore.add([{ name: 'n', data: null, keepCompletedMs: 60_000 }])
  const id = jobs[0]?.id ?? ''
  const running = run()
  await clock.advance(0)
  started[0]?.control.progress({ done: 0.2 })
  started[0]?.control.progress({ done: 0.5 })
  await clock.advance(500)
  expect((await jobStore.get(id))?.progress).toEqual({ done: 0.5 })
  started[0]?.control.progress({ done: 0.8 })
  await clock.advance(500)
  expect((await jobStore.get(id))?.progress).toEqual({ done: 0.8 })
  await clock.advance(60_000)
  expect(started).toHaveLength(1)
  expect(started[0]?.control.signal.aborted).toBe(false)
  started[0]?.end(DONE)
  await clock.advance(0)
  expect(await stateOf(jobStore, id)).toBe('completed')
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() asks once for each renewal, on a clock whose timers count whole milliseconds', async () => {
  const fake = createFakeClock()
  // As Node's and the others' do: a wake a fraction too early would ask in vain, and again.
  const clock: Clock = {
    now: fake.now,
    setTimer: (wake, delayMs) => fake.setTimer(wake, Math.max(Math.trunc(delayMs), 1)),
  }
  const inner = memory({ clock, random: createSeededRandom() }).jobStore.queue('q')
  const asked: number[] = []
  const jobStore: QueueStore = {
    ...inner,
    exchange(exchange) {
      asked.push(exchange.extend?.length ?? 0)
      return inner.exchange(exchange)
    },
  }
  const { started, stop, run } = setUp({ jobStore, clock, lease: 10_000, maxWait: 3_600_000 })
  await jobStore.add([{ name: 'n', data: null }])
  const running = run()
  await fake.advance(30_000)
  expect(asked).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1])
  started[0]?.end(DONE)
  stop.abort()
  await fake.advance(0)
  await running
})

test('run() aborts a job that was cancelled, and one whose lease another worker took', async () => {
  const { clock, jobStore, started, stop, run } = setUp()
  const { jobs } = await jobStore.add([
    { name: 'cancelled', data: null },
    { name: 'taken', data: null, maxAttempts: 5 },
  ])
  const running = run()
  await clock.advance(0)
  await jobStore.command({ type: 'cancel', ids: [jobs[0]?.id ?? ''] })
  const taken = started[1]?.job
  await jobStore.exchange({
    settle: [
      {
        id: taken?.id ?? '',
        token: taken?.token ?? 0,
        outcome: { to: 'scheduled', delayMs: 99_000 },
      },
    ],
  })
  await clock.advance(3000)
  expect(started[0]?.control.signal.reason).toMatchObject({ code: 'cancelled' })
  expect(started[1]?.control.signal.reason).toMatchObject({ code: 'lease_lost' })
  started[0]?.end({ to: 'cancelled' })
  started[1]?.end(DONE)
  await clock.advance(0)
  expect(await stateOf(jobStore, jobs[0]?.id ?? '')).toBe('cancelled')
  expect(await stateOf(jobStore, jobs[1]?.id ?? '')).toBe('scheduled')
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() lets running jobs finish when stopped, and takes no more', async () => {
  const { clock, jobStore, started, stop, run } = setUp({ concurrency: 1 })
  await jobStore.add([
    { name: 'first', data: null },
    { name: 'second', data: null },
  ])
  const running = run()
  await clock.advance(0)
  stop.abort()
  await clock.advance(5000)
  started[0]?.end(DONE)
  await clock.advance(0)
  await running
  expect(started).toHaveLength(1)
  expect((await jobStore.counts()).ready).toBe(1)
})

test('run() gives a job back, attempt unspent, when it does not finish within the grace', async () => {
  const { clock, jobStore, started, stop, run } = setUp({ grace: 2000 })
  const { jobs } = await jobStore.add([{ name: 'n', data: null }])
  const running = run()
  await clock.advance(0)
  stop.abort()
  await clock.advance(2000)
  await running
  expect(started[0]?.control.signal.reason).toMatchObject({ code: 'stopping' })
  const record = await jobStore.get(jobs[0]?.id ?? '')
  expect([record?.state, record?.attempt]).toEqual(['ready', 0])
})

test('run() goes on when the job store fails, and settles what it could not', async () => {
  const errors: unknown[] = []
  const { clock, backend, jobStore, stop } = setUp()
  let down = false
  let failed = 0
  const flaky: QueueStore = {
    ...jobStore,
    async exchange(exchange) {
      if (down) failed++
      if (down)
        throw new BackendError('backend_unavailable', 'Cannot reach job store: connection refused')
      return jobStore.exchange(exchange)
    },
  }
  const ends: ((outcome: JobOutcome) => void)[] = []
  const worker = createJobWorker({
    processor: { queue: 'q', process: () => new Promise((end) => void ends.push(end)) },
    jobStore: flaky,
    clock,
    waker: backend.waker,
    onError: (error) => errors.push(error),
  })
  const { jobs } = await jobStore.add([{ name: 'n', data: null, keepCompletedMs: 60_000 }])
  const running = worker.run({ signal: stop.signal })
  await clock.advance(0)
  down = true
  ends[0]?.(DONE)
  await clock.advance(1000)
  expect(failed).toBeGreaterThan(1)
  expect(failed).toBeLessThan(10)
  expect(errors).toHaveLength(1)
  down = false
  await clock.advance(5000)
  expect(await stateOf(jobStore, jobs[0]?.id ?? '')).toBe('completed')
  stop.abort()
  await clock.advance(0)
  await running
})

test('onError hears of an outage when it begins, of each twelfth try from then on, and of the next one', async () => {
  const errors: unknown[] = []
  const { clock, jobStore, stop, backend } = setUp()
  let down = true
  let tries = 0
  const worker = createJobWorker({
    processor: { queue: 'q', process: async () => DONE },
    jobStore: {
      ...jobStore,
      exchange: (exchange) =>
        down && ++tries > 0
          ? Promise.reject(new BackendError('backend_unavailable', 'Cannot reach job store'))
          : jobStore.exchange(exchange),
    },
    clock,
    waker: backend.waker,
    onError: (error) => errors.push(error),
  })
  const running = worker.run({ signal: stop.signal })
  await clock.advance(10_000)
  expect([errors.length, tries > 5]).toEqual([1, true])
  await clock.advance(240_000)
  expect(errors).toHaveLength(Math.ceil(tries / 12))
  const before = errors.length
  down = false
  await clock.advance(10_000)
  down = true
  await clock.advance(10_000)
  expect(errors).toHaveLength(before + 1)
  stop.abort()
  await clock.advance(0)
  await running
})

test('run() aborts a job whose lease it could not renew in time', async () => {
  const { clock, jobStore, started, stop, backend } = setUp()
  let down = false
  const flaky: QueueStore = {
    ...jobStore,
    async exchange(exchange) {
      if (down)
        throw new BackendError('backend_unavailable', 'Cannot reach job store: connection refused')
      return jobStore.exchange(exchange)
    },
  }
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      process: (job, control) => new Promise((end) => void started.push({ job, control, end })),
    },
    jobStore: flaky,
    clock,
    waker: backend.waker,
    lease: 9000,
  })
  await jobStore.add([{ name: 'n', data: null }])
  const running = worker.run({ signal: stop.signal })
  await clock.advance(0)
  down = true
  await clock.advance(20_000)
  expect(started[0]?.control.signal.reason).toMatchObject({ code: 'lease_lost' })
  down = false
  stop.abort()
  await clock.advance(10_000)
  await running
})

test('drain() counts what it settled, runs what a job adds, and leaves delayed jobs', async () => {
  const { jobStore, clock } = setUp()
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      async process(job) {
        if (job.name === 'parent') await jobStore.add([{ name: 'child', data: null }])
        return DONE
      },
    },
    jobStore,
    clock,
  })
  await jobStore.add([
    { name: 'parent', data: null },
    { name: 'later', data: null, delayMs: 1000 },
  ])
  expect(await worker.drain()).toBe(2)
  expect((await jobStore.counts()).scheduled).toBe(1)
})

test('a processor that rejects fails the attempt and is told of', async () => {
  const errors: unknown[] = []
  const { jobStore, clock } = setUp()
  const worker = createJobWorker({
    processor: { queue: 'q', process: () => Promise.reject(new Error('bug')) },
    jobStore,
    clock,
    onError: (error) => errors.push(error),
  })
  const { jobs } = await jobStore.add([{ name: 'n', data: null, maxAttempts: 2 }])
  await worker.drain()
  expect(await stateOf(jobStore, jobs[0]?.id ?? '')).toBe('scheduled')
  await clock.advance(3_600_000)
  await worker.drain()
  expect(await stateOf(jobStore, jobs[0]?.id ?? '')).toBe('dead')
  expect(errors).toHaveLength(2)
})

test('createJobWorker() refuses options out of range', () => {
  expect(() => setUp({ concurrency: 0 })).toThrow(RangeError)
  expect(() => setUp({ lease: 99 })).toThrow(RangeError)
  expect(() => setUp({ maxWait: Number.NaN })).toThrow(RangeError)
})

test('an outcome that the job store refuses makes its job dead, and harms no other', async () => {
  const { jobStore, clock } = setUp()
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      async process({ name }) {
        return { to: 'completed', result: name === 'big' ? 'x'.repeat(2_000_000) : 1 }
      },
    },
    jobStore,
    clock,
  })
  const { jobs } = await jobStore.add([
    { name: 'big', data: null },
    { name: 'fine', data: null, keepCompletedMs: 1000 },
  ])
  await worker.drain()
  const [big, fine] = await Promise.all(jobs.map(({ id }) => jobStore.get(id)))
  expect([big?.state, fine?.state]).toEqual(['dead', 'completed'])
  expect(big?.lastError).toMatchObject({ code: 'outcome_refused' })
})
