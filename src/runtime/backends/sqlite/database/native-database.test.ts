import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { createNativeDatabase } from './native-database.ts'
import type { SqlDatabase } from './sql-database.ts'

const directory = mkdtempSync(join(tmpdir(), 'reuse-sqlite-'))
const opened: DatabaseSync[] = []

afterEach(() => {
  for (const native of opened.splice(0)) native.close()
  rmSync(join(directory, 'shared.db'), { force: true })
})

test('transaction() undoes all of what it wrote when it throws, and passes the error on', () => {
  const { db, texts } = open()
  const error = new Error('no')
  expect(() =>
    db.transaction(() => {
      insert(db, 'a')
      throw error
    }),
  ).toThrow(error)
  expect(texts()).toEqual([])
  db.transaction(() => insert(db, 'b'))
  expect(texts()).toEqual(['b'])
})

test('transaction() within another undoes itself alone', () => {
  const { db, texts } = open()
  db.transaction(() => {
    insert(db, 'outer')
    db.transaction(() => insert(db, 'kept'))
    expect(() =>
      db.transaction(() => {
        insert(db, 'undone')
        db.transaction(() => insert(db, 'undone with it'))
        throw new Error('no')
      }),
    ).toThrow('no')
  })
  expect(texts()).toEqual(['outer', 'kept'])
})

test('transaction() lets those within it join it when told, and undoes all of them together', () => {
  const { db, texts } = open()
  const both = (fails: boolean): void =>
    db.transaction(() => {
      db.transaction(() => insert(db, 'first'))
      db.transaction(() => insert(db, 'second'))
      if (fails) throw new Error('no')
    }, 'joined')
  expect(() => both(true)).toThrow('no')
  expect(texts()).toEqual([])
  both(false)
  // What follows has savepoints again.
  db.transaction(() => {
    expect(() =>
      db.transaction(() => {
        insert(db, 'undone')
        throw new Error('no')
      }),
    ).toThrow('no')
  })
  expect(texts()).toEqual(['first', 'second'])
})

test('transaction() that SQLite itself ended writes nothing more and fails as a whole', () => {
  const { db, texts } = open()
  expect(() =>
    db.transaction(() => {
      insert(db, 'before')
      // As a full disk does: the transaction is gone, savepoints and all.
      expect(() =>
        db.transaction(() => {
          db.run('ROLLBACK')
          throw new Error('disk full')
        }),
      ).toThrow('disk full')
      expect(() => db.transaction(() => insert(db, 'after'))).toThrow('SQLite ended it')
      expect(() => insert(db, 'alone')).toThrow('SQLite ended it')
    }),
  ).toThrow(expect.objectContaining({ code: 'backend_failed' }))
  expect(texts()).toEqual([])
  db.transaction(() => insert(db, 'next'))
  expect(texts()).toEqual(['next'])
})

test('transaction() fails as overloaded while another connection writes', () => {
  const path = join(directory, 'shared.db')
  const { db } = open(path)
  const { db: other } = open(path)
  db.transaction(() => {
    expect(() => other.transaction(() => insert(other, 'x'))).toThrow(
      expect.objectContaining({ name: 'BackendError', code: 'backend_overloaded' }),
    )
  })
  other.transaction(() => insert(other, 'x'))
})

test('run() fails without the statement or a value in the message', () => {
  const { db } = open()
  insert(db, 'secret')
  expect(() => insert(db, 'secret')).toThrow(
    expect.objectContaining({
      code: 'backend_failed',
      message: 'Cannot use SQLite database: it refused a statement, the cause says why',
    }),
  )
})

test.each([
  ['busy', { errcode: 5 }, 'backend_overloaded'],
  ['busy, in one of its kinds', { errcode: 517 }, 'backend_overloaded'],
  ['locked, as Bun says it', { errno: 262 }, 'backend_overloaded'],
  ['out of disk space', { errno: 13 }, 'backend_failed'],
  ['unable to read', { errcode: 266 }, 'backend_unavailable'],
  ['unable to open', { errcode: 14 }, 'backend_unavailable'],
  ['damaged', { errcode: 11 }, 'backend_failed'],
  ['speechless', {}, 'backend_failed'],
])('run() tells %s apart', (_name, details, code) => {
  const cause = Object.assign(new Error('of the engine'), details)
  const db = createNativeDatabase(
    {
      prepare() {
        throw cause
      },
      close() {},
    },
    false,
  )
  expect(() => db.run('SELECT 1')).toThrow(expect.objectContaining({ code, cause }))
})

test('close() makes every later call fail, and closes what it owns', () => {
  const { db, native } = open()
  const owned = new DatabaseSync(':memory:')
  createNativeDatabase(owned, true).close()
  expect(owned.isOpen).toBe(false)
  db.close()
  db.close()
  expect(native.isOpen).toBe(true)
  expect(() => db.run('SELECT 1')).toThrow(expect.objectContaining({ code: 'backend_unavailable' }))
})

function open(path = ':memory:') {
  const native = new DatabaseSync(path)
  opened.push(native)
  const db = createNativeDatabase(native, false)
  db.run('CREATE TABLE IF NOT EXISTS t (text TEXT PRIMARY KEY)')
  const texts = () => db.run('SELECT text FROM t ORDER BY rowid').map(({ text }) => text)
  return { db, native, texts }
}

function insert(db: SqlDatabase, text: string): void {
  db.run('INSERT INTO t (text) VALUES (?)', [text])
}
