import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import type { ClaimedJob, NewJob } from '../../../ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../ports/job-store/job-outcome.ts'
import { createSqliteJobStore, type SqliteJobStore } from './job-store.ts'

const HOUR_MS = 3_600_000
const job: NewJob = { name: 'n', data: null, maxAttempts: 5 }
const claim = { limit: 1000, leaseMs: 10_000 }

test('a plain job is written three times in its life and its place is never noted', () => {
  const { db, jobStore } = open()
  const before = db.rowsWritten()
  const noted = () => db.peek('SELECT count(*) FROM reuse_job_places')
  jobStore.add('q', [job])
  expect([db.rowsWritten() - before, noted()]).toEqual([1, 0])
  const [held] = jobStore.exchange('q', { claim }).claimed
  expect([db.rowsWritten() - before, noted()]).toEqual([2, 0])
  settle(jobStore, [held], { to: 'completed' })
  expect([db.rowsWritten() - before, db.peek('SELECT count(*) FROM reuse_jobs')]).toEqual([3, 0])
})

test('an idle exchange writes nothing and asks four statements', () => {
  const { db, jobStore } = open()
  jobStore.add('q', [{ ...job, delayMs: 1000 }])
  jobStore.exchange('q', { claim })
  const before = db.rowsWritten()
  db.clear()
  jobStore.exchange('q', { claim })
  expect(db.rowsWritten()).toBe(before)
  expect(db.statements).toHaveLength(4)
})

test('jobs are found and settled by a job store that did not claim them, whatever their state', () => {
  const { jobStore, another } = open()
  const ids = jobStore
    .add('q', [job, { ...job, id: 'mine' }, { ...job, lifo: true }, job])
    .jobs.map(({ id }) => id)
  const later = another()
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('ready'))
  const { claimed } = jobStore.exchange('q', { claim })
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('active'))
  const result = settle(later, claimed, { to: 'scheduled', delayMs: 1000 })
  expect(result.settled).toEqual(Array(4).fill('settled'))
  expect(settle(jobStore, claimed, { to: 'completed' }).settled).toEqual(Array(4).fill('lost'))
  expect(ids.map((id) => jobStore.get('q', id)?.state)).toEqual(Array(4).fill('scheduled'))
  jobStore.command('q', { type: 'promote', ids })
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('ready'))
})

test('one exchange settles a job once, and extends no job that it settled', () => {
  const { jobStore } = open()
  jobStore.add('q', [job])
  const [held] = jobStore.exchange('q', { claim }).claimed
  const { id, token } = held ?? { id: '', token: 0 }
  const completed = { id, token, outcome: { to: 'completed' } } as const
  expect(
    jobStore.exchange('q', {
      settle: [completed, completed],
      extend: [{ id, token, leaseMs: 1000 }],
    }),
  ).toMatchObject({ settled: ['settled', 'lost'], extended: ['lost'] })
})

test('jobs stay first in first out when the clock is set back, and across job stores', () => {
  const { clock, jobStore, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  jobStore.add('q', [named('a'), named('b')])
  behind.add('q', [named('c'), { ...named('first'), lifo: true }])
  jobStore.add('q', [named('d'), { ...named('zeroth'), lifo: true }])
  expect(names(jobStore.exchange('q', { claim }).claimed)).toEqual([
    'zeroth',
    'first',
    'a',
    'b',
    'c',
    'd',
  ])
})

test('tokens grow from claim to claim when the clock is set back', () => {
  const { clock, jobStore, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  jobStore.add('q', [job])
  const tokens = [jobStore, behind, jobStore, behind].map((each) => {
    const { claimed } = each.exchange('q', { claim })
    settle(each, claimed, { to: 'scheduled', delayMs: 0 })
    return claimed[0]?.token ?? 0
  })
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b))
})

test('the token of a reused id grows within one instant, and when a clock that is behind mints it', () => {
  const { clock, jobStore, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  const tokens: number[] = []
  for (const claimer of [jobStore, jobStore, behind]) {
    jobStore.add('q', [{ ...job, id: 'same' }])
    for (let attempt = 0; attempt < 5; attempt++) {
      const { claimed } = claimer.exchange('q', { claim })
      tokens.push(claimed[0]?.token ?? 0)
      settle(jobStore, claimed, attempt < 4 ? { to: 'scheduled', delayMs: 0 } : { to: 'completed' })
    }
  }
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b))
})

