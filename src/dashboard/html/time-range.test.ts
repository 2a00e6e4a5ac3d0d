import { expect, test } from 'vitest'
import { instantIn, readTimeRange } from './time-range.ts'

test.each([
  ['UTC', '2026-11-29T22:41', '2026-11-29T22:41:00.000Z'],
  ['Europe/Berlin', '2026-07-01T12:00', '2026-07-01T10:00:00.000Z'],
  ['Europe/Berlin', '2026-12-01T12:00:30', '2026-12-01T11:00:30.000Z'],
  // An hour after clocks were set forward, and before.
  ['America/New_York', '2026-03-08T03:30', '2026-03-08T07:30:00.000Z'],
  ['America/New_York', '2026-03-08T01:30', '2026-03-08T06:30:00.000Z'],
  ['Asia/Kathmandu', '2026-01-01T00:00', '2025-12-31T18:15:00.000Z'],
])('instantIn(%s, %s) is %s', (zone, local, utc) => {
  expect(new Date(instantIn(zone, local) ?? 0).toISOString()).toBe(utc)
})

test('readTimeRange() takes a span up to now, two instants, and nothing of what is malformed', () => {
  const now = Date.UTC(2026, 10, 29)
  const view = { basePath: '/dashboard', zone: 'Europe/Berlin', theme: 'auto' as const, now }
  const read = (fields: Readonly<Record<string, string>>) =>
    readTimeRange((name) => fields[name] ?? '', view)
  expect(read({ hours: '24' })).toEqual({ since: now - 86_400_000 })
  expect(read({ hours: '24', from: '2026-11-01T00:00', to: '2026-11-02T00:00' })).toEqual({
    since: Date.UTC(2026, 9, 31, 23),
    until: Date.UTC(2026, 10, 1, 23),
  })
  expect(read({ hours: '-1', from: 'yesterday', to: '2026-11-02' })).toEqual({})
  expect(read({ hours: 'NaN', from: '1969-11-01T00:00' })).toEqual({})
})
