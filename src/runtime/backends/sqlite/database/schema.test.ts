import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { createNativeDatabase } from './native-database.ts'
import { migrate } from './schema.ts'
import { createSqliteStore } from '../atomic-store.ts'

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
