import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import type { ClaimedJob, NewJob, Settlement } from '../../ports/job-store/job-store.ts'
import { createSqliteJobStore, type SqliteJobStore } from '../sqlite/job-store/job-store.ts'
import { createNativeDatabase } from '../sqlite/database/native-database.ts'
import { openDatabase } from '../sqlite/database/open-database.ts'
import { migrate } from '../sqlite/database/schema.ts'
import { createJobDispatcher, type JobDispatcher } from './job-dispatcher.ts'

type Run = (jobs: readonly ClaimedJob[]) => Promise<readonly Settlement[]>

interface Bench {
  readonly dispatcher: JobDispatcher
  readonly jobStore: SqliteJobStore
  readonly clock: FakeClock
  /** The names of the jobs of each call, in order. */
  readonly calls: string[][]
  /** By what calls failed. */
  readonly failures: unknown[]
}

function open(
  run: Run,
  limits: {
    readonly calls?: number
    readonly timeLimitMs?: number
    readonly jobsPerQuickCall?: number
  } = {},
): Bench {
  const clock = createFakeClock()
  const db = createNativeDatabase(openDatabase(':memory:'), true)
  migrate(db)
  const jobStore = createSqliteJobStore(db, clock, createSeededRandom())
  const calls: string[][] = []
  const failures: unknown[] = []
  const dispatcher = createJobDispatcher({
    clock,
    limits: {
      jobsPerCall: 2,
      jobsPerQuickCall: 2,
      calls: 2,
      leaseMs: 10_000,
      timeLimitMs: 600_000,
      ...limits,
    },
    exchange: (request) => jobStore.exchange('q', request),
    run: (jobs) => {
      calls.push(jobs.map(({ name }) => name))
      return run(jobs)
    },
    onFailure: (error) => failures.push(error),
  })
  return { dispatcher, jobStore, clock, calls, failures }
}

function named(...names: string[]): NewJob[] {
  return names.map((name) => ({ name, data: 1, keepCompletedMs: 1_000_000 }))
}

const complete: Run = async (jobs) => jobs.map(completed)
const completed = ({ id, token }: ClaimedJob): Settlement => ({
  id,
  token,
  outcome: { to: 'completed' },
})

test('work() runs all that is ready in calls of a few jobs, a few calls at once', async () => {
  let running = 0
  let most = 0
  const { dispatcher, jobStore, calls } = open(async (jobs) => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    return jobs.map(completed)
  })
  jobStore.add('q', named('a', 'b', 'c', 'd', 'e', 'f', 'g'))
  await dispatcher.work()
  expect([calls.flat(), most]).toEqual([['a', 'b', 'c', 'd', 'e', 'f', 'g'], 2])
  expect(Math.max(...calls.map(({ length }) => length))).toBe(2)
  expect(jobStore.counts('q').completed).toBe(7)
  expect(dispatcher.isBusy).toBe(false)
})

test('work() makes calls larger while they are quick, and small again after a slow or failed one', async () => {
  const failure = new Error('the isolate is gone')
  let failing = true
  const { dispatcher, jobStore, clock, calls } = open(
    async (jobs) => {
      const names = jobs.map(({ name }) => name)
      if (names.includes('slow')) await new Promise<void>((end) => clock.setTimer(end, 20))
      if (names.includes('broken') && failing) throw failure
      return jobs.map(completed)
    },
    { calls: 1, jobsPerQuickCall: 6 },
  )
  const quick = Array.from({ length: 12 }, (_, index) => `q${index}`)
  jobStore.add('q', named(...quick, 'slow', ...quick, 'broken'))
  const worked = dispatcher.work()
  await clock.advance(500)
  const sizes = calls.map(({ length }) => length)
  expect(sizes).toEqual([2, 4, 6, 6, 2, 4, 2])
  jobStore.add('q', named(...quick))
  failing = false
  await worked
  await clock.advance(1000)
  await dispatcher.work()
  const later = calls.slice(sizes.length).map(({ length }) => length)
  expect(later.find((length) => length > 1)).toBe(2)
})

test('work() takes up what is added or falls due while a call runs', async () => {
  const release = Promise.withResolvers<void>()
  const { dispatcher, jobStore, clock, calls } = open(async (jobs) => {
    if (jobs[0]?.name === 'slow') await release.promise
    return jobs.map(completed)
  })
  jobStore.add('q', named('slow'))
  const worked = dispatcher.work()
  await clock.advance(1)
  jobStore.add('q', named('added'))
  dispatcher.wake()
  await clock.advance(1)
  jobStore.add('q', [{ name: 'due', data: 1, delayMs: 1000 }])
  dispatcher.wake()
  await clock.advance(1000)
  expect(calls).toEqual([['slow'], ['added'], ['due']])
  expect(dispatcher.isBusy).toBe(true)
  release.resolve()
  await worked
  expect(dispatcher.isBusy).toBe(false)
})

