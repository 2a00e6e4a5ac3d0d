import { checkInteger } from '../../../primitives/check-range.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'

const MAX_RUNS = 1000

/**
 * The next runs of a cron expression, to show to people before they trust it.
 *
 * @param count 1 to 1,000
 * @param timezone IANA name, `UTC` or a fixed offset. Default `UTC`
 * @param from ms since 1970; runs after it are listed. Default: now
 * @returns ms since 1970, ascending; fewer than `count` when the year 9999 ends them
 * @throws {ScheduleError} When the expression or the time zone is not valid
 * @throws {RangeError} When `count` or `from` is out of range
 *
 * @example
 * const runs = nextRuns('0 2 * * *', 3, 'Europe/Berlin')
 * console.log(runs.map((at) => new Date(at).toISOString()))
 */
export function nextRuns(
  cron: string,
  count: number,
  timezone = 'UTC',
  from: number = systemClock.now(),
): number[] {
  checkInteger('list next runs', 'count', count, 1, MAX_RUNS)
  const schedule = parseSchedule({ cron, timezone })
  const runs: number[] = []
  let run = nextRun(schedule, from)
  while (run !== null && runs.push(run) < count) run = nextRun(schedule, run)
  return runs
}
