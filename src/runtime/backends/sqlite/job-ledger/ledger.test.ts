import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import type { ClaimedJob, NewJob } from '../../../ports/job-ledger/job-ledger.ts'
import type { JobOutcome } from '../../../ports/job-ledger/job-outcome.ts'
import { createSqliteLedger, type SqliteLedger } from './ledger.ts'

const HOUR_MS = 3_600_000
const job: NewJob = { name: 'n', data: null, maxAttempts: 5 }
const claim = { limit: 1000, leaseMs: 10_000 }

test('a plain job is written three times in its life and its place is never noted', () => {
  const { db, ledger } = open()
  const before = db.rowsWritten()
  const noted = () => db.peek('SELECT count(*) FROM reuse_job_places')
  ledger.add('q', [job])
  expect([db.rowsWritten() - before, noted()]).toEqual([1, 0])
  const [held] = ledger.exchange('q', { claim }).claimed
  expect([db.rowsWritten() - before, noted()]).toEqual([2, 0])
  settle(ledger, [held], { to: 'completed' })
  expect([db.rowsWritten() - before, db.peek('SELECT count(*) FROM reuse_jobs')]).toEqual([3, 0])
})

test('an idle exchange writes nothing and asks four statements', () => {
  const { db, ledger } = open()
  ledger.add('q', [{ ...job, delayMs: 1000 }])
  ledger.exchange('q', { claim })
  const before = db.rowsWritten()
  db.clear()
  ledger.exchange('q', { claim })
  expect(db.rowsWritten()).toBe(before)
  expect(db.statements).toHaveLength(4)
})

test('jobs are found and settled by a ledger that did not claim them, whatever their state', () => {
  const { ledger, another } = open()
  const ids = ledger
    .add('q', [job, { ...job, id: 'mine' }, { ...job, lifo: true }, job])
    .jobs.map(({ id }) => id)
  const later = another()
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('ready'))
  const { claimed } = ledger.exchange('q', { claim })
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('active'))
  const result = settle(later, claimed, { to: 'scheduled', delayMs: 1000 })
  expect(result.settled).toEqual(Array(4).fill('settled'))
  expect(settle(ledger, claimed, { to: 'completed' }).settled).toEqual(Array(4).fill('lost'))
  expect(ids.map((id) => ledger.get('q', id)?.state)).toEqual(Array(4).fill('scheduled'))
  ledger.command('q', { type: 'promote', ids })
  expect(ids.map((id) => later.get('q', id)?.state)).toEqual(Array(4).fill('ready'))
})

test('one exchange settles a job once, and extends no job that it settled', () => {
  const { ledger } = open()
  ledger.add('q', [job])
  const [held] = ledger.exchange('q', { claim }).claimed
  const { id, token } = held ?? { id: '', token: 0 }
  const completed = { id, token, outcome: { to: 'completed' } } as const
  expect(
    ledger.exchange('q', {
      settle: [completed, completed],
      extend: [{ id, token, leaseMs: 1000 }],
    }),
  ).toMatchObject({ settled: ['settled', 'lost'], extended: ['lost'] })
})

test('jobs stay first in first out when the clock is set back, and across ledgers', () => {
  const { clock, ledger, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  ledger.add('q', [named('a'), named('b')])
  behind.add('q', [named('c'), { ...named('first'), lifo: true }])
  ledger.add('q', [named('d'), { ...named('zeroth'), lifo: true }])
  expect(names(ledger.exchange('q', { claim }).claimed)).toEqual([
    'zeroth',
    'first',
    'a',
    'b',
    'c',
    'd',
  ])
})

test('tokens grow from claim to claim when the clock is set back', () => {
  const { clock, ledger, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  ledger.add('q', [job])
  const tokens = [ledger, behind, ledger, behind].map((each) => {
    const { claimed } = each.exchange('q', { claim })
    settle(each, claimed, { to: 'scheduled', delayMs: 0 })
    return claimed[0]?.token ?? 0
  })
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b))
})

test('the token of a reused id grows within one instant, and when a clock that is behind mints it', () => {
  const { clock, ledger, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  const tokens: number[] = []
  for (const claimer of [ledger, ledger, behind]) {
    ledger.add('q', [{ ...job, id: 'same' }])
    for (let attempt = 0; attempt < 5; attempt++) {
      const { claimed } = claimer.exchange('q', { claim })
      tokens.push(claimed[0]?.token ?? 0)
      settle(ledger, claimed, attempt < 4 ? { to: 'scheduled', delayMs: 0 } : { to: 'completed' })
    }
  }
  expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b))
})

