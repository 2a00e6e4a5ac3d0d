import { expect, test } from 'vitest'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import { JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import { RECORD_UNREADABLE_ERROR } from '../../../ports/job-store/job-state.ts'
import { ASIDE_CHARS } from './job-parts.ts'
import { createSqliteJobStore } from './job-store.ts'

const LARGE = 'x'.repeat(1_000_000)
const claim = { limit: 1000, leaseMs: 10_000 }

test('a large value is written once and removed once, whatever its job goes through', () => {
  const { db, jobStore, written } = open()
  jobStore.add('q', [{ name: 'n', data: LARGE }])
  expect(written()).toBe(2)
  const [held] = jobStore.exchange('q', { claim }).claimed
  const { id, token } = held ?? { id: '', token: 0 }
  expect([written(), held?.data]).toEqual([1, LARGE])
  jobStore.exchange('q', { extend: [{ id, token, leaseMs: 20_000 }] })
  expect(written()).toBe(1)
  expect(db.peek('SELECT max(length(data)) FROM reuse_jobs')).toBe(`@${LARGE.length + 2}`.length)
  jobStore.exchange('q', { settle: [{ id, token, outcome: { to: 'completed' } }] })
  expect([written(), db.peek('SELECT count(*) FROM reuse_job_parts')]).toEqual([2, 0])
})

test('a value below the bound stands in its job’s row, and asks no statement more', () => {
  const { db, jobStore, written } = open()
  const statementsOf = (chars: number): readonly string[] => {
    db.clear()
    jobStore.add('q', [{ name: 'n', data: 'x'.repeat(chars) }])
    const { claimed } = jobStore.exchange('q', { claim })
    jobStore.exchange('q', {
      settle: claimed.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
    })
    return [...db.statements]
  }
  expect(statementsOf(ASIDE_CHARS - 3)).toEqual(statementsOf(1))
  expect(written()).toBe(6)
})

test('a claim reads no more large values than it gives', () => {
  const { db, jobStore } = open()
  for (let added = 0; added < 30; added++) jobStore.add('q', [{ name: 'n', data: LARGE }])
  db.clear()
  const { claimed } = jobStore.exchange('q', { claim })
  const most = Math.floor(JOB_LIMITS.replyBytes / LARGE.length)
  expect(claimed).toHaveLength(most)
  db.clear()
  expect(jobStore.list('q', { state: 'ready' }).jobs).toHaveLength(most)
  expect(db.statements).toHaveLength(1 + most)
})

test('a job whose large value is gone is parked, and those behind it run', () => {
  const { db, jobStore } = open()
  jobStore.add('q', [
    { name: 'n', data: LARGE, id: 'broken' },
    { name: 'n', data: 'well' },
  ])
  db.run('DELETE FROM reuse_job_parts')
  expect(jobStore.get('q', 'broken')).toMatchObject({ lastError: RECORD_UNREADABLE_ERROR })
  expect(jobStore.exchange('q', { claim }).claimed.map(({ data }) => data)).toEqual(['well'])
  expect(jobStore.counts('q')).toMatchObject({ parked: 1, active: 1 })
})

function open() {
  const db = openTestDatabase()
  const jobStore = createSqliteJobStore(db, createFakeClock(), createSeededRandom(1))
  let before = db.rowsWritten()
  /** Rows written since it was last asked. */
  const written = (): number => {
    const since = db.rowsWritten() - before
    before += since
    return since
  }
  return { db, jobStore, written }
}
