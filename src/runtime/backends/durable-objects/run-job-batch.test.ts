import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { memory } from '../memory/index.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  NewJob,
  QueueStore,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobControl } from '../../ports/job-store/job-processor.ts'
import { runJobBatch } from './run-job-batch.ts'

type Process = (job: ClaimedJob, control: JobControl) => Promise<JobOutcome>

const LEASE_MS = 9000
const DONE: JobOutcome = { to: 'completed' }

interface Bench {
  readonly queue: QueueStore
  readonly clock: FakeClock
  /** What was handed in on the way. */
  readonly exchanges: Exchange[]
  /** What went wrong beside the outcomes. */
  readonly errors: unknown[]
  /** Set to let exchanges fail. */
  failure: Error | null
  run(process: Process, lateMs?: number): Promise<readonly Settlement[]>
}

async function open(jobs: readonly NewJob[]): Promise<Bench> {
  const clock = createFakeClock()
  const queue = memory({ clock }).jobStore.queue('q')
  await queue.add(jobs)
  const { claimed } = await queue.exchange({ claim: { limit: 100, leaseMs: LEASE_MS } })
  const bench: Bench = {
    queue,
    clock,
    exchanges: [],
    errors: [],
    failure: null,
    run: (process, lateMs = 0) =>
      runJobBatch({
        lateMs,
        jobs: claimed,
        processor: { queue: 'q', process },
        onError: (error) => bench.errors.push(error),
        leaseMs: LEASE_MS,
        clock,
        exchange: (request): Promise<ExchangeResult> => {
          bench.exchanges.push(request)
          return bench.failure === null ? queue.exchange(request) : Promise.reject(bench.failure)
        },
      }),
  }
  return bench
}

function named(...names: string[]): NewJob[] {
  return names.map((name) => ({ name, data: 1, maxAttempts: 5, keepCompletedMs: 1000 }))
}

const abortOf = ({ signal }: JobControl): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)))

test('runJobBatch() answers with all outcomes of quick jobs, and hands in nothing before', async () => {
  const bench = await open(named('a', 'b'))
  const settlements = await bench.run(async ({ name }) => ({ to: 'completed', result: name }))
  expect(settlements.map(({ outcome }) => outcome)).toEqual([
    { to: 'completed', result: 'a' },
    { to: 'completed', result: 'b' },
  ])
  expect(bench.exchanges).toEqual([])
})

test('runJobBatch() hands in quick outcomes ahead of slow jobs, and renews those', async () => {
  const bench = await open(named('quick', 'slow'))
  const release = Promise.withResolvers<JobOutcome>()
  const all = bench.run(async ({ name }, { progress }) => {
    progress({ of: name })
    return name === 'quick' ? DONE : release.promise
  })
  await bench.clock.advance(250)
  expect(await bench.queue.counts()).toMatchObject({ completed: 1, active: 1 })
  const [slow] = (await bench.queue.list({ state: 'active' })).jobs
  expect(slow).toMatchObject({ name: 'slow', attempt: 1, progress: { of: 'slow' } })
  await bench.clock.advance(20_000)
  expect(await bench.queue.counts()).toMatchObject({ active: 1 })
  expect(bench.exchanges.filter(({ extend = [] }) => extend.length > 0)).toHaveLength(7)
  release.resolve(DONE)
  expect(await all).toHaveLength(1)
})

test('runJobBatch() aborts a cancelled job, whose outcome still counts', async () => {
  const bench = await open(named('a'))
  const reasons: unknown[] = []
  const all = bench.run(async (_job, control) => {
    reasons.push(await abortOf(control))
    return { to: 'cancelled' }
  })
  const [job] = (await bench.queue.list({ state: 'active' })).jobs
  await bench.queue.command({ type: 'cancel', ids: [job?.id ?? ''] })
  await bench.clock.advance(3000)
  expect(reasons).toMatchObject([{ name: 'JobAbortError', code: 'cancelled' }])
  expect(await all).toMatchObject([{ outcome: { to: 'cancelled' } }])
})

test('runJobBatch() aborts a job whose lease is lost, and forgets its outcome', async () => {
  const bench = await open(named('a'))
  const reasons: unknown[] = []
  const all = bench.run(async (_job, control) => {
    reasons.push(await abortOf(control))
    return DONE
  })
  const [job] = (await bench.queue.list({ state: 'active' })).jobs
  const id = job?.id ?? ''
  const token = job?.token ?? 0
  await bench.queue.exchange({
    settle: [{ id, token, outcome: { to: 'scheduled', delayMs: 0 } }],
  })
  await bench.clock.advance(3000)
  expect(reasons).toMatchObject([{ code: 'lease_lost' }])
  expect(await all).toEqual([])
})

