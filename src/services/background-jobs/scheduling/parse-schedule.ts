import { durationMs, type Duration } from '../../../primitives/duration.ts'
import { nextRun } from './next-run.ts'
import { parseCron } from './parse-cron.ts'
import { ScheduleError } from './schedule-error.ts'
import type { ScheduleErrorCode } from './schedule-error.ts'
import { LAST_INSTANT } from './schedule.ts'
import type {
  CronSchedule,
  DstPolicy,
  IntervalSchedule,
  Schedule,
  ScheduleOptions,
  ScheduleWindow,
} from './schedule.ts'
import { scheduleZone } from './schedule-zone.ts'

const MIN_EVERY_MS = 1000
const MAX_EVERY_MS = 366 * 86_400_000

/**
 * Checks a schedule and fills in its defaults.
 *
 * @throws {ScheduleError} With the code of the first thing that is wrong
 */
export function parseSchedule(options: ScheduleOptions): Schedule {
  const { cron, every, timezone, dst } = options
  if ((cron === undefined) === (every === undefined))
    throw invalid(
      'bad_schedule',
      'cron and every',
      cron === undefined ? 'missing' : 'both there',
      'one of them',
    )
  const window = readWindow(options)
  if (cron === undefined && (timezone !== undefined || dst !== undefined))
    throw invalid('bad_schedule', 'timezone or dst', 'given with every', 'given with cron')
  const schedule =
    cron === undefined ? readInterval(every, window) : readCron(cron, timezone, dst, window)
  if (schedule.start !== null && nextRun(schedule, schedule.start - 1) === null)
    throw invalid('never_runs', 'schedule', 'without a run after its start', 'one that runs')
  return schedule
}

function readCron(
  cron: string,
  timezone = 'UTC',
  dst: Partial<DstPolicy> = {},
  window: ScheduleWindow,
): CronSchedule {
  parseCron(cron)
  scheduleZone(timezone)
  const { gap = 'after', overlap = 'first' } = dst
  if (gap !== 'after' && gap !== 'skip')
    throw invalid('bad_dst', 'dst.gap', shown(gap), "'after' or 'skip'")
  if (overlap !== 'first' && overlap !== 'both')
    throw invalid('bad_dst', 'dst.overlap', shown(overlap), "'first' or 'both'")
  return { kind: 'cron', cron: cron.trim(), timezone, dst: { gap, overlap }, ...window }
}

function readInterval(every: Duration, window: ScheduleWindow): IntervalSchedule {
  const everyMs = readDuration(every)
  if (everyMs < MIN_EVERY_MS || everyMs > MAX_EVERY_MS)
    throw invalid('bad_every', 'every', shown(every), "from '1s' to '366d'")
  return { kind: 'every', everyMs, ...window }
}

function readDuration(every: Duration): number {
  try {
    return durationMs(every)
  } catch (error) {
    throw new ScheduleError(
      'bad_every',
      "Cannot use every: it is no duration, it should be ms or a text such as '15m'",
      { cause: error },
    )
  }
}

function readWindow({ start, end, limit }: ScheduleOptions): ScheduleWindow {
  const window = {
    start: readInstant('start', start),
    end: readInstant('end', end),
    limit: limit ?? null,
  }
  if (window.end !== null && window.end <= (window.start ?? 0))
    throw invalid('bad_window', 'end', 'not after the start', 'a later instant')
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
    throw invalid('bad_limit', 'limit', shown(limit), 'a whole number of at least 1')
  return window
}

function readInstant(name: string, instant: Date | number | undefined): number | null {
  if (instant === undefined) return null
  const ms = instant instanceof Date ? instant.getTime() : instant
  if (Number.isSafeInteger(ms) && ms >= 0 && ms <= LAST_INSTANT) return ms
  throw invalid('bad_window', name, shown(instant), 'a Date or ms since 1970, up to the year 9999')
}

function invalid(code: ScheduleErrorCode, what: string, is: string, should: string): ScheduleError {
  return new ScheduleError(code, `Cannot use ${what}: it is ${is}, it should be ${should}`)
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? JSON.stringify(String(value).slice(0, 40))
    : typeof value
}
