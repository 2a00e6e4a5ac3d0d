import type { CronCalendar } from './cron-calendar.ts'
import { nextWallTime } from './next-wall-time.ts'
import { parseCron } from './parse-cron.ts'
import { LAST_INSTANT } from './schedule.ts'
import type { CronSchedule, IntervalSchedule, Schedule } from './schedule.ts'
import type { TimeZone } from '../../../primitives/time-zone.ts'
import { scheduleZone } from './schedule-zone.ts'

/** More than clocks are ever set by (24 hours, where the date line moved). */
const REACH_MS = 2 * 86_400_000

/**
 * The first run of a schedule after an instant. Ask with the time of the run before, not with the
 * present, so that runs neither drift nor get lost.
 *
 * @param afterMs ms since 1970
 * @param runsSoFar Counted against the schedule's `limit`
 * @returns ms since 1970, or `null` when there is no further run up to the year 9999
 * @throws {RangeError} When `afterMs` is not finite
 */
export function nextRun(schedule: Schedule, afterMs: number, runsSoFar = 0): number | null {
  if (!Number.isFinite(afterMs))
    throw new RangeError(
      `Cannot find the next run: after is ${afterMs}, it should be ms since 1970`,
    )
  if (schedule.limit !== null && runsSoFar >= schedule.limit) return null
  if (afterMs >= LAST_INSTANT) return null
  const after = Math.max(Math.floor(afterMs), (schedule.start ?? 0) - 1)
  const run =
    schedule.kind === 'cron' ? nextCronRun(schedule, after) : nextInterval(schedule, after)
  return run === null || run >= (schedule.end ?? LAST_INSTANT) ? null : run
}

function nextInterval({ everyMs, start }: IntervalSchedule, afterMs: number): number {
  const anchor = start ?? 0
  return anchor + (Math.floor((afterMs - anchor) / everyMs) + 1) * everyMs
}

function nextCronRun({ cron, timezone, dst }: CronSchedule, afterMs: number): number | null {
  const calendar = parseCron(cron)
  const policy: Policy = {
    makesUpGaps: dst.gap === 'after' && !calendar.everyHour,
    skipsRepeats: dst.overlap === 'first' && !calendar.everyHour,
  }
  return search(calendar, scheduleZone(timezone), policy, (Math.floor(afterMs / 1000) + 1) * 1000)
}

interface Policy {
  readonly makesUpGaps: boolean
  readonly skipsRepeats: boolean
}

/**
 * The first run at or after `from`, walking from one change of the clocks to the next. Between two
 * of them, wall clock time is elapsed time plus an offset.
 */
function search(
  calendar: CronCalendar,
  zone: TimeZone,
  policy: Policy,
  from: number,
): number | null {
  let offset = zone.offsetAt(from - 1)
  let shown = policy.skipsRepeats ? latestShownBefore(zone, from) : -Infinity
  let fromWall = Math.max(from + offset, shown)
  let walked = from - 1
  for (;;) {
    const wall = nextWallTime(calendar, fromWall)
    if (wall === null) return null
    const run = wall - offset
    const change = zone.nextChange(walked, Math.min(run, from + REACH_MS))
    if (change === null) {
      // A change further away matters only if it is near the run: no wall time that it skips or
      // repeats is in the calendar.
      return run <= from + REACH_MS ? run : search(calendar, zone, policy, run - REACH_MS)
    }
    const { at, before, after } = change
    shown = Math.max(shown, at + before)
    if (policy.makesUpGaps) {
      const skipped = nextWallTime(calendar, shown)
      if (skipped !== null && skipped < at + after) return at
    }
    offset = after
    fromWall = policy.skipsRepeats ? Math.max(at + after, shown) : at + after
    walked = at
  }
}

/** The latest time that clocks showed before `instant`, as far as they may show it again. */
function latestShownBefore(zone: TimeZone, instant: number): number {
  let latest = -Infinity
  let walked = instant - REACH_MS
  for (;;) {
    const change = zone.nextChange(walked, instant - 1)
    if (change === null) return latest
    latest = Math.max(latest, change.at + change.before)
    walked = change.at
  }
}
