import type { Duration } from '../../../primitives/duration.ts'
import type { RateLimitingOptions } from '../deciding/rate-limiting-options.ts'
import type { CalendarPeriod } from './calendar-periods.ts'

/** A quota by the calendar of a place. */
export interface CalendarQuota {
  /** Units a period. */
  readonly limit: number
  readonly period: CalendarPeriod
  /** IANA name of the zone whose clocks count, e.g. `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string
  /**
   * The day on which months begin, 1 to 31, as of a bill; in shorter months their last. Only for
   * `month`. Default 1.
   */
  readonly monthDay?: number
  /**
   * Shares of the limit, above 0 and at most 1, at which `onQuotaThreshold` hears of it. Default
   * none.
   */
  readonly thresholds?: readonly number[]
}

/** A quota that moves along with time. */
export interface RollingQuota {
  /** Units a window. */
  readonly limit: number
  /** The window, counted as a sliding window is: 1 ms to 366 days. */
  readonly rolling: Duration
  /**
   * Shares of the limit, above 0 and at most 1, at which `onQuotaThreshold` hears of it. Default
   * none.
   */
  readonly thresholds?: readonly number[]
}

/** One unit's quota. */
export type Quota = CalendarQuota | RollingQuota

/** Quotas of a plan, by unit, e.g. `{ requests: …, tokens: … }`. */
export type QuotaPlan = Readonly<Record<string, Quota>>

/** Options of `Quotas`. */
export interface QuotasOptions extends RateLimitingOptions {
  /** Plans by name, 1 to 100, with 1 to 16 units each. */
  readonly plans: Readonly<Record<string, QuotaPlan>>
  /** Hears, once a period, that a share of a quota has been used. */
  readonly onQuotaThreshold?: (event: QuotaThresholdEvent) => void | Promise<void>
}

/** A share of a quota has been used. */
export interface QuotaThresholdEvent {
  readonly key: string
  readonly plan: string
  readonly unit: string
  /** The share, as it stands in the plan. */
  readonly threshold: number
  readonly used: number
  readonly limit: number
}

/** How a unit's quota stands. */
export interface QuotaUsage {
  readonly used: number
  readonly limit: number
  readonly remaining: number
  /** The period at hand, ms since 1970; `null` for a rolling quota. */
  readonly periodStart: number | null
  readonly periodEnd: number | null
}
