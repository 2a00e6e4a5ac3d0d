import { Cron } from 'croner'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextWallTime } from './next-wall-time.ts'
import { parseCron } from './parse-cron.ts'
import { ScheduleError } from './schedule-error.ts'

const FROM = Date.UTC(1999, 11, 1)
const SPAN_MS = 60 * 365 * 86_400_000

test('nextWallTime() says what croner says in UTC, for anything that can be written', () => {
  fc.assert(
    fc.property(crons(), fc.nat(SPAN_MS / 1000), (cron, later) => {
      const calendar = readable(cron)
      if (calendar === null) return
      const theirs = new Cron(cron, { utcOffset: 0, paused: true })
      let at = FROM + later * 1000
      for (let count = 0; count < 6; count++) {
        const expected = theirs.nextRun(new Date(at))?.getTime() ?? null
        const found = nextWallTime(calendar, at + 1000)
        expect(found, `${cron} after ${new Date(at).toISOString()}`).toBe(expected)
        if (found === null) return
        expect(nextWallTime(calendar, found)).toBe(found)
        at = found
      }
    }),
    { numRuns: 1500 },
  )
})

test('nextWallTime() finds 29 February across a century that has none', () => {
  const calendar = parseCron('0 0 29 2 *')
  expect(nextWallTime(calendar, Date.UTC(2096, 2))).toBe(Date.UTC(2104, 1, 29))
  expect(nextWallTime(parseCron('0 0 29 2 +MON'), Date.UTC(2072, 2))).toBe(Date.UTC(2112, 1, 29))
})

test('nextWallTime() is null, when the year 9999 has ended', () => {
  expect(nextWallTime(parseCron('0 0 * * *'), Date.UTC(9999, 11, 31, 0, 0, 1))).toBeNull()
})

function readable(cron: string): ReturnType<typeof parseCron> | null {
  try {
    return parseCron(cron)
  } catch (error) {
    if (error instanceof ScheduleError && error.code === 'never_runs') return null
    throw error
  }
}

function crons(): fc.Arbitrary<string> {
  const number = (low: number, high: number): fc.Arbitrary<string> =>
    fc.integer({ min: low, max: high }).map(String)
  const range = (low: number, high: number): fc.Arbitrary<string> =>
    fc
      .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  const stepped = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(of, fc.integer({ min: 1, max: 7 })).map(([base, step]) => `${base}/${step}`)
  const list = (member: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.array(member, { minLength: 1, maxLength: 3 }).map((members) => members.join(','))
  const field = (
    low: number,
    high: number,
    ...more: fc.Arbitrary<string>[]
  ): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('*', '?') },
      stepped(fc.constant('*')),
      list(fc.oneof(number(low, high), range(low, high), stepped(range(low, high)), ...more)),
    )
  const nearest = number(1, 31).map((day) => `${day}W`)
  const day = fc.oneof(field(1, 31, nearest, fc.constant('L')), fc.constant('LW'))
  const month = field(1, 12, fc.constantFrom('JAN', 'feb', 'Oct', 'mar-jun'))
  const nth = fc.tuple(number(0, 7), fc.constantFrom('#1', '#3', '#5', '#L', 'L'))
  const weekday = fc
    .tuple(
      fc.constantFrom('', '', '+'),
      field(
        0,
        6,
        nth.map((parts) => parts.join('')),
        fc.constantFrom('FRI', 'mon-thu', '5-7', 'SUN#2'),
      ),
    )
    .map((parts) => parts.join(''))
  const minutely = fc.tuple(field(0, 59), field(0, 23), day, month, weekday)
  return fc
    .oneof(
      minutely,
      fc.tuple(field(0, 59), minutely).map(([second, rest]) => [second, ...rest]),
    )
    .map((fields) => fields.join(' '))
}
