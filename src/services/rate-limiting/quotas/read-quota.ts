import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { calendar } from '../../../runtime/ports/rate-limit-store/algorithms/calendar.ts'
import { slidingWindow } from '../../../runtime/ports/rate-limit-store/algorithms/sliding-window.ts'
import { RATE_LIMIT_LIMITS } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import type { PlannedLimit } from '../limits/limit-plan.ts'
import { planOf, readWindow } from '../limits/read-limit.ts'
import { calendarPeriods } from './calendar-periods.ts'
import type { CalendarQuota, Quota, QuotaPlan } from './quota-options.ts'

/** A unit's quota that has been read. */
export interface ReadQuota {
  readonly limit: PlannedLimit
  readonly thresholds: readonly number[]
  /** When the period at hand begins and ends; `null` for a rolling quota. */
  periodAt(now: number): readonly [number, number] | null
}

const PERIODS: readonly unknown[] = ['hour', 'day', 'week', 'month', 'year']
const PERIOD_MS = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_678_400_000,
  year: 31_622_400_000,
} as const
const MOST_PLANS = 100

/** @throws TypeError or RangeError when a plan is malformed */
export function readPlans(
  action: string,
  plans: Readonly<Record<string, QuotaPlan>>,
): ReadonlyMap<string, ReadonlyMap<string, ReadQuota>> {
  return new Map(
    entriesOf(action, 'plans', plans, MOST_PLANS).map(([name, plan]) => {
      const units = entriesOf(
        action,
        `plan ${JSON.stringify(name)}`,
        plan,
        RATE_LIMIT_LIMITS.limits,
      )
      return [name, new Map(units.map(([unit, quota]) => [unit, readQuota(action, unit, quota)]))]
    }),
  )
}

function entriesOf<Value>(
  action: string,
  what: string,
  given: Readonly<Record<string, Value>>,
  most: number,
): readonly [string, Value][] {
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : []
  if (entries.length >= 1 && entries.length <= most) return entries
  throw new RangeError(
    `Cannot ${action}: ${what} has ${entries.length} entries, 1 to ${most} expected`,
  )
}

function readQuota(action: string, unit: string, quota: Quota): ReadQuota {
  if (!/^[\w.-]{1,50}$/.test(unit))
    throw new RangeError(
      `Cannot ${action}: a unit is malformed, 1 to 50 of A–Z a–z 0–9 . _ - expected`,
    )
  const thresholds = readThresholds(action, quota?.thresholds ?? [])
  const name = `quota-${unit}`
  if ('rolling' in quota) {
    checkOptions(action, quota, ['limit', 'rolling'], ['thresholds'])
    const limit = checkInteger(action, 'limit', quota.limit, 1, RATE_LIMIT_LIMITS.limit)
    const windowMs = readWindow(action, quota.rolling, 'rolling')
    const asked = { algorithm: 'sliding-window', name, limit, windowMs } as const
    return {
      limit: planOf(asked, { rule: slidingWindow, limit, windowMs, cost: null }),
      thresholds,
      periodAt: () => null,
    }
  }
  return { ...readCalendar(action, name, quota), thresholds }
}

function readCalendar(
  action: string,
  name: string,
  quota: CalendarQuota,
): Pick<ReadQuota, 'limit' | 'periodAt'> {
  checkOptions(action, quota, ['limit', 'period'], ['timeZone', 'monthDay', 'thresholds'])
  const { period, timeZone = 'UTC', monthDay } = quota
  if (!PERIODS.includes(period))
    throw new RangeError(
      `Cannot ${action}: period is ${JSON.stringify(period)}, hour, day, week, month or year expected`,
    )
  if (monthDay !== undefined && period !== 'month')
    throw new RangeError(`Cannot ${action}: monthDay means nothing to a ${period}, month expected`)
  const day = checkInteger(action, 'monthDay', monthDay ?? 1, 1, 31)
  const limit = checkInteger(action, 'limit', quota.limit, 1, RATE_LIMIT_LIMITS.limit)
  const periodsAt = (now: number): readonly number[] => calendarPeriods(period, timeZone, now, day)
  // A zone that is not known says so now.
  periodsAt(0)
  return {
    limit: {
      ...{ name, rule: calendar, limit, windowMs: PERIOD_MS[period], cost: null, isTimed: true },
      at: (cost, now) => ({ algorithm: 'calendar', name, limit, cost, periods: periodsAt(now) }),
    },
    periodAt(now) {
      const periods = periodsAt(now)
      const index = periods.findLastIndex((start) => start <= now)
      return [periods[index] ?? now, periods[index + 1] ?? now]
    },
  }
}

function readThresholds(action: string, thresholds: readonly number[]): readonly number[] {
  const given: unknown = thresholds
  if (!Array.isArray(given) || thresholds.length > 16)
    throw new RangeError(`Cannot ${action}: thresholds is no list of at most 16 shares`)
  for (const threshold of thresholds) {
    checkNumber(action, 'a threshold', threshold, 0, 1)
    if (threshold === 0)
      throw new RangeError(`Cannot ${action}: a threshold is 0, above 0 and at most 1 expected`)
  }
  return [...thresholds].toSorted((a, b) => a - b)
}