test('one exchange may extend a lease twice', () => {
  const { clock, ledger } = open()
  ledger.add('q', [job])
  const { id, token } = ledger.exchange('q', { claim }).claimed[0] ?? { id: '', token: 0 }
  const extend = [20_000, 30_000].map((leaseMs) => ({ id, token, leaseMs, progress: leaseMs }))
  expect(ledger.exchange('q', { extend }).extended).toEqual(['extended', 'extended'])
  expect(ledger.get('q', id)).toMatchObject({ at: clock.now() + 30_000, progress: 30_000 })
})

test('settling what the same ledger claimed scans no other running job', () => {
  const { db, ledger, another } = open()
  ledger.add('q', [job, job])
  const { claimed } = ledger.exchange('q', { claim })
  const scans = () => db.statements.filter((sql) => sql.includes('id IN')).length
  db.clear()
  settle(ledger, claimed.slice(0, 1), { to: 'completed' })
  expect(scans()).toBe(0)
  settle(another(), claimed.slice(1), { to: 'completed' })
  expect(scans()).toBe(1)
})

test('a delay of a fraction of a millisecond is rounded up', () => {
  const { clock, ledger } = open()
  const [added] = ledger.add('q', [job]).jobs
  const { claimed } = ledger.exchange('q', { claim })
  settle(ledger, claimed, { to: 'scheduled', delayMs: 0.2 })
  expect(ledger.get('q', added?.id ?? '')?.at).toBe(clock.now() + 1)
})

test('parked jobs are listed however long ago they were parked', async () => {
  const { clock, ledger } = open()
  ledger.add('q', [job])
  settle(ledger, ledger.exchange('q', { claim }).claimed, { to: 'parked', error: 'no handler' })
  await clock.advance(HOUR_MS)
  expect(ledger.list('q', { state: 'parked' }).jobs).toHaveLength(1)
})

test('one exchange makes a bounded number of due jobs ready, and asks to be called again', async () => {
  const { clock, ledger } = open()
  const delayed = Array.from({ length: 600 }, () => ({ ...job, delayMs: 1000 }))
  ledger.add('q', delayed)
  ledger.add('q', delayed)
  await clock.advance(1000)
  expect(ledger.exchange('q', {}).wakeInMs).toBe(0)
  expect(ledger.counts('q')).toMatchObject({ ready: 1000, scheduled: 200 })
  expect(ledger.exchange('q', { claim }).claimed).toHaveLength(1000)
  expect(ledger.counts('q')).toMatchObject({ ready: 200, scheduled: 0, active: 1000 })
})

test('records whose time is over are as if gone before they are pruned', async () => {
  const { db, clock, ledger } = open()
  const once: NewJob = { ...job, id: 'x', keepCompletedMs: HOUR_MS }
  ledger.add('q', [
    once,
    ...Array.from({ length: 150 }, () => ({ ...job, keepCompletedMs: HOUR_MS })),
  ])
  settle(ledger, ledger.exchange('q', { claim }).claimed, { to: 'completed' })
  await clock.advance(HOUR_MS)
  expect(ledger.get('q', 'x')).toBeNull()
  expect(ledger.list('q', { state: 'completed' }).jobs).toEqual([])
  expect(ledger.counts('q').completed).toBe(0)
  expect(ledger.command('q', { type: 'retry', ids: ['x'] })).toBe(0)
  expect(ledger.add('q', [once]).jobs).toEqual([{ id: 'x', added: true }])
  ledger.exchange('q', {})
  expect(db.peek('SELECT count(*) FROM reuse_jobs')).toBe(51)
  ledger.exchange('q', {})
  expect(db.peek('SELECT count(*) FROM reuse_jobs')).toBe(1)
})

test('deduplications leave nothing behind once they have ended', async () => {
  const { db, clock, ledger } = open()
  const held = () => db.peek('SELECT count(*) FROM reuse_deduplication')
  ledger.add('q', [
    { ...job, deduplication: { id: 'while waiting' } },
    { ...job, deduplication: { id: 'a while', ttlMs: HOUR_MS } },
  ])
  expect(held()).toBe(2)
  settle(ledger, ledger.exchange('q', { claim }).claimed, { to: 'completed' })
  expect(held()).toBe(1)
  await clock.advance(HOUR_MS)
  ledger.exchange('q', {})
  expect(held()).toBe(0)
})

