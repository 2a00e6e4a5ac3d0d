import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quietUntil, type QuietHours } from './quiet-hours.ts'

const night = { start: '22:00', end: '07:00' }
const at = (text: string): number => Date.parse(text)

test.each([
  // In plain days: overnight, before and after, at both ends.
  ['2026-01-15T21:59:59.999+01:00', 'Europe/Warsaw', night, null],
  ['2026-01-15T22:00:00+01:00', 'Europe/Warsaw', night, '2026-01-16T07:00:00+01:00'],
  ['2026-01-16T03:00:00+01:00', 'Europe/Warsaw', night, '2026-01-16T07:00:00+01:00'],
  ['2026-01-16T06:59:59.999+01:00', 'Europe/Warsaw', night, '2026-01-16T07:00:00+01:00'],
  ['2026-01-16T07:00:00+01:00', 'Europe/Warsaw', night, null],
  // Within one day.
  [
    '2026-01-15T13:00:00+01:00',
    'Europe/Warsaw',
    { start: '12:00', end: '14:00' },
    '2026-01-15T14:00:00+01:00',
  ],
  ['2026-01-15T14:00:00+01:00', 'Europe/Warsaw', { start: '12:00', end: '14:00' }, null],
  // Until midnight, and from it.
  [
    '2026-01-15T23:00:00+01:00',
    'Europe/Warsaw',
    { start: '22:00', end: '00:00' },
    '2026-01-16T00:00:00+01:00',
  ],
  [
    '2026-01-16T00:00:00+01:00',
    'Europe/Warsaw',
    { start: '00:00', end: '06:00' },
    '2026-01-16T06:00:00+01:00',
  ],
  // The night in which clocks go forward is an hour shorter, the one in which they go back longer.
  ['2026-03-28T22:00:00+01:00', 'Europe/Warsaw', night, '2026-03-29T07:00:00+02:00'],
  ['2026-10-24T22:00:00+02:00', 'Europe/Warsaw', night, '2026-10-25T07:00:00+01:00'],
  ['2026-03-08T00:30:00-05:00', 'America/New_York', night, '2026-03-08T07:00:00-04:00'],
  ['2026-11-01T01:30:00-04:00', 'America/New_York', night, '2026-11-01T07:00:00-05:00'],
  // An end that clocks skip: over with the change.
  [
    '2026-03-29T01:00:00+01:00',
    'Europe/Warsaw',
    { start: '22:00', end: '02:30' },
    '2026-03-29T03:00:00+02:00',
  ],
  // An end that they show twice: over at the first, and quiet again while they show it once more.
  [
    '2026-10-25T01:00:00+02:00',
    'Europe/Warsaw',
    { start: '22:00', end: '02:30' },
    '2026-10-25T02:30:00+02:00',
  ],
  [
    '2026-10-25T02:15:00+01:00',
    'Europe/Warsaw',
    { start: '22:00', end: '02:30' },
    '2026-10-25T02:30:00+01:00',
  ],
  // A beginning that they skip.
  [
    '2026-03-29T03:00:00+02:00',
    'Europe/Warsaw',
    { start: '02:30', end: '05:00' },
    '2026-03-29T05:00:00+02:00',
  ],
  // Half an hour's change, half an hour's zone, and a day's length that is skipped.
  ['2026-10-04T01:00:00+10:30', 'Australia/Lord_Howe', night, '2026-10-04T07:00:00+11:00'],
  ['2026-01-15T23:00:00+05:45', 'Asia/Kathmandu', night, '2026-01-16T07:00:00+05:45'],
  ['2011-12-29T23:00:00-10:00', 'Pacific/Apia', night, '2011-12-31T07:00:00+14:00'],
  ['2026-01-15T22:00:00Z', 'UTC', night, '2026-01-16T07:00:00Z'],
] as const)('quietUntil() at %s in %s, %j: %s', (now, timeZone, hours, until) => {
  expect(quietUntil(at(now), { ...hours, timeZone })).toBe(until === null ? null : at(until))
})

test('quietUntil() agrees with the clocks of each zone, minute by minute', () => {
  const zones = ['Europe/Warsaw', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca']
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: at('2025-01-01T00:00Z') / 60_000, max: at('2027-01-01T00:00Z') / 60_000 }),
      time,
      time,
      (timeZone, minute, start, end) => {
        fc.pre(start !== end)
        const now = minute * 60_000
        const until = quietUntil(now, { start, end, timeZone })
        expect(until !== null).toBe(isQuiet(now, { start, end, timeZone }))
        if (until === null) return
        expect(isQuiet(until, { start, end, timeZone })).toBe(false)
        expect(isQuiet(until - 60_000, { start, end, timeZone })).toBe(true)
        expect(until - now).toBeLessThanOrEqual(26 * 3_600_000)
      },
    ),
    { numRuns: 500 },
  )
})

test.each([
  [{ start: '22:00', end: '22:00', timeZone: 'UTC' }, 'the same'],
  [{ start: '24:00', end: '07:00', timeZone: 'UTC' }, 'start is no time'],
  [{ start: '22:00', end: '7:00', timeZone: 'UTC' }, 'end is no time'],
  [{ start: 2200, end: '07:00', timeZone: 'UTC' }, 'start is no time'],
  [{ ...night, timeZone: 'Europe/Atlantis' }, 'time zone'],
  [{ ...night, timeZone: undefined }, 'time zone'],
  [null, 'no object'],
])('quietUntil() refuses %j', (hours, message) => {
  expect(() => quietUntil(0, hours as QuietHours)).toThrow(message)
})

/** By the runtime's own clocks, as a wrist watch would show it. */
function isQuiet(instant: number, { start, end, timeZone }: QuietHours): boolean {
  const wall = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(instant)
  return start < end ? wall >= start && wall < end : wall >= start || wall < end
}