test('work() ends when its time is over, and the next one settles what ran on', async () => {
  const release = Promise.withResolvers<void>()
  const { dispatcher, jobStore, clock } = open(
    async (jobs) => release.promise.then(() => jobs.map(completed)),
    { timeLimitMs: 5000 },
  )
  jobStore.add('q', named('a'))
  const first = dispatcher.work()
  await clock.advance(5000)
  await first
  expect([dispatcher.isBusy, jobStore.counts('q').active]).toEqual([true, 1])
  const second = dispatcher.work()
  release.resolve()
  await second
  expect([dispatcher.isBusy, jobStore.counts('q').completed]).toEqual([false, 1])
})

test('a call that fails gives its jobs back without an attempt spent, later each time, and alone', async () => {
  const { dispatcher, jobStore, clock, calls, failures } = open(
    async (jobs) => {
      if (jobs.some(({ name }) => name === 'poison')) throw new Error('ended from outside')
      return jobs.map(completed)
    },
    { calls: 1 },
  )
  jobStore.add('q', named('poison', 'innocent'))
  await dispatcher.work()
  expect([calls, dispatcher.restMs]).toEqual([[['poison', 'innocent']], 1000])
  await clock.advance(1000)
  await dispatcher.work()
  const alone = calls.slice(1)
  expect(alone.map(({ length }) => length)).toEqual([1, 1])
  expect(alone.flat().toSorted()).toEqual(['innocent', 'poison'])
  expect(jobStore.counts('q')).toMatchObject({ completed: 1, scheduled: 1, dead: 0 })
  for (let again = 0; again < 5; again++) {
    await clock.advance(60_000)
    await dispatcher.work()
  }
  expect(jobStore.counts('q')).toMatchObject({ completed: 1, scheduled: 0, dead: 1 })
  expect(calls.filter(([name]) => name === 'poison')).toHaveLength(4)
  const [dead] = jobStore.list('q', { state: 'dead' }).jobs
  expect(dead).toMatchObject({
    attempt: 1,
    lastError: {
      name: 'Error',
      code: 'runner_failed',
      message: 'The call that ran this job failed: ended from outside',
    },
  })
  expect(failures).toEqual(Array.from({ length: 4 }, () => new Error('ended from outside')))
})

test('a call that the platform fails never costs an attempt', async () => {
  let failures = 10
  const { dispatcher, jobStore, clock } = open(async (jobs) => {
    if (failures-- > 0) throw Object.assign(new Error('overloaded'), { overloaded: true })
    return jobs.map(completed)
  })
  jobStore.add('q', named('a', 'b'))
  for (let again = 0; again < 11; again++) {
    await dispatcher.work()
    await clock.advance(60_000)
  }
  expect(jobStore.counts('q')).toMatchObject({ completed: 2, dead: 0 })
})

test('while it rests after failures, work() claims nothing', async () => {
  const { dispatcher, jobStore, clock, calls } = open(async () => {
    throw new Error('broken')
  })
  jobStore.add('q', named('a'))
  await dispatcher.work()
  jobStore.add('q', named('b'))
  await dispatcher.work()
  expect([calls.length, jobStore.counts('q').ready]).toEqual([1, 1])
  await clock.advance(1000)
  await dispatcher.work()
  expect(calls.flat().toSorted()).toEqual(['a', 'a', 'b'])
})

test('work() ends after as many calls as one alarm may make, and the next goes on', async () => {
  const { dispatcher, jobStore, calls } = open(complete)
  const names = Array.from({ length: 700 }, (_, index) => `n${index}`)
  for (const half of [names.slice(0, 350), names.slice(350)]) {
    jobStore.add('q', named(...half))
    jobStore.add('q', named(...half))
  }
  await dispatcher.work()
  expect([calls.length < 510, jobStore.counts('q').ready > 0]).toEqual([true, true])
  while (jobStore.counts('q').completed < 1400) await dispatcher.work()
  expect(calls.flat()).toHaveLength(1400)
})

test('work() called while it works is the same work', async () => {
  const { dispatcher, jobStore, calls } = open(complete)
  jobStore.add('q', named('a'))
  await Promise.all([dispatcher.work(), dispatcher.work()])
  expect(calls).toEqual([['a']])
})

test('jobs too large for one call go in several', async () => {
  const { dispatcher, jobStore, calls } = open(complete)
  const data = 'x'.repeat(1_000_000)
  const options = 'y'.repeat(1_000_000)
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`)
  jobStore.add(
    'q',
    names.map((name) => ({ name, data, options })),
  )
  await dispatcher.work()
  expect([calls.flat().length, calls.every(({ length }) => length <= 2)]).toEqual([8, true])
})
