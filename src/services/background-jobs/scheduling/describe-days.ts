import { EVERY_OCCURRENCE } from './cron-calendar.ts'
import type { CronCalendar, MonthDays } from './cron-calendar.ts'
import { listed, numbersOf, stepOf } from './number-phrases.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
/** A week begins on Monday, so that a weekend is not torn apart. */
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const OCCURRENCES = ['first', 'second', 'third', 'fourth', 'fifth', 'last']

/**
 * Says on which days a calendar runs, as the end of a sentence.
 *
 * @param onAnyDay What to say of all days; may be empty
 */
export function describeDays(calendar: CronCalendar, onAnyDay: string): string {
  const { months, dayRule } = calendar
  const [onlyMonth] = months.length === 1 ? monthNames(months) : []
  const namesMonth = onlyMonth !== undefined && (dayRule === 'month-day' || dayRule === 'both')
  const days =
    dayRule === 'any' ? onAnyDay : daysOf(calendar, dayRule, namesMonth ? onlyMonth : 'the month')
  if (months.length === 12 || namesMonth) return days
  return days === '' ? inMonths(months) : `${days}, ${inMonths(months)}`
}

function daysOf(
  { monthDays, weekdays }: CronCalendar,
  dayRule: Exclude<CronCalendar['dayRule'], 'any'>,
  month: string,
): string {
  switch (dayRule) {
    case 'month-day':
      return onMonthDays(monthDays, month)
    case 'weekday':
      return onWeekdays(weekdays)
    case 'either':
      return `${onMonthDays(monthDays, month)}, and also ${onWeekdays(weekdays)}`
    case 'both': {
      const names = [...plainWeekdays(weekdays), ...nthWeekdays(weekdays)]
      const allowed = runOf(names) ?? listed(names, 'or')
      return `${onMonthDays(monthDays, month)}, but only if that is ${allowed}`
    }
  }
}

function onMonthDays(
  { days, nearestWeekdays, lastDay, lastWeekday }: MonthDays,
  month: string,
): string {
  const parts: string[] = []
  if (days.length > 0) parts.push(numbersOf('day', days))
  if (nearestWeekdays.length === 1)
    parts.push(`the weekday nearest ${numbersOf('day', nearestWeekdays)}`)
  if (nearestWeekdays.length > 1)
    parts.push(`the weekdays nearest ${numbersOf('day', nearestWeekdays)}`)
  if (lastDay) parts.push('the last day')
  if (lastWeekday) parts.push('the last weekday')
  return `on ${listed(parts)} of ${month}`
}

function onWeekdays(weekdays: readonly number[]): string {
  const plain = plainWeekdays(weekdays)
  const nth = nthWeekdays(weekdays)
  const parts = [
    ...(plain.length > 0 ? [runOf(plain) ?? `every ${listed(plain)}`] : []),
    ...(nth.length > 0 ? [`on ${listed(nth)} of the month`] : []),
  ]
  return listed(parts, 'and also')
}

/** `Monday through Friday`, if the days follow one another. */
function runOf(names: readonly string[]): string | null {
  const isRun = names.length > 2 && WEEKDAYS.join().includes(names.join())
  return isRun ? `${names[0]} through ${names.at(-1)}` : null
}

function plainWeekdays(weekdays: readonly number[]): readonly string[] {
  return WEEKDAYS.filter((_, index) => occurrencesOf(weekdays, index) === EVERY_OCCURRENCE)
}

/** `the first and last Monday` */
function nthWeekdays(weekdays: readonly number[]): readonly string[] {
  return WEEKDAYS.flatMap((name, index) => {
    const occurrences = occurrencesOf(weekdays, index)
    if (occurrences === 0 || occurrences === EVERY_OCCURRENCE) return []
    const named = OCCURRENCES.filter((_, bit) => (occurrences & (1 << bit)) !== 0)
    return [`the ${listed(named)} ${name}`]
  })
}

/** @param index In {@link WEEKDAYS}, which a Monday begins; calendars begin with Sunday */
function occurrencesOf(weekdays: readonly number[], index: number): number {
  return weekdays[(index + 1) % 7] ?? 0
}

function inMonths(months: readonly number[]): string {
  const names = monthNames(months)
  return names.length > 2 && stepOf(months) === 1
    ? `from ${names[0]} through ${names.at(-1)}`
    : `in ${listed(names)}`
}

function monthNames(months: readonly number[]): readonly string[] {
  return MONTHS.filter((_, index) => months.includes(index + 1))
}
