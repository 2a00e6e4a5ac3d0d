import type { CronCalendar } from './cron-calendar.ts'
import { matchingDays } from './matching-days.ts'

const DAY_MS = 86_400_000
/** The calendar repeats after 400 years: what does not come up in them never does. */
const YEARS_SEARCHED = 400
const LAST_YEAR = 9999

/**
 * The first wall clock time, at or after one, at which a calendar runs.
 *
 * Wall clock times are written as the ms since 1970 that a clock showing UTC would have.
 *
 * @param fromMs A whole second
 * @returns `null` when there is none up to the year 9999
 */
export function nextWallTime(calendar: CronCalendar, fromMs: number): number | null {
  const today = Math.floor(fromMs / DAY_MS) * DAY_MS
  const day = nextDay(calendar, today)
  if (day === null) return null
  const time = nextTimeOfDay(calendar, day === today ? (fromMs - today) / 1000 : 0)
  if (time !== null) return day + time * 1000
  const later = nextDay(calendar, today + DAY_MS)
  const first = nextTimeOfDay(calendar, 0)
  return later === null || first === null ? null : later + first * 1000
}

function nextDay(calendar: CronCalendar, fromDayMs: number): number | null {
  const from = new Date(fromDayMs)
  const firstYear = from.getUTCFullYear()
  const firstMonth = from.getUTCMonth() + 1
  const lastYear = Math.min(firstYear + YEARS_SEARCHED, LAST_YEAR)
  for (let year = firstYear; year <= lastYear; year++) {
    for (const month of calendar.months) {
      if (year === firstYear && month < firstMonth) continue
      const begun = year === firstYear && month === firstMonth
      const days =
        matchingDays(calendar, year, month) & (begun ? -1 << (from.getUTCDate() - 1) : -1)
      // The lowest bit set is the first day left.
      if (days !== 0) return Date.UTC(year, month - 1, 32 - Math.clz32(days & -days))
    }
  }
  return null
}

/** In seconds since midnight. */
function nextTimeOfDay(calendar: CronCalendar, fromSecond: number): number | null {
  const hourNow = Math.floor(fromSecond / 3600)
  const minuteNow = Math.floor(fromSecond / 60) % 60
  const secondNow = fromSecond % 60
  for (const hour of calendar.hours) {
    if (hour < hourNow) continue
    for (const minute of calendar.minutes) {
      if (hour === hourNow && minute < minuteNow) continue
      for (const second of calendar.seconds) {
        if (hour === hourNow && minute === minuteNow && second < secondNow) continue
        return hour * 3600 + minute * 60 + second
      }
    }
  }
  return null
}
