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
  const rows = () => db.peek('SELECT count(*) FROM reuse_rate_limits')
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
