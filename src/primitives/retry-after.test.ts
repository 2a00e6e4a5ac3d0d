import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

const NOW = Date.UTC(2026, 10, 22, 10, 0, 0)

test('parseRetryAfter() reads delta seconds', () => {
  expect(parseRetryAfter('120', NOW)).toBe(120_000)
  expect(parseRetryAfter(' 0\t', NOW)).toBe(0)
  expect(parseRetryAfter('007', NOW)).toBe(7000)
  expect(parseRetryAfter('9'.repeat(80), NOW)).toBe(Number.MAX_SAFE_INTEGER)
})

test('parseRetryAfter() reads all three forms of an HTTP date, relative to now', () => {
  expect(parseRetryAfter('Sun, 22 Nov 2026 10:00:30 GMT', NOW)).toBe(30_000)
  expect(parseRetryAfter('Sunday, 22-Nov-26 10:01:00 GMT', NOW)).toBe(60_000)
  expect(parseRetryAfter('Sun Nov 22 10:00:01 2026', NOW)).toBe(1000)
  expect(parseRetryAfter('Tue Dec  1 10:00:00 2026', NOW)).toBe(9 * 86_400_000)
  expect(parseRetryAfter('Sun, 22 Nov 2026 10:00:60 GMT', NOW)).toBe(60_000)
  expect(parseRetryAfter('Sun, 22 Nov 2026 10:00:01 GMT', NOW + 0.5)).toBe(1000)
})

test('parseRetryAfter() takes a date that has passed for 0', () => {
  expect(parseRetryAfter('Sun, 06 Nov 1994 08:49:37 GMT', NOW)).toBe(0)
  expect(parseRetryAfter('Sunday, 06-Nov-94 08:49:37 GMT', NOW)).toBe(0)
  expect(parseRetryAfter('Sun Nov  6 08:49:37 1994', NOW)).toBe(0)
})

test('parseRetryAfter() takes a two-digit year for the one within 50 years ahead', () => {
  expect(parseRetryAfter('Sunday, 22-Nov-76 10:00:00 GMT', NOW)).toBe(
    Date.UTC(2076, 10, 22, 10) - NOW,
  )
  expect(parseRetryAfter('Sunday, 22-Nov-77 10:00:00 GMT', NOW)).toBe(0)
})

test.each([
  ['Saturday, 06-Nov-76 08:49:37 GMT', Date.UTC(2026, 0, 1), 1976],
  ['Saturday, 06-Nov-76 08:49:37 GMT', Date.UTC(2026, 10, 6, 8, 49, 36), 1976],
  ['Friday, 06-Nov-76 08:49:37 GMT', Date.UTC(2026, 10, 6, 8, 49, 37), 2076],
  ['Friday, 01-Jan-00 00:00:00 GMT', Date.UTC(2099, 11, 31), 2100],
  ['Monday, 28-Feb-00 00:00:00 GMT', Date.UTC(2026, 0, 1), 2000],
  ['Tuesday, 29-Feb-00 00:00:00 GMT', Date.UTC(2099, 11, 31), 2000],
  ['Friday, 31-Dec-99 23:59:59 GMT', Date.UTC(2000, 0, 1), 1999],
])('parseRetryAfter() takes %s for the latest date within 50 years ahead', (text, now, year) => {
  const expected = Date.parse(text.replace(/-(\d\d) /, `-${year} `).replaceAll('-', ' '))
  expect(now + (parseRetryAfter(text, now) ?? NaN)).toBe(Math.max(expected, now))
})

test('parseRetryAfter() answers null for anything else', () => {
  const refused = [
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x10',
    '10s',
    '1 2',
    '٣',
    '120\n',
    '\u00a0120',
    'Friday, 31-Feb-76 00:00:00 GMT',
    'soon',
    '2026-11-22T10:00:00Z',
    'Sun, 22 Nov 2026 10:00:00',
    'Sun, 22 Nov 2026 10:00:00 UTC',
    'Sun, 22 Nov 2026 10:00:00 +0000',
    'sun, 22 nov 2026 10:00:00 gmt',
    'Sun, 2 Nov 2026 10:00:00 GMT',
    'Sun, 30 Feb 2026 10:00:00 GMT',
    'Sun, 00 Nov 2026 10:00:00 GMT',
    'Sun, 22 Nov 2026 24:00:00 GMT',
    'Sun, 22 Nov 2026 10:60:00 GMT',
    'Sun, 22 Nov 2026 10:00:61 GMT',
    'Sun, 22 Nov 26 10:00:00 GMT',
    'Sun, 22-Nov-26 10:00:00 GMT',
    '1'.repeat(101),
  ]
  for (const value of refused) expect(parseRetryAfter(value, NOW), value).toBeNull()
})

test('parseRetryAfter() reads back any second that the platform writes as an HTTP date', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
      const instant = second * 1000
      expect(parseRetryAfter(new Date(instant).toUTCString(), 0)).toBe(instant)
    }),
  )
})
