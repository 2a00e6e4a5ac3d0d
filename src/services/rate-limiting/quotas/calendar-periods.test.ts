import fc from 'fast-check'
import { expect, test } from 'vitest'
import { calendarPeriods, type CalendarPeriod } from './calendar-periods.ts'

const HOUR_MS = 3_600_000

/** The period at hand, as ISO texts. */
function periodAt(period: CalendarPeriod, zone: string, at: string, monthDay = 1): string[] {
  const now = Date.parse(at)
  const starts = calendarPeriods(period, zone, now, monthDay)
  const index = starts.findLastIndex((start) => start <= now)
  return starts.slice(index, index + 2).map((start) => new Date(start).toISOString())
}

test.for<[CalendarPeriod, string, string, string, string]>([
  [
    'day',
    'UTC',
    '2026-02-28T23:59:59.999Z',
    '2026-02-28T00:00:00.000Z',
    '2026-03-01T00:00:00.000Z',
  ],
  [
    'day',
    'Europe/Berlin',
    '2026-03-29T12:00:00Z',
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
  ],
  [
    'day',
    'Europe/Berlin',
    '2026-10-25T12:00:00Z',
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
  ],
  // Midnight does not exist: 00:00 is 01:00.
  [
    'day',
    'America/Sao_Paulo',
    '2018-11-04T12:00:00Z',
    '2018-11-04T03:00:00.000Z',
    '2018-11-05T02:00:00.000Z',
  ],
  [
    'day',
    'Africa/Cairo',
    '2024-04-26T12:00:00Z',
    '2024-04-25T22:00:00.000Z',
    '2024-04-26T21:00:00.000Z',
  ],
  // 01:00 is 00:00 again: the day has midnight twice, and begins with the first.
  [
    'day',
    'America/Havana',
    '2026-11-01T04:30:00Z',
    '2026-11-01T04:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
  ],
  [
    'day',
    'America/Havana',
    '2026-11-01T05:30:00Z',
    '2026-11-01T04:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
  ],
  // Samoa had no 30 December 2011.
  [
    'day',
    'Pacific/Apia',
    '2011-12-30T09:59:59Z',
    '2011-12-29T10:00:00.000Z',
    '2011-12-30T10:00:00.000Z',
  ],
  [
    'day',
    'Pacific/Apia',
    '2011-12-30T10:00:00Z',
    '2011-12-30T10:00:00.000Z',
    '2011-12-31T10:00:00.000Z',
  ],
  [
    'day',
    'Asia/Kathmandu',
    '2026-01-01T00:00:00Z',
    '2025-12-31T18:15:00.000Z',
    '2026-01-01T18:15:00.000Z',
  ],
  ['week', 'UTC', '2026-11-29T23:59:59Z', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
  ['week', 'UTC', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00.000Z', '2026-12-07T00:00:00.000Z'],
  [
    'week',
    'America/New_York',
    '2026-03-10T00:00:00Z',
    '2026-03-09T04:00:00.000Z',
    '2026-03-16T04:00:00.000Z',
  ],
  ['month', 'UTC', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00.000Z', '2024-03-01T00:00:00.000Z'],
  [
    'month',
    'Europe/Berlin',
    '2026-03-31T21:59:59Z',
    '2026-02-28T23:00:00.000Z',
    '2026-03-31T22:00:00.000Z',
  ],
  [
    'month',
    'Pacific/Auckland',
    '2026-12-31T12:00:00Z',
    '2026-12-31T11:00:00.000Z',
    '2027-01-31T11:00:00.000Z',
  ],
  [
    'year',
    'UTC',
    '2026-12-31T23:59:59.999Z',
    '2026-01-01T00:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ],
  [
    'year',
    'Asia/Tokyo',
    '2026-12-31T15:00:00Z',
    '2026-12-31T15:00:00.000Z',
    '2027-12-31T15:00:00.000Z',
  ],
  [
    'hour',
    'Asia/Kolkata',
    '2026-01-01T00:29:59Z',
    '2025-12-31T23:30:00.000Z',
    '2026-01-01T00:30:00.000Z',
  ],
  // Clocks go forward by half an hour at 02:00: the hour at 02:30 has thirty minutes.
  [
    'hour',
    'Australia/Lord_Howe',
    '2026-10-03T15:45:00Z',
    '2026-10-03T15:30:00.000Z',
    '2026-10-03T16:00:00.000Z',
  ],
])('calendarPeriods() of a %s in %s at %s', ([period, zone, at, start, end]) => {
  expect(periodAt(period, zone, at)).toEqual([start, end])
})

test.for([
  ['2026-01-31T00:00:00Z', '2026-01-31', '2026-02-28'],
  ['2026-02-27T23:59:59Z', '2026-01-31', '2026-02-28'],
  ['2026-02-28T00:00:00Z', '2026-02-28', '2026-03-31'],
  ['2024-02-29T00:00:00Z', '2024-02-29', '2024-03-31'],
  ['2026-04-29T12:00:00Z', '2026-03-31', '2026-04-30'],
  ['2026-04-30T00:00:00Z', '2026-04-30', '2026-05-31'],
  ['2026-01-30T12:00:00Z', '2025-12-31', '2026-01-31'],
] as const)(
  'months that begin on the 31st begin on the last day of shorter ones: %s',
  ([at, start, end]) => {
    expect(periodAt('month', 'UTC', at, 31)).toEqual(
      [start, end].map((day) => `${day}T00:00:00.000Z`),
    )
  },
)

test('calendarPeriods() covers every instant once, in every zone', () => {
  const zone = fc.constantFrom(
    ...[
      'UTC',
      'Europe/Berlin',
      'America/Sao_Paulo',
      'America/Havana',
      'Pacific/Apia',
      'Asia/Tehran',
    ],
    ...['Australia/Lord_Howe', 'Africa/Cairo', 'America/St_Johns', 'Antarctica/Troll', 'Asia/Gaza'],
  )
  const period = fc.constantFrom<CalendarPeriod>('hour', 'day', 'week', 'month', 'year')
  const at = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2030) })
  fc.assert(
    fc.property(period, zone, at, fc.integer({ min: 1, max: 31 }), (kind, name, now, monthDay) => {
      const starts = calendarPeriods(kind, name, now, monthDay)
      const index = starts.findLastIndex((start) => start <= now)
      expect(starts).toEqual(starts.toSorted((a, b) => a - b))
      expect(index).toBeGreaterThanOrEqual(0)
      const [start = 0, end = 0] = starts.slice(index)
      expect(end).toBeGreaterThan(now)
      for (const inside of [start, end - 1]) {
        const same = calendarPeriods(kind, name, inside, monthDay)
        expect(same.includes(start) && same.includes(end)).toBe(true)
        expect(same.some((one) => one > start && one < end)).toBe(false)
      }
      if (kind === 'hour') expect(end - start).toBeLessThanOrEqual(HOUR_MS)
    }),
    { numRuns: 400 },
  )
})
