import { CronPattern } from 'croner'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { EVERY_OCCURRENCE } from './cron-calendar.ts'
import type { CronCalendar } from './cron-calendar.ts'
import { nextWallTime } from './next-wall-time.ts'
import { ScheduleError } from './schedule-error.ts'

const MAX_CRON_LENGTH = 256
const CALENDARS_HELD = 128

const calendars = createLruCache<CronCalendar>(CALENDARS_HELD)

/**
 * Reads a cron expression: `minute hour day month weekday`, with the second before them if there
 * are six fields, or one of `@hourly @daily @midnight @weekly @monthly @yearly @annually`.
 *
 * Fields take numbers, names (`JAN`, `MON`), lists, ranges and steps; days of the month also `L`,
 * `LW` and `15W`; weekdays `FRI#2`, `FRI#L`, and `+` before them so that both days must fit rather
 * than either.
 *
 * @throws {ScheduleError} `bad_cron`, `never_runs`
 */
export function parseCron(cron: string): CronCalendar {
  if (typeof cron !== 'string' || cron.length > MAX_CRON_LENGTH)
    throw new ScheduleError(
      'bad_cron',
      `Cannot read cron: it is ${typeof cron === 'string' ? `${cron.length} characters long` : typeof cron}, ` +
        `it should be a text of at most ${MAX_CRON_LENGTH} characters`,
    )
  const held = calendars.get(cron)
  if (held !== undefined) return held
  const calendar = readCalendar(cron)
  calendars.set(cron, calendar)
  return calendar
}

function readCalendar(cron: string): CronCalendar {
  const pattern = readPattern(cron)
  const starDay = pattern.starDOM || isFull(pattern.day)
  const starWeekday = pattern.starDOW || pattern.dayOfWeek.every((nth) => nth === EVERY_OCCURRENCE)
  const hours = chosen(pattern.hour, 0)
  const calendar: CronCalendar = {
    seconds: chosen(pattern.second, 0),
    minutes: chosen(pattern.minute, 0),
    hours,
    everyHour: hours.length === 24 || /[*?]/.test(fieldsOf(pattern.pattern).at(-4) ?? ''),
    months: chosen(pattern.month, 1),
    monthDays: {
      days: chosen(pattern.day, 1),
      nearestWeekdays: chosen(pattern.nearestWeekdays, 1),
      lastDay: pattern.lastDayOfMonth,
      lastWeekday: pattern.lastWeekday,
    },
    weekdays: pattern.dayOfWeek.slice(0, 7),
    dayRule: dayRuleOf(pattern, starDay, starWeekday),
  }
  if (nextWallTime(calendar, 0) === null)
    throw new ScheduleError(
      'never_runs',
      `Cannot schedule cron ${JSON.stringify(cron)}: no such day exists, it should name one that does`,
    )
  return calendar
}

function readPattern(cron: string): CronPattern {
  try {
    return new CronPattern(cron, 'UTC', { mode: '5-or-6-parts' })
  } catch (error) {
    throw new ScheduleError(
      'bad_cron',
      `Cannot read cron ${JSON.stringify(cron)}: ${whatIsWrong(cron)}`,
      { cause: error },
    )
  }
}

const FIELDS: readonly { readonly name: string; readonly takes: string }[] = [
  { name: 'second', takes: 'numbers from 0 to 59' },
  { name: 'minute', takes: 'numbers from 0 to 59' },
  { name: 'hour', takes: 'numbers from 0 to 23' },
  { name: 'day', takes: 'numbers from 1 to 31, L, LW or 15W' },
  { name: 'month', takes: 'numbers from 1 to 12 or JAN to DEC' },
  {
    name: 'weekday',
    takes: 'numbers from 0 to 7 (0 and 7 are Sunday), SUN to SAT, FRI#2 or FRI#L',
  },
]

/** croner says what is wrong, but not always where: each field is tried alone. */
function whatIsWrong(cron: string): string {
  const fields = fieldsOf(cron)
  if (cron.includes('@'))
    return 'it is no known name, it should be @hourly, @daily, @weekly, @monthly or @yearly'
  if (fields.length !== 5 && fields.length !== 6)
    return (
      `it has ${fields.length} fields, it should have minute, hour, day, month and weekday, ` +
      'or the second before those'
    )
  const kinds = FIELDS.slice(-fields.length)
  for (const [index, { name, takes }] of kinds.entries()) {
    const field = fields[index]
    const alone = kinds.map((_, other) => (other === index ? field : '*')).join(' ')
    try {
      void new CronPattern(alone, 'UTC', { mode: '5-or-6-parts' })
    } catch {
      const steps = field?.includes('/') === true ? ', with steps such as */15 or 5-59/15' : ''
      return `the ${name} field is ${JSON.stringify(field)}, it should have ${takes}${steps}`
    }
  }
  return 'its fields do not go together'
}

function fieldsOf(cron: string): readonly string[] {
  return cron.match(/\S+/g) ?? []
}

function dayRuleOf(
  pattern: CronPattern,
  starDay: boolean,
  starWeekday: boolean,
): CronCalendar['dayRule'] {
  if (pattern.useAndLogic || pattern.starDOM || pattern.starDOW) {
    if (starDay) return starWeekday ? 'any' : 'weekday'
    return starWeekday ? 'month-day' : 'both'
  }
  return starDay || starWeekday ? 'any' : 'either'
}

function chosen(flags: readonly number[], first: number): readonly number[] {
  return flags.flatMap((flag, index) => (flag === 0 ? [] : [index + first]))
}

function isFull(flags: readonly number[]): boolean {
  return flags.every((flag) => flag !== 0)
}
