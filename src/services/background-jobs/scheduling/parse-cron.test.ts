import { expect, test } from 'vitest'
import { parseCron } from './parse-cron.ts'
import { ScheduleError } from './schedule-error.ts'

test('parseCron() reads five fields as from the minute on, six as from the second on', () => {
  expect(parseCron('5 1-3 * * *')).toMatchObject({ seconds: [0], minutes: [5], hours: [1, 2, 3] })
  expect(parseCron('7 5 1-3 * * *')).toMatchObject({ seconds: [7], minutes: [5], hours: [1, 2, 3] })
})

test('parseCron() reads a nickname as what it stands for', () => {
  for (const [nickname, cron] of [
    ['@hourly', '0 * * * *'],
    ['@daily', '0 0 * * *'],
    ['@midnight', '0 0 * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
    [' @Daily ', '0 0 * * *'],
  ] as const)
    expect(parseCron(nickname)).toEqual(parseCron(cron))
})

test('parseCron() lets a wildcard hour follow elapsed time, and a named one not', () => {
  for (const cron of ['0 * * * *', '0 0 ? * * *', '0 */2 * * *', '0 0-23 * * *', '@hourly'])
    expect(parseCron(cron).everyHour, cron).toBe(true)
  for (const cron of ['* 2 * * *', '* * 2 * * *', '0 0-22/2 * * *', '0 1,2 * * *', '@daily'])
    expect(parseCron(cron).everyHour, cron).toBe(false)
})

test('parseCron() takes either day when both are named, both with a plus', () => {
  for (const [days, rule] of [
    ['* * *', 'any'],
    ['1 * *', 'month-day'],
    ['* * 1', 'weekday'],
    ['1 * 1', 'either'],
    ['1 * +1', 'both'],
    ['*/2 * 1', 'either'],
    ['1-31 * 1', 'any'],
    ['1 * 0-6', 'any'],
    ['1-31 * +1', 'weekday'],
    ['? * ?', 'any'],
  ] as const)
    expect(parseCron(`0 0 ${days}`).dayRule, days).toBe(rule)
})

test('parseCron() throws never_runs, when no such day exists', () => {
  for (const cron of ['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31W 2 *', '0 0 30 2 +MON'])
    expect(codeOf(cron), cron).toBe('never_runs')
})

test('parseCron() throws bad_cron and names the field, when it cannot be read', () => {
  for (const [cron, field] of [
    ['60 * * * *', 'the minute field is "60"'],
    ['60 * * * * *', 'the second field is "60"'],
    ['* 24 * * *', 'the hour field is "24"'],
    ['* * 0 * *', 'the day field is "0"'],
    ['* * 32 * *', 'the day field is "32"'],
    ['* * * 13 *', 'the month field is "13"'],
    ['* * * * 8', 'the weekday field is "8"'],
    ['* * * * MON#6', 'the weekday field is "MON#6"'],
    ['* * * FOO *', 'the month field is "FOO"'],
    ['5/15 * * * *', 'with steps such as */15'],
    ['*/0 * * * *', 'the minute field is "*/0"'],
    ['10-5 * * * *', 'the minute field is "10-5"'],
    ['1,,2 * * * *', 'the minute field is "1,,2"'],
    ['1.5 * * * *', 'the minute field is "1.5"'],
    ['-1 * * * *', 'the minute field is "-1"'],
    ['* * * *', 'it has 4 fields'],
    ['* * * * * * *', 'it has 7 fields'],
    ['', 'it has 0 fields'],
    ['2026-01-01T00:00:00', 'it has 1 fields'],
    ['@reboot', 'it is no known name'],
  ] as const) {
    expect(() => parseCron(cron), cron).toThrow(field)
    expect(codeOf(cron), cron).toBe('bad_cron')
  }
})

test('parseCron() throws bad_cron, when it is no text or a very long one', () => {
  expect(codeOf(`${'1,'.repeat(127)}1 * * * *`)).toBe('bad_cron')
  // @ts-expect-error a number is no cron expression
  expect(() => parseCron(5)).toThrow(ScheduleError)
})

function codeOf(cron: string): string | undefined {
  try {
    parseCron(cron)
  } catch (error) {
    return error instanceof ScheduleError ? error.code : String(error)
  }
  return undefined
}
