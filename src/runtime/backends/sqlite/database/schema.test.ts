import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { createNativeDatabase } from './native-database.ts'
import { migrate } from './schema.ts'
import { createSqliteStore } from '../atomic-store.ts'
import { createSqliteJobStore } from '../job-store/job-store.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'

test('migrate() changes nothing when run again, and keeps what is stored', () => {
  const db = openTestDatabase()
  const store = createSqliteStore(db, createFakeClock())
  store.commit('p', { set: [{ key: 'k', value: 1 }] })
  const before = [db.peek('PRAGMA schema_version'), db.rowsWritten()]
  migrate(db)
  migrate(db)
  expect([db.peek('PRAGMA schema_version'), db.rowsWritten()]).toEqual(before)
  expect(store.get('p', 'k')?.value).toBe(1)
})

test('migrate() leaves nothing behind when a statement of it fails', () => {
  const native = new DatabaseSync(':memory:')
  native.exec('CREATE TABLE reuse_limits (an_application_took_the_name TEXT)')
  expect(() => migrate(createNativeDatabase(native, false))).toThrow(
    expect.objectContaining({ code: 'backend_failed' }),
  )
  const names = native.prepare('SELECT name FROM sqlite_schema').all()
  expect(names).toEqual([{ name: 'reuse_limits' }])
})

test('migrate() refuses a database of a newer version', () => {
  const db = openTestDatabase()
  db.run("UPDATE reuse_meta SET value = 99 WHERE name = 'schema'")
  expect(() => migrate(db)).toThrow(
    expect.objectContaining({
      code: 'backend_failed',
      message: expect.stringMatching(
        /^Cannot open database: its schema has version 99, at most \d is known$/,
      ),
    }),
  )
})

test('migrate() takes over the jobs of a file whose large values stood in their rows', () => {
  const db = openTestDatabase()
  const clock = createFakeClock()
  // As the version before left it.
  db.native
    .exec(`DROP TABLE reuse_job_parts; DROP TABLE reuse_job_counts; DROP TABLE reuse_group_limits;
      DROP TABLE reuse_job_tags;
    UPDATE reuse_meta SET value = 3 WHERE name = 'schema'`)
  const [small, large] = ['s'.repeat(8000), 'l'.repeat(9000)]
  const values = [
    ['1', JSON.stringify(large), 'null', null],
    ['2', JSON.stringify(small), JSON.stringify(large), '{"keyed":true}'],
    ['3', null, null, null],
  ] as const
  for (const [id, data, options, ties] of values)
    db.native
      .prepare(
        `INSERT INTO reuse_jobs (queue, state, rank, seq, id, token, attempt, cancel_requested,
         added_at, name, terms, ties, options, data)
         VALUES ('q', 0, 5, ?, ?, 1, 0, 0, 1, 'n', ?, ?, ?, ?)`,
      )
      .run(Number(id), id, TERMS, ties, options, data)
  migrate(db)
  const jobs = createSqliteJobStore(db, clock, createSeededRandom(1))
  const { claimed } = jobs.exchange('q', { claim: { limit: 10, leaseMs: 1000 } })
  expect(claimed.map(({ id, data, options }) => [id, data, options])).toEqual([
    ['1', large, null],
    ['2', small, large],
    ['3', null, null],
  ])
  expect(db.peek('SELECT max(length(data)) FROM reuse_jobs')).toBe(8002)
  jobs.exchange('q', {
    settle: claimed.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
  })
  expect(db.peek('SELECT count(*) FROM reuse_job_parts')).toBe(0)
})

const TERMS = '{"priority":5,"maxAttempts":3,"keepCompletedMs":0,"keepDeadMs":0}'
