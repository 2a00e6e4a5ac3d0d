import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import type { ClaimedJob, NewJob } from '../../../ports/job-store/job-store.ts'
import { createSqliteJobStore, type SqliteJobStore } from './job-store.ts'

const HOUR_MS = 3_600_000
const claim = { limit: 1000, leaseMs: 10_000 }
const grouped: NewJob = { name: 'n', data: null, group: { key: 'g\u0000', limit: 1 } }

test('a plain job asks nothing of the tables of groups, flows and follow-ups', () => {
  const { db, jobStore } = open()
  db.clear()
  jobStore.add('q', [{ name: 'n', data: 1 }])
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  const others = /reuse_(groups|children|follow_ups|held_jobs|job_places)/
  expect(db.statements.filter((sql) => others.test(sql))).toEqual([])
})

test('a job that makes room for a held one writes both rows, the places of the held one and no count', () => {
  const { db, jobStore } = open()
  jobStore.add('q', [grouped, grouped, grouped])
  const { claimed } = jobStore.exchange('q', { claim })
  const before = db.rowsWritten()
  settle(jobStore, claimed)
  expect(db.rowsWritten() - before).toBe(4)
  expect(db.peek('SELECT admitted FROM reuse_groups')).toBe(1)
})

test('a group without jobs leaves no row', () => {
  const { db, jobStore } = open()
  jobStore.add('q', [grouped, grouped, { ...grouped, delayMs: HOUR_MS }])
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  expect(db.peek('SELECT count(*) FROM reuse_groups')).toBe(0)
})

test('an admitted job is found and settled by its id, also by a job store that did not admit it', () => {
  const { jobStore, another } = open()
  const ids = jobStore.add('q', [grouped, grouped]).jobs.map(({ id }) => id)
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  const later = another()
  expect(later.get('q', ids[1] ?? '')?.state).toBe('ready')
  const { claimed } = jobStore.exchange('q', { claim })
  expect(claimed.map(({ id }) => id)).toEqual(ids.slice(1))
  expect(another().get('q', ids[1] ?? '')?.state).toBe('active')
  expect(settle(another(), claimed).settled).toEqual(['settled'])
})

test('an admitted job stands behind what is ready, even when the clock was set back', () => {
  const { clock, jobStore, another } = open()
  const behind = another(createFakeClock(clock.now() - HOUR_MS))
  jobStore.add('q', [grouped, { ...grouped, name: 'held' }])
  const { claimed } = jobStore.exchange('q', { claim })
  jobStore.add('q', [{ name: 'plain', data: null }])
  settle(behind, claimed)
  expect(jobStore.exchange('q', { claim }).claimed.map(({ name }) => name)).toEqual([
    'plain',
    'held',
  ])
})

test('a parent whose record goes takes what its children left with it', () => {
  const { db, jobStore } = open()
  const child = { name: 'c', data: null, parent: 'p', keepCompletedMs: HOUR_MS }
  jobStore.add('q', [{ name: 'p', data: null, id: 'p' }, child, child])
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  expect(db.peek('SELECT count(*) FROM reuse_children')).toBe(2)
  settle(jobStore, jobStore.exchange('q', { claim }).claimed)
  expect(db.peek('SELECT count(*) FROM reuse_children')).toBe(0)
  expect(jobStore.counts('q').completed).toBe(2)
})

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock()
  const jobStore = createSqliteJobStore(db, clock, createSeededRandom(1))
  /** As another process has it. */
  const another = (itsClock = clock) => createSqliteJobStore(db, itsClock, createSeededRandom(2))
  return { db, clock, jobStore, another }
}

function settle(jobStore: SqliteJobStore, held: readonly ClaimedJob[]) {
  return jobStore.exchange('q', {
    settle: held.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
  })
}
