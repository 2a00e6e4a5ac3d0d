import type { Duration } from '../../../primitives/duration.ts'

/**
 * When something runs again and again: made by `parseSchedule()`, and plain data, so that it can be
 * kept as JSON.
 *
 * `Readonly`, since an interface itself is not assignable to `Json`.
 */
export type Schedule = Readonly<CronSchedule> | Readonly<IntervalSchedule>

/** Runs by the calendar and the clocks of a place. */
export interface CronSchedule extends ScheduleWindow {
  readonly kind: 'cron'
  readonly cron: string
  readonly timezone: string
  readonly dst: Readonly<DstPolicy>
}

/** Runs at `(start ?? 0) + n × everyMs`. */
export interface IntervalSchedule extends ScheduleWindow {
  readonly kind: 'every'
  readonly everyMs: number
}

/** What bounds any schedule. */
export interface ScheduleWindow {
  /** No run before this instant, ms since 1970. */
  readonly start: number | null
  /** No run at or after this instant, ms since 1970. */
  readonly end: number | null
  /** No more runs than this. */
  readonly limit: number | null
}

/**
 * What becomes of a time that the clocks skip or show twice. It does not apply to an hour given as
 * `*`, as a step of it, or with all 24 named: such schedules run whenever the clock shows a time
 * they name, twice in an hour that comes twice and not at all in one that is skipped.
 */
export interface DstPolicy {
  /**
   * A time that the clocks skip: run once, at the end of the gap (`after`), or not at all that day.
   */
  readonly gap: 'after' | 'skip'
  /** A time that the clocks show twice: run the first time, or both. */
  readonly overlap: 'first' | 'both'
}

/**
 * How far a schedule has come. Kept from one decision to the next; a new schedule has come to the
 * instant of its making.
 */
export interface ScheduleProgress {
  /** The last tick that was decided, ms since 1970. */
  readonly lastScheduledMs: number
  /** Counted against the schedule's `limit`. */
  readonly runsSoFar: number
}

/** The end of the year 9999, and of every schedule. */
export const LAST_INSTANT = 253_402_300_799_999

export type ScheduleOptions = CronScheduleOptions | IntervalScheduleOptions

/** A schedule by the calendar. */
export interface CronScheduleOptions extends ScheduleWindowOptions {
  /** See `parseCron()` for what it may hold; at most 256 characters. */
  readonly cron: string
  readonly every?: undefined
  /** IANA name, `UTC` or a fixed offset such as `+05:30`. Default `UTC`. */
  readonly timezone?: string | undefined
  /** Default `{ gap: 'after', overlap: 'first' }`. */
  readonly dst?: Partial<DstPolicy> | undefined
}

/** A schedule by elapsed time. */
export interface IntervalScheduleOptions extends ScheduleWindowOptions {
  /**
   * 1 second to 366 days. Counted from `start`, otherwise from 1970-01-01T00:00Z: `'15m'` runs at
   * the quarters of each hour, whenever the schedule was made, so that making it again on every
   * deploy moves nothing.
   */
  readonly every: Duration
  readonly cron?: undefined
  readonly timezone?: undefined
  readonly dst?: undefined
}

export interface ScheduleWindowOptions {
  /** No run before this instant: a `Date` or ms since 1970. Default: none. */
  readonly start?: Date | number | undefined
  /** No run at or after this instant: a `Date` or ms since 1970. Default: none. */
  readonly end?: Date | number | undefined
  /** Runs in all, at least 1. Default: unlimited. */
  readonly limit?: number | undefined
}
