import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import type { DstPolicy } from './schedule.ts'

/**
 * What `nextRun()` says is compared with what one gets by looking at every minute (or second)
 * around changes of the clocks, with nothing but `Intl` and the definitions of the policies.
 *
 * By default a sample of years and patterns for every zone; `SCHEDULE_ORACLE=full` looks at every
 * change from 1973 to 2037, in some minutes. `SCHEDULE_SEED` draws other samples.
 */
const FULL = process.env['SCHEDULE_ORACLE'] === 'full'
const SEED = Number(process.env['SCHEDULE_SEED'] ?? 1)

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const FIRST_YEAR = 1973
const LAST_YEAR = 2037

const POLICIES: readonly DstPolicy[] = [
  { gap: 'after', overlap: 'first' },
  { gap: 'after', overlap: 'both' },
  { gap: 'skip', overlap: 'first' },
  { gap: 'skip', overlap: 'both' },
]

test(
  'nextRun() finds what a look at every minute finds, around the clock changes of every zone',
  { timeout: FULL ? 3_600_000 : 600_000 },
  () => {
    const chance = createSeededRandom(SEED)
    let changes = 0
    for (const timezone of Intl.supportedValuesOf('timeZone')) {
      for (const change of changesOf(timezone, yearsOf(chance))) {
        changes++
        const times = timesBetween(
          timezone,
          change - 26 * HOUR_MS,
          change + 26 * HOUR_MS,
          MINUTE_MS,
        )
        for (let round = 0; round < 3; round++) {
          const pattern = drawPattern(chance, hourOf(timezone, change))
          compare(pattern, timezone, times, MINUTE_MS)
        }
      }
    }
    expect(changes).toBeGreaterThan(300)
  },
)

test('nextRun() finds what a look at every second finds, also where offsets have seconds', () => {
  const chance = createSeededRandom(SEED)
  const cases = [
    ['America/New_York', Date.UTC(2026, 2, 8, 7)],
    ['America/New_York', Date.UTC(2026, 10, 1, 6)],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
    ['Africa/Monrovia', Date.UTC(1972, 0, 7, 0, 44, 30)],
  ] as const
  for (const [timezone, change] of cases) {
    const times = timesBetween(timezone, change - 2 * HOUR_MS, change + 2 * HOUR_MS, 1000)
    for (let round = 0; round < 3; round++) {
      const { fields } = drawPattern(chance, hourOf(timezone, change))
      const pattern = readPattern([drawField(chance, 60, 30), ...fields.slice(1)])
      compare(pattern, timezone, times, 1000)
    }
  }
})

interface Times {
  /** Instants one step apart, and what the clocks show at each. */
  readonly instants: readonly number[]
  readonly walls: readonly number[]
  /** Whether the clocks have shown the same before. */
  readonly repeats: readonly boolean[]
}

interface Pattern {
  readonly fields: readonly string[]
  readonly matches: (wall: number) => boolean
}

function compare(pattern: Pattern, timezone: string, times: Times, step: number): void {
  const cron = pattern.fields.join(' ')
  const hours = pattern.fields[2] ?? ''
  const everyHour = hours.includes('*') || readField(hours, 0, 23).size === 24
  const hits = times.walls.map(pattern.matches)
  const first = times.instants[0] ?? 0
  const last = times.instants.at(-1) ?? 0
  for (const dst of POLICIES) {
    const about = `${cron} in ${timezone}, gap ${dst.gap}, overlap ${dst.overlap}, seed ${SEED}`
    const schedule = parseSchedule({ cron, timezone, dst })
    const expected = runsAmong(times, hits, pattern, everyHour ? null : dst, step)
    const runs: number[] = []
    for (let run = nextRun(schedule, first); run !== null && run <= last;) {
      runs.push(run)
      run = nextRun(schedule, run)
    }
    if (runs.join() !== expected.join()) expect(runs.map(iso), about).toEqual(expected.map(iso))
    const middle = times.instants[Math.floor(times.instants.length / 2)] ?? 0
    for (const after of [middle - 1, middle, middle - step / 2]) {
      const next = expected.find((instant) => instant > after)
      if (next !== undefined && nextRun(schedule, after) !== next)
        expect.fail(`${about}: after ${iso(after)} the next run is ${iso(next)}`)
    }
  }
}

/**
 * The definition of the policies, instant by instant. The first instant is only there to be
 * compared with.
 *
 * @param hits Whether the pattern names what the clocks show
 * @param dst `null` for a pattern that follows elapsed time
 */
function runsAmong(
  { instants, walls, repeats }: Times,
  hits: readonly boolean[],
  { matches }: Pattern,
  dst: DstPolicy | null,
  step: number,
): number[] {
  return instants.filter((_, index) => {
    const wall = walls[index] ?? 0
    const before = walls[index - 1]
    if (before === undefined) return false
    if (hits[index] === true && (dst?.overlap !== 'first' || repeats[index] !== true)) return true
    if (dst?.gap !== 'after') return false
    for (let skipped = before + step; skipped < wall; skipped += step)
      if (matches(skipped)) return true
    return false
  })
}

