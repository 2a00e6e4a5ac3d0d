import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { systemRandom } from '../../ports/platform/random-source.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createSqliteStore } from '../sqlite/atomic-store.ts'
import { migrate } from '../sqlite/database/schema.ts'
import type { SqlDatabase } from '../sqlite/database/sql-database.ts'
import { createSqliteJobStore } from '../sqlite/job-store/job-store.ts'
import { createSqliteRateLimits } from '../sqlite/rate-limit-store.ts'
import { createLazyTables } from './lazy-tables.ts'

function open(): SqlDatabase {
  const database = new DatabaseSync(':memory:')
  return {
    run: (sql, params = []) =>
      database.prepare(sql).all(...params) as ReturnType<SqlDatabase['run']>,
    transaction(act) {
      database.exec('SAVEPOINT s')
      try {
        const result = act()
        database.exec('RELEASE s')
        return result
      } catch (error) {
        database.exec('ROLLBACK TO s; RELEASE s')
        throw error
      }
    },
  }
}

const tablesOf = (db: SqlDatabase): number => db.run('SELECT name FROM sqlite_master').length

test('createLazyTables() lets the engines read an empty database, and make no table', () => {
  const db = open()
  const lazy = createLazyTables(db)
  const clock = createFakeClock()
  const store = createSqliteStore(lazy, clock)
  const jobs = createSqliteJobStore(lazy, clock, systemRandom)
  const limits = createSqliteRateLimits(lazy, clock)
  expect(store.get('p', 'k')).toBe(null)
  expect(store.commit('p', { check: [{ key: 'k', version: null }] })).toEqual({
    ok: true,
    version: 0,
  })
  expect(jobs.exchange('q', { claim: { limit: 1, leaseMs: 1 } })).toEqual({
    settled: [],
    extended: [],
    claimed: [],
    wakeInMs: null,
  })
  const settle = [{ id: 'j', token: 1, outcome: { to: 'completed' } as const }]
  expect(jobs.exchange('q', { settle }).settled).toEqual(['lost'])
  expect([jobs.nextWakeAt(), jobs.queues(), jobs.command('q', { type: 'resume' })]).toEqual([
    null,
    [],
    0,
  ])
  limits.reset('s', [{ name: 'n' }])
  expect(tablesOf(db)).toBe(0)
  expect(store.commit('p', { set: [{ key: 'k', value: 1 }] })).toEqual({ ok: true, version: 1 })
  expect(store.get('p', 'k')?.value).toBe(1)
})

test('createLazyTables() makes them anew when the write that made them was undone', () => {
  const db = open()
  const lazy = createLazyTables(db)
  const store = createSqliteStore(lazy, createFakeClock())
  const write = (): void => void store.commit('p', { set: [{ key: 'k', value: 1 }] })
  expect(() =>
    lazy.transaction(() => {
      write()
      throw new Error('undone')
    }),
  ).toThrow('undone')
  expect(tablesOf(db)).toBe(0)
  expect(store.get('p', 'k')).toBe(null)
  write()
  expect(store.get('p', 'k')?.version).toBe(1)
})

test('createLazyTables() reads tables that are there, brought up to date', () => {
  const db = open()
  migrate(db)
  createSqliteStore(db, createFakeClock()).commit('p', { set: [{ key: 'k', value: 1 }] })
  expect(createSqliteStore(createLazyTables(db), createFakeClock()).get('p', 'k')?.value).toBe(1)
  db.run("UPDATE reuse_meta SET value = 99 WHERE name = 'schema'")
  const store = createSqliteStore(createLazyTables(db), createFakeClock())
  expect(() => store.get('p', 'k')).toThrow('its schema has version 99')
})
