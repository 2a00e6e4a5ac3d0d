import { expect, test } from 'vitest'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import { JOB_STATES, RECORD_UNREADABLE_ERROR } from '../../../ports/job-store/job-state.ts'
import { createSqliteJobStore, type SqliteJobStore } from './job-store.ts'

const HOUR_MS = 3_600_000
const claim = { limit: 100, leaseMs: 10_000 }

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock(HOUR_MS)
  return { db, clock, jobStore: createSqliteJobStore(db, clock, createSeededRandom(1)) }
}

function readEverything(jobStore: SqliteJobStore, id: string): void {
  for (const state of JOB_STATES) jobStore.list('q', { state })
  jobStore.get('q', id)
  jobStore.counts('q')
  jobStore.children('q', id)
  jobStore.events('q', {})
}

const FAULTS = [
  ['data', `'{"a":'`],
  ['data', `x'00'`],
  ['options', `'nothing'`],
  ['name', `x'00'`],
  ['error', `'{'`],
  ['terms', `'{"priority":'`],
  ['terms', `'{"priority":0}'`],
  ['ties', `'{"group"'`],
] as const

test.for(FAULTS)('a job whose %s is %s is parked, and those behind it run', ([column, value]) => {
  const { db, jobStore } = open()
  jobStore.command('q', { type: 'record', keep: 100 })
  const [made] = jobStore.add('q', [{ name: 'n', data: 0 }]).jobs
  jobStore.add('q', [
    { id: 'a', name: 'n', data: 0 },
    { id: 'b', name: 'n', data: 0 },
  ])
  const broken = ['a', made?.id ?? '']
  for (const id of broken)
    db.run(`UPDATE reuse_jobs SET ${column} = ${value} WHERE queue = 'q' AND id = ?`, [id])
  for (const id of broken) readEverything(jobStore, id)

  expect(jobStore.exchange('q', { claim }).claimed.map(({ id }) => id)).toEqual(['b'])
  for (const id of broken) readEverything(jobStore, id)
  expect(jobStore.counts('q')).toMatchObject({ ready: 0, active: 1, parked: 2 })
  const { jobs } = jobStore.list('q', { state: 'parked' })
  expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set(broken))
  for (const { lastError } of jobs) expect(lastError).toEqual(RECORD_UNREADABLE_ERROR)
  // An error is written anew by parking, and then nothing is broken any more.
  if (column !== 'error') jobStore.command('q', { type: 'retry', ids: broken })
  expect(jobStore.exchange('q', { claim }).claimed).toEqual([])
  expect(jobStore.counts('q')).toMatchObject({ ready: 0, active: 1, parked: 2 })
  expect(jobStore.command('q', { type: 'remove', ids: ['a'] })).toBe(1)
  expect(jobStore.command('q', { type: 'purge', state: 'parked', limit: 9 })).toBe(1)
  expect(jobStore.counts('q')).toMatchObject({ parked: 0 })
})

test.for(FAULTS)(
  'a job whose %s is %s is not in the way where it waits',
  async ([column, value]) => {
    const { db, clock, jobStore } = open()
    jobStore.add('q', [
      { id: 'lost', name: 'n', data: 0, maxAttempts: 5 },
      { id: 'held', name: 'n', data: 0, group: { key: 'g', limit: 1 } },
      { id: 'behind', name: 'n', data: 0, group: { key: 'g', limit: 1 } },
      { id: 'due', name: 'n', data: 0, delayMs: 1 },
    ])
    jobStore.exchange('q', { claim: { limit: 1, leaseMs: 10_000 } })
    db.run(`UPDATE reuse_jobs SET ${column} = ${value} WHERE id IN ('lost', 'due')`)
    await clock.advance(20_000)
    const seen: string[] = []
    for (let round = 0; round < 4; round++) {
      const { claimed } = jobStore.exchange('q', { claim })
      seen.push(...claimed.map(({ id }) => id))
      readEverything(jobStore, 'lost')
      jobStore.exchange('q', {
        settle: claimed.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
      })
    }
    expect(seen).toEqual(['held', 'behind'])
    const { ready, active, scheduled, parked, dead } = jobStore.counts('q')
    expect([ready, active, scheduled, parked + dead]).toEqual([0, 0, 0, 2])
  },
)

test('a queue of which nothing can be read is parked a bounded number at a time', () => {
  const { db, jobStore } = open()
  for (let round = 0; round < 3; round++)
    jobStore.add(
      'q',
      Array.from({ length: 1000 }, () => ({ name: 'n', data: 0 })),
    )
  db.run(`UPDATE reuse_jobs SET data = '{'`)
  let calls = 0
  for (let wake: number | null = 0; wake === 0; calls++) {
    const { claimed, wakeInMs } = jobStore.exchange('q', { claim })
    expect(claimed).toEqual([])
    wake = wakeInMs
  }
  expect(jobStore.counts('q')).toMatchObject({ ready: 0, parked: 3000 })
  expect(calls).toBeGreaterThan(2)
})