function timesBetween(timezone: string, from: number, to: number, step: number): Times {
  const offsetAt = offsetReader(timezone)
  const instants: number[] = []
  for (let instant = from; instant <= to; instant += step) instants.push(instant)
  const walls = instants.map((instant) => instant + offsetAt(instant))
  const shown = new Set<number>()
  const repeats = walls.map((wall) => shown.size === shown.add(wall).size)
  return { instants, walls, repeats }
}

/** Reads the offset that `Intl` writes, where the code under test reads the wall clock time. */
function offsetReader(timezone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    timeZoneName: 'longOffset',
  })
  return (instant) => {
    const [, sign, hours, minutes, seconds] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant)) ?? []
    const ahead = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)
    return (sign === '-' ? -ahead : ahead) * 1000
  }
}

/** The instants at which a zone changes its clocks in some years, to the minute. */
function changesOf(timezone: string, years: readonly number[]): number[] {
  const offsetAt = offsetReader(timezone)
  const changes: number[] = []
  for (const year of years) {
    for (let day = Date.UTC(year, 0); day < Date.UTC(year + 1, 0); day += DAY_MS) {
      const before = offsetAt(day)
      if (offsetAt(day + DAY_MS) === before) continue
      let [low, high] = [day, day + DAY_MS]
      while (high - low > MINUTE_MS) {
        const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS
        if (offsetAt(middle) === before) low = middle
        else high = middle
      }
      changes.push(high)
    }
  }
  return changes
}

function yearsOf(chance: ReturnType<typeof createSeededRandom>): number[] {
  const all = Array.from({ length: LAST_YEAR - FIRST_YEAR + 1 }, (_, index) => FIRST_YEAR + index)
  return FULL ? all : [2026, all[Math.floor(chance.fraction() * all.length)] ?? 2011]
}

/** The hour that the clocks show right after a change. */
function hourOf(timezone: string, change: number): number {
  return new Date(change + offsetReader(timezone)(change)).getUTCHours()
}

/** A pattern with a good chance of running in the hours around `hour`. */
function drawPattern(chance: ReturnType<typeof createSeededRandom>, hour: number): Pattern {
  const days = ['* * *', '* * *', '*/2 * *', '* * 0', '1-15 * 6,0', '31,1 1,12 *', '* */3 *']
  const [day = '*', month = '*', weekday = '*'] = pick(chance, days).split(' ')
  return readPattern([
    '0',
    drawField(chance, 60, 30),
    drawField(chance, 24, hour),
    day,
    month,
    weekday,
  ])
}

function drawField(
  chance: ReturnType<typeof createSeededRandom>,
  size: number,
  near: number,
): string {
  const value = (): number => (near + Math.floor(chance.fraction() * 5) - 2 + size) % size
  const [a, b, c] = [value(), value(), value()].toSorted((x, y) => x - y)
  const step = 2 + Math.floor(chance.fraction() * 6)
  return pick(chance, [
    '*',
    `*/${step}`,
    `${a}`,
    `${b}`,
    `${a},${c}`,
    `0,${b}`,
    `${a}-${c}`,
    `0-${c}/${step}`,
  ])
}

function pick<Value>(
  chance: ReturnType<typeof createSeededRandom>,
  values: readonly [Value, ...Value[]] | readonly Value[],
): Value {
  const value = values[Math.floor(chance.fraction() * values.length)]
  if (value === undefined) throw new RangeError('Cannot pick: there is no value')
  return value
}

/** Six fields of numbers, lists, ranges and steps, read as plainly as can be. */
function readPattern(fields: readonly string[]): Pattern {
  const [second, minute, hour, day, month, weekday] = fields.map((field, index) =>
    readField(field, [0, 0, 0, 1, 1, 0][index] ?? 0, [59, 59, 23, 31, 12, 6][index] ?? 0),
  )
  const either = fields[3] !== '*' && fields[5] !== '*'
  return {
    fields,
    matches(wall) {
      const time = new Date(wall)
      const onDay = day?.has(time.getUTCDate()) === true
      const onWeekday = weekday?.has(time.getUTCDay()) === true
      return (
        second?.has(time.getUTCSeconds()) === true &&
        minute?.has(time.getUTCMinutes()) === true &&
        hour?.has(time.getUTCHours()) === true &&
        month?.has(time.getUTCMonth() + 1) === true &&
        (either ? onDay || onWeekday : onDay && onWeekday)
      )
    },
  }
}

function readField(field: string, lowest: number, highest: number): Set<number> {
  const numbers = new Set<number>()
  for (const member of field.split(',')) {
    const [range = '*', step = '1'] = member.split('/')
    const [from = lowest, to = from] =
      range === '*' ? [lowest, highest] : range.split('-').map(Number)
    for (let number = from; number <= to; number += Number(step)) numbers.add(number)
  }
  return numbers
}

function iso(instant: number): string {
  return new Date(instant).toISOString()
}
