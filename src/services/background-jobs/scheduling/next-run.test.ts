import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import type { Schedule, ScheduleOptions } from './schedule.ts'

const YEAR_MS = 365.25 * 86_400_000

test('nextRun() grows strictly, and is the next run of every instant before it', () => {
  fc.assert(
    fc.property(schedules(), instants(), fc.nat(), (schedule, start, split) => {
      let after = start
      for (let count = 0; count < 5; count++) {
        const run = nextRun(schedule, after)
        if (run === null) return
        expect(run).toBeGreaterThan(after)
        const between = after + (split % (run - after))
        expect(nextRun(schedule, between)).toBe(run)
        expect(nextRun(schedule, run - 1)).toBe(run)
        after = run
      }
    }),
    { numRuns: 500 },
  )
})

test('nextRun() keeps to the time of the last run, when it is asked late', () => {
  const schedule = parseSchedule({ every: '10m', start: Date.UTC(2026, 0, 1, 0, 3) })
  const run = nextRun(schedule, Date.UTC(2026, 0, 1, 12, 3))
  expect(run).toBe(Date.UTC(2026, 0, 1, 12, 13))
  expect(nextRun(schedule, Date.UTC(2026, 0, 1, 12, 3) + 0.5)).toBe(run)
})

test('nextRun() counts intervals from 1970, when there is no start', () => {
  const schedule = parseSchedule({ every: '15m' })
  expect(nextRun(schedule, Date.UTC(2026, 4, 5, 10, 1, 2, 3))).toBe(Date.UTC(2026, 4, 5, 10, 15))
  expect(nextRun(schedule, -1)).toBe(0)
  expect(nextRun(schedule, -YEAR_MS)).toBe(0)
})

test('nextRun() has the start as its first run, when that is a run', () => {
  const start = Date.UTC(2026, 0, 1, 9)
  for (const options of [{ cron: '0 9 * * *' }, { every: '1h' }] as const)
    expect(nextRun(parseSchedule({ ...options, start }), 0)).toBe(start)
})

test('nextRun() is null, when the run would be at the end or after it', () => {
  const end = Date.UTC(2026, 0, 3, 9)
  for (const options of [
    { cron: '0 9 * * *' },
    { every: '1d', start: end - 86_400_000 },
  ] as const) {
    const schedule = parseSchedule({ ...options, end })
    expect(nextRun(schedule, end - 86_400_001)).toBe(end - 86_400_000)
    expect(nextRun(schedule, end - 86_400_000)).toBeNull()
  }
})

test('nextRun() is null, when the limit is reached', () => {
  const schedule = parseSchedule({ cron: '* * * * *', limit: 3 })
  expect(nextRun(schedule, 0, 2)).toBe(60_000)
  expect(nextRun(schedule, 0, 3)).toBeNull()
  expect(nextRun(schedule, 0, 4)).toBeNull()
})

test('nextRun() is null, when the year 9999 has ended', () => {
  const schedule = parseSchedule({ cron: '0 0 1 1 *', timezone: 'Europe/Berlin' })
  expect(nextRun(schedule, Date.UTC(9998, 6))).toBe(Date.UTC(9998, 11, 31, 23))
  expect(nextRun(schedule, Date.UTC(9999, 6))).toBeNull()
  expect(nextRun(schedule, 8.64e15)).toBeNull()
  expect(nextRun(schedule, Number.MAX_VALUE)).toBeNull()
  expect(nextRun(parseSchedule({ every: '1d' }), Number.MAX_VALUE)).toBeNull()
})

test('nextRun() throws RangeError, when after is no instant', () => {
  const schedule = parseSchedule({ every: '1d' })
  for (const after of [NaN, Infinity, -Infinity])
    expect(() => nextRun(schedule, after)).toThrow(RangeError)
})

function schedules(): fc.Arbitrary<Schedule> {
  const field = (low: number, high: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 2, max: 6 }).map((step) => `*/${step}`),
      fc
        .uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 3 })
        .map(String),
    )
  const cron = fc
    .tuple(field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
    .map((fields) => fields.join(' '))
  const options: fc.Arbitrary<ScheduleOptions> = fc.oneof(
    fc.integer({ min: 1000, max: 10 ** 9 }).map((every) => ({ every })),
    fc.record({
      cron,
      timezone: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC', '+05:45'),
      dst: fc.record({
        gap: fc.constantFrom('after', 'skip'),
        overlap: fc.constantFrom('first', 'both'),
      }),
    }),
  )
  return options.map(parseSchedule)
}

function instants(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 68 * YEAR_MS })
}