test('one exchange may extend a lease twice', () => {
  const { clock, jobStore } = open()
  jobStore.add('q', [job])
  const { id, token } = jobStore.exchange('q', { claim }).claimed[0] ?? { id: '', token: 0 }
  const extend = [20_000, 30_000].map((leaseMs) => ({ id, token, leaseMs, progress: leaseMs }))
  expect(jobStore.exchange('q', { extend }).extended).toEqual(['extended', 'extended'])
  expect(jobStore.get('q', id)).toMatchObject({ at: clock.now() + 30_000, progress: 30_000 })
})

test('settling what the same job store claimed scans no other running job', () => {
  const { db, jobStore, another } = open()
  jobStore.add('q', [job, job])
  const { claimed } = jobStore.exchange('q', { claim })
  const scans = () => db.statements.filter((sql) => sql.includes('id IN')).length
  db.clear()
  settle(jobStore, claimed.slice(0, 1), { to: 'completed' })
  expect(scans()).toBe(0)
  settle(another(), claimed.slice(1), { to: 'completed' })
  expect(scans()).toBe(1)
})

test('a delay of a fraction of a millisecond is rounded up', () => {
  const { clock, jobStore } = open()
  const [added] = jobStore.add('q', [job]).jobs
  const { claimed } = jobStore.exchange('q', { claim })
  settle(jobStore, claimed, { to: 'scheduled', delayMs: 0.2 })
  expect(jobStore.get('q', added?.id ?? '')?.at).toBe(clock.now() + 1)
})

test('parked jobs are listed however long ago they were parked', async () => {
  const { clock, jobStore } = open()
  jobStore.add('q', [job])
  settle(jobStore, jobStore.exchange('q', { claim }).claimed, { to: 'parked', error: 'no handler' })
  await clock.advance(HOUR_MS)
  expect(jobStore.list('q', { state: 'parked' }).jobs).toHaveLength(1)
})

test('one exchange makes a bounded number of due jobs ready, and asks to be called again', async () => {
  const { clock, jobStore } = open()
  const delayed = Array.from({ length: 600 }, () => ({ ...job, delayMs: 1000 }))
  jobStore.add('q', delayed)
  jobStore.add('q', delayed)
  await clock.advance(1000)
  expect(jobStore.exchange('q', {}).wakeInMs).toBe(0)
  expect(jobStore.counts('q')).toMatchObject({ ready: 1000, scheduled: 200 })
  expect(jobStore.exchange('q', { claim }).claimed).toHaveLength(1000)
  expect(jobStore.counts('q')).toMatchObject({ ready: 200, scheduled: 0, active: 1000 })
})

test('records whose time is over are as if gone before they are pruned', async () => {
  const { db, clock, jobStore } = open()
  const once: NewJob = { ...job, id: 'x', keepCompletedMs: HOUR_MS }
  jobStore.add('q', [
    once,
    ...Array.from({ length: 150 }, () => ({ ...job, keepCompletedMs: HOUR_MS })),
  ])
  settle(jobStore, jobStore.exchange('q', { claim }).claimed, { to: 'completed' })
  await clock.advance(HOUR_MS)
  expect(jobStore.get('q', 'x')).toBeNull()
  expect(jobStore.list('q', { state: 'completed' }).jobs).toEqual([])
  expect(jobStore.counts('q').completed).toBe(0)
  expect(jobStore.command('q', { type: 'retry', ids: ['x'] })).toBe(0)
  expect(jobStore.add('q', [once]).jobs).toEqual([{ id: 'x', added: true }])
  jobStore.exchange('q', {})
  expect(db.peek('SELECT count(*) FROM reuse_jobs')).toBe(51)
  jobStore.exchange('q', {})
  expect(db.peek('SELECT count(*) FROM reuse_jobs')).toBe(1)
})

test('deduplications leave nothing behind once they have ended', async () => {
  const { db, clock, jobStore } = open()
  const held = () => db.peek('SELECT count(*) FROM reuse_deduplication')
  jobStore.add('q', [
    { ...job, deduplication: { id: 'while waiting' } },
    { ...job, deduplication: { id: 'a while', ttlMs: HOUR_MS } },
  ])
  expect(held()).toBe(2)
  settle(jobStore, jobStore.exchange('q', { claim }).claimed, { to: 'completed' })
  expect(held()).toBe(1)
  await clock.advance(HOUR_MS)
  jobStore.exchange('q', {})
  expect(held()).toBe(0)
})