test('runJobBatch() goes on while the object cannot be reached, until the lease is over', async () => {
  const bench = await open(named('quick', 'slow'))
  const reasons: unknown[] = []
  bench.failure = new Error('unreachable')
  const all = bench.run(async ({ name }, control) => {
    if (name === 'slow') reasons.push(await abortOf(control))
    return DONE
  })
  await bench.clock.advance(8999)
  expect(reasons).toEqual([])
  await bench.clock.advance(1)
  expect(reasons).toMatchObject([{ code: 'lease_lost' }])
  // The outcome that could not be handed in is answered; whether it still counts, the job store
  // decides.
  expect(await all).toMatchObject([{ outcome: DONE }])
})

test('runJobBatch() makes an outcome of what the job store would refuse, and of a rejection', async () => {
  const bench = await open(named('large', 'bigint', 'never', 'rejects'))
  const settlements = await bench.run(async ({ name }) => {
    if (name === 'large') return { to: 'completed', result: 'x'.repeat(1_048_577) }
    if (name === 'bigint') return { to: 'dead', error: 1n as unknown as number }
    if (name === 'never') return { to: 'scheduled', delayMs: Number.NaN }
    throw new Error('no such table')
  })
  const outcomes = settlements.map(({ outcome }) => outcome)
  expect(outcomes.slice(0, 3)).toMatchObject(
    Array.from({ length: 3 }, () => ({ to: 'dead', error: { code: 'outcome_refused' } })),
  )
  expect(outcomes[3]).toMatchObject({
    to: 'scheduled',
    delayMs: 2000,
    error: { code: 'processor_failed', message: 'no such table' },
  })
  expect(bench.errors).toEqual([new Error('no such table')])
  await bench.queue.exchange({ settle: settlements })
})

test('progress() refuses what is not JSON, and the batch goes on', async () => {
  const bench = await open(named('a'))
  const settlements = await bench.run(async (_job, { progress }) => {
    expect(() => progress(undefined as unknown as null)).toThrow(TypeError)
    expect(() => progress('x'.repeat(1_048_577))).toThrow(RangeError)
    return DONE
  })
  expect(settlements).toMatchObject([{ outcome: DONE }])
})

test('runJobBatch() hands in large outcomes in parts', async () => {
  const bench = await open(named('a', 'b', 'c', 'd', 'e', 'f', 'g'))
  const settlements = await bench.run(async () => ({
    to: 'completed',
    result: 'x'.repeat(1_000_000),
  }))
  const handedIn = bench.exchanges.map(({ settle = [] }) => settle.length)
  expect([settlements.length, handedIn]).toEqual([1, [3, 3]])
})

test('runJobBatch() begins nothing that came after its lease had ended, and renews first what came late', async () => {
  const { queue, clock, exchanges, run } = await open([{ name: 'a', data: 1, maxAttempts: 5 }])
  const entered: number[] = []
  const enter = async ({ attempt }: ClaimedJob): Promise<JobOutcome> => {
    entered.push(attempt)
    return DONE
  }
  await clock.advance(LEASE_MS)
  const [again] = (await queue.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })).claimed
  expect(await run(enter, LEASE_MS)).toEqual([])
  expect([entered, again?.attempt]).toEqual([[], 2])

  const late = await open([{ name: 'a', data: 1 }])
  expect(await late.run(enter, LEASE_MS / 2)).toHaveLength(1)
  expect([entered, exchanges.length, late.exchanges.length]).toEqual([[1], 1, 1])

  const lost = await open([{ name: 'a', data: 1 }])
  lost.failure = new Error('unreachable')
  expect(await lost.run(enter, LEASE_MS)).toEqual([])
  expect(entered).toEqual([1])
})

test('runJobBatch() tells why the job store could not be reached, unless the platform ended the call', async () => {
  const gone = new Error('The object has no such method')
  const reset = Object.assign(new Error('The object was reset'), { durableObjectReset: true })
  for (const [failure, told] of [
    [gone, [gone]],
    [reset, []],
  ] as const) {
    const bench = await open(named('a'))
    bench.failure = failure
    expect(await bench.run(async () => DONE, LEASE_MS)).toEqual([])
    expect(bench.errors).toEqual(told)
  }
})
