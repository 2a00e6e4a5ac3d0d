import { dueTicks, MAX_TICKS } from './due-ticks.ts'
import { nextRun } from './next-run.ts'
import { ScheduleError } from './schedule-error.ts'
import type { Schedule, ScheduleProgress } from './schedule.ts'

/**
 * What becomes of ticks that nobody was there to see, after an outage or while the schedule was
 * paused.
 *
 * - `latest`: of all that are due, the latest runs.
 * - `skip`: the latest runs if it is at most {@link ON_TIME_MS} late.
 * - `{ all, max }`: all run, the latest `max` of them if there are more.
 */
export type MisfirePolicy =
  | 'latest'
  | 'skip'
  /** `max`: 1 to 1,000. */
  | { readonly all: true; readonly max: number }

export interface TickDecision {
  /** The ticks to run now, ms since 1970, ascending. */
  readonly runs: readonly number[]
  /** How many due ticks are not to run; {@link MAX_TICKS} stands for that many or more. */
  readonly missed: number
  /** When to decide again, `null` when the schedule has ended. */
  readonly next: number | null
  /** To be kept in the same write that adds the runs. */
  readonly progress: ScheduleProgress
}

/** A wake may be late by a sweep of one minute and then some. */
export const ON_TIME_MS = 120_000

/**
 * Decides which ticks of a schedule run now. Whatever moments it is called at, no tick is decided
 * twice and none is left out.
 *
 * @param now ms since 1970; earlier than the last tick when the clock was put back, and then
 *   nothing is due
 * @param misfire Default `latest`
 * @throws {ScheduleError} `bad_misfire`
 */
export function decideTicks(
  schedule: Schedule,
  progress: ScheduleProgress,
  now: number,
  misfire: MisfirePolicy = 'latest',
): TickDecision {
  const most = mostRuns(misfire)
  const { ticks, count } = dueTicks(schedule, progress, now, most)
  const last = ticks.at(-1)
  if (last === undefined)
    return { runs: [], missed: 0, next: nextAfter(schedule, progress), progress }
  const taken = misfire === 'skip' && last < now - ON_TIME_MS ? [] : ticks
  // Once the limit is reached there are no more ticks: those over it are not missed.
  const runs = taken.slice(0, (schedule.limit ?? Infinity) - progress.runsSoFar)
  const reached: ScheduleProgress = {
    lastScheduledMs: last,
    runsSoFar: progress.runsSoFar + runs.length,
  }
  return {
    runs,
    missed: count - taken.length,
    next: nextAfter(schedule, reached),
    progress: reached,
  }
}

function mostRuns(misfire: MisfirePolicy): number {
  if (misfire === 'latest' || misfire === 'skip') return 1
  if (typeof misfire === 'object' && misfire !== null && misfire.all === true) {
    const { max } = misfire
    if (Number.isInteger(max) && max >= 1 && max <= MAX_TICKS) return max
  }
  throw new ScheduleError(
    'bad_misfire',
    `Cannot use misfire: it is no known policy, it should be 'latest', 'skip' or { all: true, max: 1 to ${MAX_TICKS} }`,
  )
}

function nextAfter(schedule: Schedule, progress: ScheduleProgress): number | null {
  return nextRun(schedule, progress.lastScheduledMs, progress.runsSoFar)
}