test('a record that is removed late leaves the deduplication of its successor alone', () => {
  const { jobStore } = open()
  const twin: NewJob = { ...job, keepCompletedMs: HOUR_MS, deduplication: { id: 'd' } }
  const [first] = jobStore.add('q', [twin]).jobs
  settle(jobStore, jobStore.exchange('q', { claim }).claimed, { to: 'completed' })
  const [second] = jobStore.add('q', [twin]).jobs
  expect(second?.added).toBe(true)
  jobStore.command('q', { type: 'remove', ids: [first?.id ?? ''] })
  expect(jobStore.add('q', [twin]).jobs).toEqual([{ id: second?.id, added: false }])
})

test('nextWakeAt() is the earliest of all queues that are not paused', () => {
  const { clock, jobStore } = open()
  const now = clock.now()
  expect(jobStore.nextWakeAt()).toBeNull()
  jobStore.add('b', [{ ...job, delayMs: 2000 }])
  jobStore.add('a', [{ ...job, delayMs: 3000 }])
  jobStore.add('c.paused', [job])
  jobStore.command('c.paused', { type: 'pause' })
  expect(jobStore.queues()).toEqual(['a', 'b', 'c.paused'])
  expect(jobStore.nextWakeAt()).toBe(now + 2000)
  jobStore.add('d', [job])
  expect(jobStore.nextWakeAt()).toBe(0)
  jobStore.exchange('d', { claim: { limit: 1, leaseMs: 1000 } })
  expect(jobStore.nextWakeAt()).toBe(now + 1000)
})

test('prepareExchange() copies what it is given, so that its caller may go on with it', () => {
  const { jobStore } = open()
  jobStore.add('q', [{ ...job, keepCompletedMs: HOUR_MS }])
  const [held] = jobStore.exchange('q', { claim }).claimed
  const result = { list: [1] }
  const outcomes = [
    { id: held?.id ?? '', token: held?.token ?? 0, outcome: { to: 'completed', result } as const },
  ]
  const exchange = jobStore.prepareExchange('q', { settle: outcomes })
  result.list.push(2)
  outcomes.pop()
  expect(exchange().settled).toEqual(['settled'])
  expect(jobStore.get('q', held?.id ?? '')?.result).toEqual({ list: [1] })
})

test.each([
  { type: 'retry', ids: Array.from({ length: 1001 }, (_, index) => `${index}`) },
  { type: 'purge', state: 'dead', limit: 0 },
  { type: 'purge', state: 'dead', limit: 1.5 },
] as const)('command() refuses $type over its limits', (command) => {
  const { jobStore } = open()
  expect(() => jobStore.command('q', command)).toThrow(RangeError)
})

test.each([{ limit: 0 }, { limit: 1001 }, { cursor: '' }, { cursor: "1 2'" }, { cursor: 'x 1 y' }])(
  'list() refuses %j',
  (options) => {
    const { jobStore } = open()
    expect(() => jobStore.list('q', { state: 'ready', ...options })).toThrow(RangeError)
  },
)

test('list() pages through ids and names of every character', () => {
  const { jobStore } = open()
  const ids = ['a b', 'nul \u0000 b', '\u0001', '😀', 'line\nfeed'].map((id) => ({
    ...job,
    id,
    name: id,
  }))
  jobStore.add('q', ids)
  const seen: string[][] = []
  for (let cursor: string | null = null; ;) {
    const page = jobStore.list('q', {
      state: 'ready',
      limit: 1,
      ...(cursor !== null && { cursor }),
    })
    seen.push(...page.jobs.map(({ id, name }) => [id, name]))
    cursor = page.cursor
    if (cursor === null) break
  }
  expect(seen).toEqual(ids.map(({ id }) => [id, id]))
})

test('get() takes half a surrogate pair for no other character', () => {
  const { jobStore } = open()
  jobStore.add('q', [{ ...job, id: '\ufffd' }])
  expect(jobStore.get('q', '\ud83d')).toBeNull()
})

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock()
  const jobStore = createSqliteJobStore(db, clock, createSeededRandom(1))
  /** As another process has it. */
  const another = (itsClock = clock) => createSqliteJobStore(db, itsClock, createSeededRandom(2))
  return { db, clock, jobStore, another }
}

function settle(
  jobStore: SqliteJobStore,
  held: readonly (ClaimedJob | undefined)[],
  outcome: JobOutcome,
) {
  return jobStore.exchange('q', {
    settle: held.map((claimed) => ({ id: claimed?.id ?? '', token: claimed?.token ?? 0, outcome })),
  })
}

function named(name: string): NewJob {
  return { ...job, name }
}

function names(jobs: readonly { readonly name: string }[]): string[] {
  return jobs.map(({ name }) => name)
}
