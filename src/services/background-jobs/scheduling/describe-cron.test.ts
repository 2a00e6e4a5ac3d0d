import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeCron } from './describe-cron.ts'
import { nextRuns } from './next-runs.ts'

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  '* * * * *': 'Every minute',
  '*/5 * * * *': 'Every 5 minutes',
  '0,15,30,45 * * * *': 'Every 15 minutes',
  '*/7 * * * *': 'At every 7th minute from 0 through 56 of every hour',
  '5-59/15 * * * *': 'At minutes 5, 20, 35 and 50 of every hour',
  '0-9 * * * *': 'At minutes 0 through 9 of every hour',
  '0 * * * *': 'Every hour',
  '@hourly': 'Every hour',
  '15 * * * *': 'Every hour at 15 minutes past',
  '0 */2 * * *': 'Every 2 hours',
  '15 */2 * * *': 'Every 2 hours from 00:15 through 22:15, every day',
  '0 */5 * * *': 'Every 5 hours from 00:00 through 20:00, every day',
  '0 */12 * * *': 'At 00:00 and 12:00, every day',
  '30 2 * * *': 'At 02:30, every day',
  '@daily': 'At 00:00, every day',
  '0,30 9 * * *': 'At 09:00 and 09:30, every day',
  '0 9-17 * * 1-5': 'Every hour from 09:00 through 17:00, Monday through Friday',
  '*/15 9-17 * * MON-FRI': 'Every 15 minutes from 09:00 through 17:45, Monday through Friday',
  '* 9 * * *': 'Every minute from 09:00 through 09:59, every day',
  '*/15 9,17 * * *': 'Every 15 minutes of hours 9 and 17',
  '5,10,42 1,2,5,7,9 * * *': 'At minutes 5, 10 and 42 of hours 1, 2, 5, 7 and 9, every day',
  '1,2,4 */3 * * *': 'At minutes 1, 2 and 4 of every 3rd hour, every day',
  '* * * * * *': 'Every second',
  '*/10 * * * * *': 'Every 10 seconds',
  '15 30 2 * * *': 'At 02:30:15, every day',
  '20 * * * * *': 'At second 20 of every minute of every hour',
  '*/5 30 9 * * *': 'Every 5 seconds of minute 30 of hour 9',
  '0 0 1 1 *': 'At 00:00, on day 1 of January',
  '@weekly': 'At 00:00, every Sunday',
  '0 0 1,15 * *': 'At 00:00, on days 1 and 15 of the month',
  '0 9 */2 * *': 'At 09:00, on every 2nd day from 1 through 31 of the month',
  '0 0 L * *': 'At 00:00, on the last day of the month',
  '0 0 LW * *': 'At 00:00, on the last weekday of the month',
  '0 0 15W * *': 'At 00:00, on the weekday nearest day 15 of the month',
  '0 0 1W,15W,L 1,7 *':
    'At 00:00, on the weekdays nearest days 1 and 15 and the last day of the month, in January and July',
  '0 0 1,15 * MON': 'At 00:00, on days 1 and 15 of the month, and also every Monday',
  '0 0 13 * +FRI': 'At 00:00, on day 13 of the month, but only if that is Friday',
  '0 9 1-7 * +1-5':
    'At 09:00, on days 1 through 7 of the month, but only if that is Monday through Friday',
  '0 9 * * FRI#2': 'At 09:00, on the second Friday of the month',
  '0 9 * * 5L': 'At 09:00, on the last Friday of the month',
  '0 9 * * 1#1,1#3,FRI#L':
    'At 09:00, on the first and third Monday and the last Friday of the month',
  '0 9 * * 2,MON#1': 'At 09:00, every Tuesday and also on the first Monday of the month',
  '0 9 * * 0,6': 'At 09:00, every Saturday and Sunday',
  '0 9 * * 5-7': 'At 09:00, Friday through Sunday',
  '0 9 * * 0-6': 'At 09:00, every day',
  '0 9 * 3-5 *': 'At 09:00, every day, from March through May',
  '* * * 2 *': 'Every minute, in February',
  '0 9 * JAN,OCT SUN': 'At 09:00, every Sunday, in January and October',
}

test.each(Object.entries(DESCRIPTIONS))('describeCron() describes %s', (cron, description) => {
  expect(describeCron(cron)).toBe(description)
})

test('describeCron() names the time zone, when there is one', () => {
  expect(describeCron('0 9 * * *', 'Europe/Berlin')).toBe(
    'At 09:00, every day (Europe/Berlin time)',
  )
  expect(describeCron('0 9 * * *', 'UTC')).toBe('At 09:00, every day (UTC)')
  expect(() => describeCron('0 9 * * *', 'Europe/Atlantis')).toThrow('Cannot use time zone')
})

test('describeCron() says the same only of expressions that run at the same times', () => {
  fc.assert(
    fc.property(fields(), fields(), fc.nat(5), (one, other, changed) => {
      // Mostly alike, so that two equal descriptions do come up.
      const a = one.join(' ')
      const b = one.with(changed, other[changed] ?? '*').join(' ')
      if (describeCron(a) !== describeCron(b)) return
      const from = Date.UTC(2023, 11, 31)
      expect(nextRuns(a, 200, 'UTC', from), `${a} and ${b}`).toEqual(nextRuns(b, 200, 'UTC', from))
    }),
    { numRuns: 2000 },
  )
})

function fields(): fc.Arbitrary<string[]> {
  const field = (low: number, high: number, ...more: string[]): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.constantFrom('*/2', '*/3', '*/4', '*/6', `${low}`, `${high}`, `${low},${high}`, ...more),
      fc.integer({ min: low, max: high - 2 }).map((from) => `${from}-${from + 2}`),
      fc.integer({ min: low, max: high }).map((from) => `${from}-${high}/2`),
      fc
        .uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 4 })
        .map(String),
    )
  return fc
    .tuple(
      field(0, 59),
      field(0, 59),
      field(0, 23),
      field(1, 28, 'L', 'LW', '1W', '15W,L', '1-31'),
      field(1, 12),
      field(0, 6, '1#1', '1#1,1#2', '5L', '1,5L', '+1', '+1-5', '0-6'),
    )
    .map((all) => [...all])
}