test('a record that is removed late leaves the deduplication of its successor alone', () => {
  const { ledger } = open()
  const twin: NewJob = { ...job, keepCompletedMs: HOUR_MS, deduplication: { id: 'd' } }
  const [first] = ledger.add('q', [twin]).jobs
  settle(ledger, ledger.exchange('q', { claim }).claimed, { to: 'completed' })
  const [second] = ledger.add('q', [twin]).jobs
  expect(second?.added).toBe(true)
  ledger.command('q', { type: 'remove', ids: [first?.id ?? ''] })
  expect(ledger.add('q', [twin]).jobs).toEqual([{ id: second?.id, added: false }])
})

test('nextWakeAt() is the earliest of all queues that are not paused', () => {
  const { clock, ledger } = open()
  const now = clock.now()
  expect(ledger.nextWakeAt()).toBeNull()
  ledger.add('b', [{ ...job, delayMs: 2000 }])
  ledger.add('a', [{ ...job, delayMs: 3000 }])
  ledger.add('c.paused', [job])
  ledger.command('c.paused', { type: 'pause' })
  expect(ledger.queues()).toEqual(['a', 'b', 'c.paused'])
  expect(ledger.nextWakeAt()).toBe(now + 2000)
  ledger.add('d', [job])
  expect(ledger.nextWakeAt()).toBe(0)
  ledger.exchange('d', { claim: { limit: 1, leaseMs: 1000 } })
  expect(ledger.nextWakeAt()).toBe(now + 1000)
})

test('prepareExchange() copies what it is given, so that its caller may go on with it', () => {
  const { ledger } = open()
  ledger.add('q', [{ ...job, keepCompletedMs: HOUR_MS }])
  const [held] = ledger.exchange('q', { claim }).claimed
  const result = { list: [1] }
  const outcomes = [
    { id: held?.id ?? '', token: held?.token ?? 0, outcome: { to: 'completed', result } as const },
  ]
  const exchange = ledger.prepareExchange('q', { settle: outcomes })
  result.list.push(2)
  outcomes.pop()
  expect(exchange().settled).toEqual(['settled'])
  expect(ledger.get('q', held?.id ?? '')?.result).toEqual({ list: [1] })
})

test.each([
  { type: 'retry', ids: Array.from({ length: 1001 }, (_, index) => `${index}`) },
  { type: 'purge', state: 'dead', limit: 0 },
  { type: 'purge', state: 'dead', limit: 1.5 },
] as const)('command() refuses $type over its limits', (command) => {
  const { ledger } = open()
  expect(() => ledger.command('q', command)).toThrow(RangeError)
})

test.each([{ limit: 0 }, { limit: 1001 }, { cursor: '' }, { cursor: "1 2'" }, { cursor: 'x 1 y' }])(
  'list() refuses %j',
  (options) => {
    const { ledger } = open()
    expect(() => ledger.list('q', { state: 'ready', ...options })).toThrow(RangeError)
  },
)

test('list() pages through ids and names of every character', () => {
  const { ledger } = open()
  const ids = ['a b', 'nul \u0000 b', '\u0001', '😀', 'line\nfeed'].map((id) => ({
    ...job,
    id,
    name: id,
  }))
  ledger.add('q', ids)
  const seen: string[][] = []
  for (let cursor: string | null = null; ;) {
    const page = ledger.list('q', { state: 'ready', limit: 1, ...(cursor !== null && { cursor }) })
    seen.push(...page.jobs.map(({ id, name }) => [id, name]))
    cursor = page.cursor
    if (cursor === null) break
  }
  expect(seen).toEqual(ids.map(({ id }) => [id, id]))
})

test('get() takes half a surrogate pair for no other character', () => {
  const { ledger } = open()
  ledger.add('q', [{ ...job, id: '\ufffd' }])
  expect(ledger.get('q', '\ud83d')).toBeNull()
})

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock()
  const ledger = createSqliteLedger(db, clock, createSeededRandom(1))
  /** As another process has it. */
  const another = (itsClock = clock) => createSqliteLedger(db, itsClock, createSeededRandom(2))
  return { db, clock, ledger, another }
}

function settle(
  ledger: SqliteLedger,
  held: readonly (ClaimedJob | undefined)[],
  outcome: JobOutcome,
) {
  return ledger.exchange('q', {
    settle: held.map((claimed) => ({ id: claimed?.id ?? '', token: claimed?.token ?? 0, outcome })),
  })
}

function named(name: string): NewJob {
  return { ...job, name }
}

function names(jobs: readonly { readonly name: string }[]): string[] {
  return jobs.map(({ name }) => name)
}
