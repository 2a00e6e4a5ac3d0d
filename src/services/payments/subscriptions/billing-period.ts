import { checkInteger } from '../../../primitives/check-range.ts'
import { instantOfWallTime, timeZone } from '../../../primitives/time-zone.ts'

/** How often something is billed: every `count` units. */
export interface BillingInterval {
  readonly unit: 'day' | 'week' | 'month' | 'year'
  /** 1 to 1,000. Default 1. */
  readonly count?: number
}

/** One stretch of time that is billed, instants in ms since 1970. */
export interface BillingPeriod {
  /** 0 for the first. */
  readonly index: number
  readonly start: number
  /** The start of the next one. */
  readonly end: number
}

/** When the first period begins, and whose clocks and calendar count. */
export interface BillingAnchor {
  readonly interval: BillingInterval
  /** ms since 1970. */
  readonly anchor: number
  /** IANA name. Default `UTC`. */
  readonly timezone?: string
}

const DAY_MS = 86_400_000
const MAX_PERIODS = 100_000
const LAST_MS = 8.64e15 - 2 * DAY_MS
const SHORTEST_DAYS = { day: 1, week: 7, month: 28, year: 365 } as const

/**
 * The period of this number.
 *
 * Each begins a whole number of intervals after the anchor, counted on the calendar of the zone and
 * from the anchor itself: what was begun on the 31st is billed on 28 February and on 31 March
 * again. The time of day stays as clocks show it; a time that they skip moves forward.
 *
 * @param index From 0
 * @throws RangeError when an argument is out of range
 * @example
 * billingPeriod({ anchor: Date.UTC(2026, 0, 31), interval: { unit: 'month' } }, 1)
 * // { index: 1, start: 2026-02-28, end: 2026-03-31 }
 */
export function billingPeriod(anchor: BillingAnchor, index: number): BillingPeriod {
  checkInteger('find billing period', 'index', index, 0, MAX_PERIODS)
  return { index, start: startOf(anchor, index), end: startOf(anchor, index + 1) }
}

/**
 * The period in which an instant lies.
 *
 * @param at ms since 1970
 * @returns `null` before the anchor
 * @throws RangeError when an argument is out of range
 *
 * @example
 * const anchor = { anchor: Date.UTC(2026, 0, 31), interval: { unit: 'month' } } as const
 * billingPeriodAt(anchor, Date.UTC(2026, 2, 1))?.index // 1: from 28 February to 31 March
 */
export function billingPeriodAt(anchor: BillingAnchor, at: number): BillingPeriod | null {
  checkInteger('find billing period', 'at', at, -8.64e15, 8.64e15)
  if (at < startOf(anchor, 0)) return null
  let low = 0
  // No period is shorter than this, but for the days that zones have skipped.
  const { unit, count = 1 } = anchor.interval
  const longest = (at - anchor.anchor + 2 * DAY_MS) / (SHORTEST_DAYS[unit] * count * DAY_MS)
  let high = Math.min(Math.ceil(longest) + 1, MAX_PERIODS)
  if (high === MAX_PERIODS && startOf(anchor, MAX_PERIODS) <= at)
    throw new RangeError(
      `Cannot find billing period: at is ${MAX_PERIODS} periods after the anchor or more, fewer expected`,
    )
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (startOf(anchor, middle) <= at) low = middle
    else high = middle - 1
  }
  return billingPeriod(anchor, low)
}

function startOf({ anchor, interval, timezone = 'UTC' }: BillingAnchor, index: number): number {
  const action = 'find billing period'
  checkInteger(action, 'anchor', anchor, -8.64e15, 8.64e15)
  const count = checkInteger(action, 'interval.count', interval.count ?? 1, 1, 1000)
  if (index === 0) return anchor
  const zone = timeZone(timezone)
  const wall = addToWallTime(anchor + zone.offsetAt(anchor), interval.unit, count * index)
  // Two days before the last instant that there is, whatever the zone.
  if (Math.abs(wall) <= LAST_MS) return instantOfWallTime(zone, wall)
  throw new RangeError(`Cannot ${action}: period ${index} is beyond the years that there are`)
}

function addToWallTime(wallMs: number, unit: BillingInterval['unit'], amount: number): number {
  switch (unit) {
    case 'day':
      return wallMs + amount * DAY_MS
    case 'week':
      return wallMs + amount * 7 * DAY_MS
    case 'month':
      return addMonths(wallMs, amount)
    case 'year':
      return addMonths(wallMs, amount * 12)
    default:
      throw new RangeError(
        `Cannot find billing period: the interval's unit is ${JSON.stringify(unit)}, day, week, month or year expected`,
      )
  }
}

/** The same day that many months later, or the month's last where it has no such day. */
function addMonths(wallMs: number, months: number): number {
  const date = new Date(wallMs)
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth() + months
  const [year, inYear] = [Math.floor(month / 12), month % 12]
  const lastDay = new Date(Date.UTC(year, inYear + 1, 0)).getUTCDate()
  const day = Math.min(date.getUTCDate(), lastDay)
  const timeOfDay = wallMs - Math.floor(wallMs / DAY_MS) * DAY_MS
  return Date.UTC(year, inYear, day) + timeOfDay
}
