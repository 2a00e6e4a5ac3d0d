import { instantOfWallTime, timeZone, type TimeZone } from '../../../primitives/time-zone.ts'

/** How long a calendar's quota holds. Weeks begin on Monday. */
export type CalendarPeriod = 'hour' | 'day' | 'week' | 'month' | 'year'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/**
 * When the period before the one at hand, that one and the next two begin, ms since 1970.
 *
 * A day is from midnight to midnight where its clocks are: 23, 24 or 25 hours. Where midnight does
 * not exist, it begins with the first instant of its date; where it is shown twice, with the first
 * of them.
 *
 * @param monthDay On which months begin, 1 to 31: in shorter months on their last day
 * @throws RangeError when the zone is not known
 */
export function calendarPeriods(
  period: CalendarPeriod,
  zone: string,
  now: number,
  monthDay: number,
): readonly number[] {
  const clocks = timeZone(zone)
  const starts =
    period === 'hour'
      ? hoursAround(clocks, now)
      : [-1, 0, 1, 2].map((step) =>
          instantOfWallTime(clocks, startOf(period, now + clocks.offsetAt(now), step, monthDay)),
        )
  // A date that a place has skipped begins and ends at once.
  return starts.filter((start, index) => index === 0 || start > (starts[index - 1] ?? 0))
}

/**
 * As a clock on the wall shows it: when the period begins that is so many after the one at hand.
 */
function startOf(
  period: Exclude<CalendarPeriod, 'hour'>,
  wallMs: number,
  step: number,
  monthDay: number,
): number {
  const day = Math.floor(wallMs / DAY_MS)
  const date = new Date(wallMs)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  switch (period) {
    case 'day':
      return (day + step) * DAY_MS
    case 'week':
      // 1970 began on a Thursday.
      return (day - ((day + 3) % 7) + step * 7) * DAY_MS
    case 'month': {
      const begun = monthStart(year, month, monthDay) <= wallMs ? 0 : -1
      return monthStart(year, month + begun + step, monthDay)
    }
    case 'year':
      return Date.UTC(year + step, 0, 1)
  }
}

function monthStart(year: number, month: number, monthDay: number): number {
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(monthDay, days))
}

/** Hours of a place end with its clock's full hours, and where clocks change. */
function hoursAround(clocks: TimeZone, now: number): number[] {
  const start = hourOf(clocks, now)
  const next = hourAfter(clocks, start)
  return [hourOf(clocks, start - 1), start, next, hourAfter(clocks, next)]
}

function hourOf(clocks: TimeZone, at: number): number {
  const start = at - modulo(at + clocks.offsetAt(at), HOUR_MS)
  return clocks.nextChange(start, at)?.at ?? start
}

function hourAfter(clocks: TimeZone, start: number): number {
  const end = start + HOUR_MS - modulo(start + clocks.offsetAt(start), HOUR_MS)
  return clocks.nextChange(start, end)?.at ?? end
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
