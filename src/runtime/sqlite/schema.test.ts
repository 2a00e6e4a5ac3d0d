import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../../test/support/node-sqlite.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { createSqliteLedger } from './ledger.ts'
import { createNativeDatabase } from './native-database.ts'
import { migrate } from './schema.ts'
import { createSqliteStore } from './store.ts'

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

test('migrate() brings a database of the first version up to date, with the jobs in it', () => {
  const db = openTestDatabase()
  const ledger = createSqliteLedger(db, createFakeClock(), createSeededRandom())
  const [added] = ledger.add('q', [{ name: 'n', data: { a: 1 }, priority: 3 }]).jobs
  const before = ledger.get('q', added?.id ?? '')
  db.run('DROP INDEX reuse_jobs_held')
  for (const table of ['groups', 'children', 'follow_ups']) db.run(`DROP TABLE reuse_${table}`)
  const columns = 'group_key group_limit pending flow parent parent_flow fails_parent'
  for (const column of columns.split(' ')) db.run(`ALTER TABLE reuse_jobs DROP COLUMN ${column}`)
  db.run("UPDATE reuse_meta SET value = 1 WHERE name = 'schema'")
  migrate(db)
  expect(ledger.get('q', added?.id ?? '')).toEqual(before)
  ledger.add('q', [
    { name: 'p', data: null, id: 'p' },
    { name: 'c', data: null, parent: 'p', group: { key: 'g', limit: 1 } },
  ])
  expect(ledger.counts('q')).toMatchObject({ ready: 2, blocked: 1 })
})

test('migrate() leaves nothing behind when a statement of it fails', () => {
  const native = new DatabaseSync(':memory:')
  native.exec('CREATE TABLE reuse_rate_limits (an_application_took_the_name TEXT)')
  expect(() => migrate(createNativeDatabase(native, false))).toThrow(
    expect.objectContaining({ code: 'backend_failed' }),
  )
  const names = native.prepare('SELECT name FROM sqlite_schema').all()
  expect(names).toEqual([{ name: 'reuse_rate_limits' }])
})

test('migrate() refuses a database of a newer version', () => {
  const db = openTestDatabase()
  db.run("UPDATE reuse_meta SET value = 99 WHERE name = 'schema'")
  expect(() => migrate(db)).toThrow(
    expect.objectContaining({
      code: 'backend_failed',
      message: 'Cannot open database: its schema has version 99, at most 2 is known',
    }),
  )
})
