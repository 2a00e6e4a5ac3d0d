import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../../test/support/node-sqlite.ts'
import { BackendError } from '../../../ports/backend-error.ts'
import { createGroupCommit } from './group-commit.ts'
import type { SqlDatabase } from './sql-database.ts'

test('write() lets calls of one turn share one transaction', async () => {
  const { db, group, write, names } = open()
  const results = await Promise.all([
    group.write(() => write('a')),
    Promise.resolve().then(() => group.write(() => write('b'))),
    (async () => {
      await Promise.resolve().then(() => undefined)
      return group.write(() => write('c'))
    })(),
  ])
  expect(results).toEqual(['a', 'b', 'c'])
  expect(count(db.statements, 'BEGIN')).toBe(1)
  expect(count(db.statements, 'COMMIT')).toBe(1)
  expect(names()).toEqual(['a', 'b', 'c'])
})

test('write() lets what comes until the end of the turn share the transaction', async () => {
  const { db, write, names } = open()
  const ends: (() => void)[] = []
  const group = createGroupCommit(db, createFakeClock(), 0, (act) => ends.push(act))
  const early = group.write(() => write('a'))
  await expect.poll(() => ends.length).toBe(1)
  const late = group.write(() => write('b'))
  expect(names()).toEqual([])
  for (const end of ends) end()
  expect(await Promise.all([early, late])).toEqual(['a', 'b'])
  expect(count(db.statements, 'COMMIT')).toBe(1)
  expect(ends.length).toBe(1)
})

test('write() undoes a call that throws, and that alone', async () => {
  const { db, group, write, names } = open()
  const results = await Promise.allSettled([
    group.write(() => write('a')),
    group.write(() => {
      throw new RangeError('before it wrote')
    }),
    group.write(() =>
      db.transaction(() => {
        write('undone')
        throw new TypeError('after it wrote')
      }),
    ),
    group.write(() => write('b')),
  ])
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ])
  expect(names()).toEqual(['a', 'b'])
})

test('write() makes no savepoint for calls that do not throw', async () => {
  const { db, group, write, names } = open()
  await Promise.all(['a', 'b'].map((name) => group.write(() => db.transaction(() => write(name)))))
  expect([count(db.statements, 'SAVEPOINT'), count(db.statements, 'COMMIT')]).toEqual([0, 1])
  expect(names()).toEqual(['a', 'b'])
})

test('write() tells nobody of success before the commit, and everybody when it fails', async () => {
  const { db, write, names } = open()
  const refusing = {
    run: db.run,
    transaction: <T>(act: () => T): T =>
      db.transaction(() => {
        act()
        throw new Error('the commit failed')
      }),
  }
  const group = createGroupCommit(refusing, createFakeClock(), 0)
  const results = await Promise.allSettled([
    group.write(() => write('a')),
    group.write(() => write('b')),
  ])
  expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
    'Error: the commit failed',
    'Error: the commit failed',
  ])
  expect(names()).toEqual([])
})

test('write() gives a call of a later turn a transaction of its own', async () => {
  const { db, group, write } = open()
  await group.write(() => write('a'))
  await group.write(() => write('b'))
  expect(count(db.statements, 'COMMIT')).toBe(2)
})

test('close() runs what waits at once', async () => {
  const { group, write, names } = open()
  const both = Promise.all([group.write(() => write('a')), group.write(() => write('b'))])
  group.close()
  expect(names()).toEqual(['a', 'b'])
  expect(await both).toEqual(['a', 'b'])
})

test('write() waits while the database is busy, together with calls that come later', async () => {
  const { db, clock, group, write, names, busy, refused } = open()
  busy(true)
  const results = Promise.all([group.write(() => write('a')), group.write(() => write('b'))])
  await clock.advance(100)
  const before = refused()
  const later = group.write(() => write('c'))
  await clock.advance(0)
  expect(refused()).toBe(before)
  await clock.advance(100)
  expect(names()).toEqual([])
  busy(false)
  await clock.advance(4)
  expect([...(await results), await later]).toEqual(['a', 'b', 'c'])
  expect(count(db.statements, 'COMMIT')).toBe(1)
})

test('write() fails as overloaded when the database stays busy, and writes nothing later', async () => {
  const { clock, group, write, names, busy } = open()
  busy(true)
  const first = group.write(() => write('a')).catch((error: unknown) => error)
  await clock.advance(600)
  const second = group.write(() => write('b'))
  await clock.advance(404)
  expect(await first).toMatchObject({ name: 'BackendError', code: 'backend_overloaded' })
  busy(false)
  await clock.advance(4)
  expect(await second).toBe('b')
  expect(names()).toEqual(['b'])
})

test('write() tries a bounded number of times in a row, and once where each try takes long', async () => {
  const { clock, group, write, busy, refused } = open()
  busy(true)
  const waits = group.write(() => write('a'))
  await clock.advance(0)
  expect(refused()).toBe(50)
  busy(true, 500)
  await clock.advance(1)
  expect(refused()).toBe(51)
  busy(false)
  await clock.advance(4)
  expect(await waits).toBe('a')
})

test('read() answers at once, and waits while the database is busy', async () => {
  const { clock, group, busy, db } = open()
  const read = () => db.run('SELECT 1 AS one')
  db.clear()
  const atOnce = group.read(read)
  expect(db.statements).toHaveLength(1)
  expect(await atOnce).toEqual([{ one: 1 }])
  busy(true)
  const later = group.read(read)
  await clock.advance(100)
  busy(false)
  await clock.advance(4)
  expect(await later).toEqual([{ one: 1 }])
  expect(count(db.statements, 'BEGIN')).toBe(0)
})

test('close() fails what cannot run', async () => {
  const { group, write, busy } = open()
  busy(true)
  const results = Promise.allSettled([group.write(() => write('a'))])
  group.close()
  expect((await results)[0]).toMatchObject({ reason: { code: 'backend_overloaded' } })
})

test('write() splits what one turn asks for into transactions of bounded length', async () => {
  const { db, group, write, names } = open()
  await Promise.all(
    Array.from({ length: 2500 }, (_, index) => group.write(() => write(`${index}`))),
  )
  expect(names()).toHaveLength(2500)
  expect(count(db.statements, 'COMMIT')).toBe(3)
})

const BUSY_TIMEOUT_MS = 1000

function open() {
  const test = openTestDatabase()
  test.clear()
  const clock = createFakeClock()
  let isBusy = false
  let refused = 0
  let tryMs = 0
  const refuseWhenBusy = (): void => {
    if (!isBusy) return
    refused++
    clock.block(tryMs)
    throw new BackendError('backend_overloaded', 'busy')
  }
  const db: SqlDatabase = {
    run(sql, params) {
      refuseWhenBusy()
      return test.run(sql, params)
    },
    transaction(act, within) {
      refuseWhenBusy()
      return test.transaction(act, within)
    },
  }
  const write = (name: string): string =>
    db.transaction(() => {
      db.run('INSERT INTO reuse_paused_queues (queue) VALUES (?)', [name])
      return name
    })
  const names = () =>
    test.run('SELECT queue FROM reuse_paused_queues ORDER BY queue').map(({ queue }) => queue)
  return {
    db: { ...test, ...db },
    clock,
    group: createGroupCommit(db, clock, BUSY_TIMEOUT_MS),
    write,
    names,
    refused: () => refused,
    /** @param costMs How long each refusal takes */
    busy: (value: boolean, costMs = 0) => {
      isBusy = value
      tryMs = costMs
    },
  }
}

function count(statements: readonly string[], start: string): number {
  return statements.filter((sql) => sql.startsWith(start)).length
}
