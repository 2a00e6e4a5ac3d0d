/**
 * What a cron expression says, as plain sets: the wall clock times and the days on which it runs,
 * in no time zone yet. Made by `parseCron()`.
 */
export interface CronCalendar {
  /** 0 to 59, ascending, never empty. */
  readonly seconds: readonly number[]
  /** 0 to 59, ascending, never empty. */
  readonly minutes: readonly number[]
  /** 0 to 23, ascending, never empty. */
  readonly hours: readonly number[]
  /**
   * The hour is a wildcard (`*`, every second one, or all 24 named): runs follow elapsed time
   * through changes of the clock, and no `DstPolicy` applies.
   */
  readonly everyHour: boolean
  /** 1 to 12, ascending, never empty. */
  readonly months: readonly number[]
  readonly monthDays: MonthDays
  /**
   * For Sunday (0) to Saturday (6), which ones of the month: bits 0 to 4 for the first to the
   * fifth, bit 5 for the last, {@link EVERY_OCCURRENCE} for all, 0 for none.
   */
  readonly weekdays: readonly number[]
  /** Which of `monthDays` and `weekdays` a day must be in. */
  readonly dayRule: 'any' | 'month-day' | 'weekday' | 'either' | 'both'
}

/** Days counted within their month. */
export interface MonthDays {
  /** 1 to 31, ascending. */
  readonly days: readonly number[]
  /** `15W`: the days from Monday to Friday nearest these, within the month. */
  readonly nearestWeekdays: readonly number[]
  /** `L` */
  readonly lastDay: boolean
  /** `LW`: the last day from Monday to Friday. */
  readonly lastWeekday: boolean
}

/** A weekday in every week of the month. */
export const EVERY_OCCURRENCE = 63

/** The bit of a weekday's last occurrence in the month. */
export const LAST_OCCURRENCE = 32
