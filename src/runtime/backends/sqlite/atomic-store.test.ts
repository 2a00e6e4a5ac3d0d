import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../test/support/node-sqlite.ts'
import { createSqliteStore } from './atomic-store.ts'

test('commit() removes expired entries, a bounded number at once', async () => {
  const { db, clock, store } = open()
  for (let index = 0; index < 100; index++)
    store.commit('old', { set: [{ key: `k${index}`, value: 1, expiresInMs: 1000 }] })
  await clock.advance(1000)
  const left: unknown[] = []
  for (let index = 0; index < 6; index++) {
    store.commit('new', { set: [{ key: 'k', value: index }] })
    left.push(db.peek("SELECT count(*) FROM reuse_entries WHERE partition = 'old'"))
  }
  expect(left).toEqual([82, 64, 46, 28, 10, 0])
})

test('commit() writes the entries, the version and nothing else', () => {
  const { db, store } = open()
  store.commit('p', { set: [{ key: 'a', value: 1 }] })
  const before = db.rowsWritten()
  store.commit('p', { set: [{ key: 'a', value: 2 }], delete: ['absent'] })
  expect(db.rowsWritten() - before).toBe(2)
})

test('commit() writes nothing on a conflict, nor when it only checks', async () => {
  const { db, clock, store } = open()
  store.commit('p', { set: [{ key: 'expired', value: 1, expiresInMs: 1 }] })
  await clock.advance(1)
  const before = db.rowsWritten()
  store.commit('p', { check: [{ key: 'a', version: 7 }], set: [{ key: 'a', value: 2 }] })
  store.commit('p', { check: [{ key: 'a', version: null }] })
  expect(db.rowsWritten()).toBe(before)
})

test('prepareCommit() copies the change, so that its caller may go on with it', () => {
  const { store } = open()
  const value = { list: [1] }
  const change = { set: [{ key: 'k', value }] }
  const commit = store.prepareCommit('p', change)
  value.list.push(2)
  change.set.pop()
  commit()
  expect(store.get('p', 'k')?.value).toEqual({ list: [1] })
})

test('get() fails when an entry is not what this package wrote', () => {
  const { db, store } = open()
  db.run(
    "INSERT INTO reuse_entries (partition, key, version, json) VALUES ('p', 'k', 'one', 'null')",
  )
  expect(() => store.get('p', 'k')).toThrow(
    expect.objectContaining({
      code: 'backend_failed',
      message: 'Cannot read database: column version holds something else, a number expected',
    }),
  )
})

test('list() and getMany() go on past broken entries, and list() names them on every page', () => {
  const { db, store } = open()
  const keys = ['a', 'b', 'c', 'd', 'e']
  store.commit('p', { set: keys.map((key) => ({ key, value: key })) })
  db.run(`UPDATE reuse_entries SET json = '{"secret":' WHERE key = 'b'`)
  db.run("UPDATE reuse_entries SET json = x'00' WHERE key = 'd'")
  db.run("UPDATE reuse_entries SET version = 'one' WHERE key = 'e'")
  expect(store.getMany('p', keys).map((entry) => entry?.value ?? null)).toEqual([
    ...['a', null, 'c', null, null],
  ])
  const whole = store.list('p')
  expect([whole.entries.map(({ key }) => key), whole.unreadable]).toEqual([
    ['a', 'c'],
    ['b', 'd', 'e'],
  ])
  const seen: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = store.list('p', { limit: 1, ...(cursor !== undefined && { cursor }) })
    seen.push(...page.entries.map(({ key }) => key), ...(page.unreadable ?? []))
    ;({ cursor } = page)
  }
  expect(seen).toEqual(keys)
  store.commit('p', { delete: ['b', 'd', 'e'] })
  expect(store.list('p')).toEqual({ entries: whole.entries, cursor: null })
})

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock()
  return { db, clock, store: createSqliteStore(db, clock) }
}
