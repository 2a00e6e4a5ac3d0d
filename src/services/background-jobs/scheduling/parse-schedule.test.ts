import { expect, test } from 'vitest'
import type { Json } from '../../../runtime/ports/json.ts'
import { parseSchedule } from './parse-schedule.ts'
import { ScheduleError } from './schedule-error.ts'
import type { ScheduleOptions } from './schedule.ts'

test('parseSchedule() fills in the defaults of a cron schedule', () => {
  expect(parseSchedule({ cron: ' 0 9 * * * ' })).toEqual({
    kind: 'cron',
    cron: '0 9 * * *',
    timezone: 'UTC',
    dst: { gap: 'after', overlap: 'first' },
    start: null,
    end: null,
    limit: null,
  })
})

test('parseSchedule() takes a duration and dates', () => {
  const start = new Date('2026-01-01T00:00Z')
  expect(parseSchedule({ every: '90s', start, end: start.getTime() + 1, limit: 2 })).toEqual({
    kind: 'every',
    everyMs: 90_000,
    start: start.getTime(),
    end: start.getTime() + 1,
    limit: 2,
  })
})

test('parseSchedule() gives plain data, which JSON carries unchanged', () => {
  const schedule = parseSchedule({ cron: '@daily', timezone: 'Asia/Tokyo', dst: { gap: 'skip' } })
  const json: Json = schedule
  const row = JSON.stringify(json)
  expect(JSON.parse(row)).toEqual(schedule)
})

test('parseSchedule() throws ScheduleError with the code of what is wrong', () => {
  const cron = '0 9 * * *'
  const wrong: readonly (readonly [object, string])[] = [
    [{}, 'bad_schedule'],
    [{ cron, every: '1h' }, 'bad_schedule'],
    [{ every: '1h', timezone: 'Asia/Tokyo' }, 'bad_schedule'],
    [{ every: '1h', dst: {} }, 'bad_schedule'],
    [{ cron: '61 * * * *' }, 'bad_cron'],
    [{ cron: '0 0 30 2 *' }, 'never_runs'],
    [{ cron, timezone: 'Mars/Olympus' }, 'bad_timezone'],
    [{ cron, timezone: '' }, 'bad_timezone'],
    [{ cron, timezone: 5 }, 'bad_timezone'],
    [{ cron, timezone: 'x'.repeat(1000) }, 'bad_timezone'],
    [{ cron, dst: { gap: 'before' } }, 'bad_dst'],
    [{ cron, dst: { overlap: 'second' } }, 'bad_dst'],
    [{ every: 999 }, 'bad_every'],
    [{ every: '367d' }, 'bad_every'],
    [{ every: 'soon' }, 'bad_every'],
    [{ every: NaN }, 'bad_every'],
    [{ cron, start: NaN }, 'bad_window'],
    [{ cron, start: -1 }, 'bad_window'],
    [{ cron, start: 1.5 }, 'bad_window'],
    [{ cron, start: new Date(NaN) }, 'bad_window'],
    [{ cron, start: '2026-01-01' }, 'bad_window'],
    [{ cron, start: 8.64e15 }, 'bad_window'],
    [{ cron, start: 1000, end: 1000 }, 'bad_window'],
    [{ cron, end: 0 }, 'bad_window'],
    [{ cron, limit: 0 }, 'bad_limit'],
    [{ cron, limit: 1.5 }, 'bad_limit'],
    [{ cron: '0 0 29 2 *', start: Date.UTC(2026, 0), end: Date.UTC(2028, 0) }, 'never_runs'],
  ]
  for (const [options, code] of wrong) expect(codeOf(options), JSON.stringify(options)).toBe(code)
})

function codeOf(options: object): string | undefined {
  try {
    // Wrong on purpose: what a caller without types, or a request, may bring.
    parseSchedule(options as ScheduleOptions)
  } catch (error) {
    return error instanceof ScheduleError ? error.code : String(error)
  }
  return undefined
}
