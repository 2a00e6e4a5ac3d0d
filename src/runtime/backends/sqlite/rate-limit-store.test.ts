import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { openTestDatabase } from '../../../../test/support/node-sqlite.ts'
import type { RateLimit } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createSqliteRateLimits } from './rate-limit-store.ts'

const minute: RateLimit = { algorithm: 'gcra', name: 'minute', limit: 2, windowMs: 60_000 }

test('consume() writes one row a limit when it allows, and none when it denies or looks', () => {
  const { limits, written } = open()
  limits.consume('s', [minute, { ...minute, name: 'other' }])
  expect(written()).toBe(2)
  limits.consume('s', [minute])
  expect(written()).toBe(1)
  expect(limits.consume('s', [minute])[0]?.allowed).toBe(false)
  expect(limits.consume('s', [{ ...minute, name: 'other' }, minute])[0]?.allowed).toBe(true)
  limits.consume('s', [{ ...minute, cost: 0 }])
  expect(written()).toBe(0)
})

test('consume() drops limits that are as if unused, faster than it adds them', async () => {
  const { db, clock, limits } = open()
  const rows = () => db.peek('SELECT count(*) FROM reuse_limits')
  for (let index = 0; index < 300; index++) limits.consume(`old ${index}`, [minute])
  expect(rows()).toBe(300)
  await clock.advance(60_000)
  for (let index = 0; index < 100; index++)
    limits.consume('\u0000 in use', [{ ...minute, limit: 1000 }])
  expect(rows()).toBe(1)
})

test('consume() keeps limits in use while it drops others', async () => {
  const { clock, limits } = open()
  for (let index = 0; index < 50; index++)
    limits.consume(`${index}`, [
      { ...minute, windowMs: index % 2 === 0 ? 60_000 : 3_600_000, cost: 2 },
    ])
  await clock.advance(60_000)
  for (let index = 0; index < 50; index++) limits.consume('busy', [{ ...minute, limit: 1000 }])
  for (let index = 1; index < 50; index += 2)
    expect(limits.consume(`${index}`, [{ ...minute, windowMs: 3_600_000 }])[0]?.allowed).toBe(false)
})

test('an operation is one row more, and goes with its settlement', () => {
  const { db, limits, written } = open()
  const rows = () => db.peek('SELECT count(*) FROM reuse_limits')
  written()
  limits.consume('s', [minute], { operation: 'op' })
  expect([written(), rows()]).toEqual([2, 2])
  limits.consume('s', [minute], { operation: 'op' })
  expect([written(), rows()]).toEqual([0, 2])
  limits.settle('s', [{ ...minute, cost: 0 }], 'op')
  expect(rows()).toBe(0)
})

test('sweepIdle() drops what is over, a part at a time, and says when to come again', async () => {
  const { db, clock, limits } = open()
  const rows = () => db.peek('SELECT count(*) FROM reuse_limits')
  for (let index = 0; index < 30; index++)
    limits.consume(`s${index}`, [
      { ...minute, algorithm: 'fixed-window', windowMs: index < 20 ? 60_000 : 3_600_000 },
    ])
  expect(limits.sweepIdle(100)).toBe(60_000)
  await clock.advance(60_000)
  const answers: (number | null)[] = []
  for (let turn = 0; turn < 4; turn++) answers.push(limits.sweepIdle(10))
  expect([answers, rows()]).toEqual([[0, 0, 0, 3_540_000], 10])
  await clock.advance(3_540_000)
  expect([limits.sweepIdle(100), rows()]).toEqual([null, 0])
})

function open() {
  const db = openTestDatabase()
  const clock = createFakeClock()
  let before = db.rowsWritten()
  /** Rows written since it was asked last. */
  const written = () => {
    const since = db.rowsWritten() - before
    before += since
    return since
  }
  return { db, clock, limits: createSqliteRateLimits(db, clock), written }
}
