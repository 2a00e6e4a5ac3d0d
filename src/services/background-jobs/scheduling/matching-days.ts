import { EVERY_OCCURRENCE, LAST_OCCURRENCE } from './cron-calendar.ts'
import type { CronCalendar } from './cron-calendar.ts'

const DAY_MS = 86_400_000

/**
 * The days of one month on which a calendar runs, without asking whether it runs in that month.
 *
 * @param month 1 to 12
 * @returns A set of bits, bit 0 for the first of the month
 */
export function matchingDays(calendar: CronCalendar, year: number, month: number): number {
  const firstDay = Date.UTC(year, month - 1) / DAY_MS
  const length = Date.UTC(year, month) / DAY_MS - firstDay
  // 1 January 1970 was a Thursday.
  const firstWeekday = (((firstDay + 4) % 7) + 7) % 7
  const all = 2 ** length - 1
  switch (calendar.dayRule) {
    case 'any':
      return all
    case 'month-day':
      return all & byMonthDay(calendar, length, firstWeekday)
    case 'weekday':
      return byWeekday(calendar, length, firstWeekday)
    case 'either':
      return (
        (all & byMonthDay(calendar, length, firstWeekday)) |
        byWeekday(calendar, length, firstWeekday)
      )
    case 'both':
      return byMonthDay(calendar, length, firstWeekday) & byWeekday(calendar, length, firstWeekday)
  }
}

function byMonthDay({ monthDays }: CronCalendar, length: number, firstWeekday: number): number {
  let days = 0
  for (const day of monthDays.days) days |= bit(day)
  if (monthDays.lastDay) days |= bit(length)
  if (monthDays.lastWeekday) days |= bit(nearestWeekday(length, length, firstWeekday))
  for (const day of monthDays.nearestWeekdays)
    if (day <= length) days |= bit(nearestWeekday(day, length, firstWeekday))
  return days
}

function byWeekday({ weekdays }: CronCalendar, length: number, firstWeekday: number): number {
  let days = 0
  for (let day = 1; day <= length; day++) {
    const occurrences = weekdays[(firstWeekday + day - 1) % 7] ?? 0
    const isNth = (occurrences & (1 << Math.floor((day - 1) / 7))) !== 0
    const isLast = (occurrences & LAST_OCCURRENCE) !== 0 && day + 7 > length
    if (occurrences === EVERY_OCCURRENCE || isNth || isLast) days |= bit(day)
  }
  return days
}

/** The day from Monday to Friday nearest to one; never in another month. */
function nearestWeekday(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7
  if (weekday === 6) return day === 1 ? day + 2 : day - 1
  if (weekday === 0) return day === length ? day - 2 : day + 1
  return day
}

function bit(day: number): number {
  return 1 << (day - 1)
}
