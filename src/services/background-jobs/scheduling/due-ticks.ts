import { nextRun } from './next-run.ts'
import type { Schedule, ScheduleProgress } from './schedule.ts'

/** The most ticks that one decision counts or runs. */
export const MAX_TICKS = 1000

/** The shortest time between two runs of any schedule. */
const MIN_APART_MS = 1000

/** What has fallen due since a schedule was last looked at. */
export interface DueTicks {
  /** The latest ones, ms since 1970, ascending. */
  readonly ticks: readonly number[]
  /** All of them, but no more than {@link MAX_TICKS} are counted. */
  readonly count: number
}

/**
 * The ticks after the last decided one, up to and including `now`.
 *
 * @param most How many of the latest to give, 1 to {@link MAX_TICKS}
 */
export function dueTicks(
  schedule: Schedule,
  { lastScheduledMs, runsSoFar }: ScheduleProgress,
  now: number,
  most: number,
): DueTicks {
  const after = (ms: number): number | null => {
    const tick = nextRun(schedule, ms, runsSoFar)
    return tick === null || tick > now ? null : tick
  }
  const counted: number[] = []
  let tick = after(lastScheduledMs)
  while (tick !== null && counted.length < MAX_TICKS) {
    counted.push(tick)
    tick = after(tick)
  }
  const ticks = tick === null ? counted.slice(-most) : latestTicks(after, tick, now, most)
  return { ticks, count: counted.length }
}

/**
 * A schedule by the second that slept for a year is 31 million ticks behind: its latest ticks are
 * searched from the end.
 *
 * @param after The first tick after an instant, `null` when none is due
 * @param known A tick that is due
 */
function latestTicks(
  after: (ms: number) => number | null,
  known: number,
  now: number,
  most: number,
): readonly number[] {
  const ticks: number[] = []
  let until = now
  while (ticks.length < most && until >= known) {
    const tick = lastTick(after, known, until)
    ticks.push(tick)
    until = tick - MIN_APART_MS
  }
  return ticks.toReversed()
}

/**
 * The last tick in `[known, until]`: a window is doubled until it holds one, then halved around it.
 */
function lastTick(after: (ms: number) => number | null, known: number, until: number): number {
  const tickIn = (fromMs: number, untilMs: number): number | null => {
    const tick = after(fromMs)
    return tick !== null && tick <= untilMs ? tick : null
  }
  let last = known
  for (let window = MIN_APART_MS; until - window > known; window *= 2) {
    const tick = tickIn(until - window, until)
    if (tick === null) continue
    last = tick
    break
  }
  let none = until
  while (none - last >= MIN_APART_MS) {
    const middle = last + Math.floor((none - last) / 2)
    const tick = tickIn(middle, none)
    if (tick === null) none = middle
    else last = tick
  }
  return last
}
