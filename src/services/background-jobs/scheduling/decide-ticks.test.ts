import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideTicks, ON_TIME_MS, type MisfirePolicy } from './decide-ticks.ts'
import { nextRun } from './next-run.ts'
import { parseSchedule } from './parse-schedule.ts'
import type { Schedule, ScheduleOptions } from './schedule.ts'

const START = Date.UTC(2026, 9, 20)
const ALL: MisfirePolicy = { all: true, max: 1000 }

test('decideTicks() runs every tick once, for any split of the timeline, when all are to run', () => {
  fc.assert(
    fc.property(schedules(), looks(), (schedule, times) => {
      const { runs, missed } = follow(schedule, times, ALL)
      expect(runs).toEqual(ticksUntil(schedule, times.at(-1) ?? START))
      expect(missed).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('decideTicks() runs or misses every tick, and runs none twice, for any split and policy', () => {
  const policies: readonly MisfirePolicy[] = ['latest', 'skip', { all: true, max: 2 }]
  fc.assert(
    fc.property(schedules(), looks(), fc.constantFrom(...policies), (schedule, times, policy) => {
      const { runs, missed } = follow(schedule, times, policy)
      const ticks = ticksUntil({ ...schedule, limit: null }, times.at(-1) ?? START)
      expect(runs).toEqual([...new Set(runs)].toSorted((a, b) => a - b))
      expect(ticks).toEqual(expect.arrayContaining(runs))
      if (schedule.limit === null) expect(runs.length + missed).toBe(ticks.length)
      else expect(runs.length).toBeLessThanOrEqual(schedule.limit)
    }),
    { numRuns: 300 },
  )
})

test('decideTicks() decides nothing, when the clock was put back', () => {
  const schedule = parseSchedule({ every: '1m' })
  const progress = { lastScheduledMs: START, runsSoFar: 4 }
  expect(decideTicks(schedule, progress, START - 3_600_000)).toEqual({
    runs: [],
    missed: 0,
    next: START + 60_000,
    progress,
  })
})

test('decideTicks() runs the latest of many, in the very millisecond that it falls due', () => {
  const schedule = parseSchedule({ every: '1m' })
  const progress = { lastScheduledMs: START, runsSoFar: 0 }
  expect(decideTicks(schedule, progress, START + 5 * 60_000)).toEqual({
    runs: [START + 5 * 60_000],
    missed: 4,
    next: START + 6 * 60_000,
    progress: { lastScheduledMs: START + 5 * 60_000, runsSoFar: 1 },
  })
})

test('decideTicks() runs a tick that is a little late, and none that is very late, when late ones are skipped', () => {
  const schedule = parseSchedule({ every: '1h' })
  const progress = { lastScheduledMs: START, runsSoFar: 0 }
  const tick = START + 3_600_000
  const onTime = decideTicks(schedule, progress, tick + ON_TIME_MS, 'skip')
  expect(onTime).toMatchObject({ runs: [tick], missed: 0 })
  const late = decideTicks(schedule, progress, tick + ON_TIME_MS + 1, 'skip')
  expect(late).toMatchObject({ runs: [], missed: 1, next: tick + 3_600_000 })
  expect(late.progress).toEqual({ lastScheduledMs: tick, runsSoFar: 0 })
})

test('decideTicks() finds the latest ticks, when a schedule by the second slept for a year', () => {
  const schedule = parseSchedule({ cron: '* * * * * *', timezone: 'Europe/Berlin' })
  const progress = { lastScheduledMs: START - 365 * 86_400_000, runsSoFar: 0 }
  const decision = decideTicks(schedule, progress, START + 500, { all: true, max: 3 })
  expect(decision).toMatchObject({
    runs: [START - 2000, START - 1000, START],
    missed: 997,
    next: START + 1000,
  })
})

test('decideTicks() finds the latest tick, when the last busy day is long past', () => {
  const schedule = parseSchedule({ cron: '* * * * * MON' })
  const progress = { lastScheduledMs: START - 400 * 86_400_000, runsSoFar: 0 }
  expect(decideTicks(schedule, progress, Date.UTC(2026, 9, 25, 12)).runs).toEqual([
    Date.UTC(2026, 9, 19, 23, 59, 59),
  ])
})

test('decideTicks() ends the schedule, when its limit is reached in the middle of what is due', () => {
  const schedule = parseSchedule({ every: '1m', limit: 5 })
  const progress = { lastScheduledMs: START, runsSoFar: 3 }
  expect(decideTicks(schedule, progress, START + 10 * 60_000, ALL)).toMatchObject({
    runs: [START + 60_000, START + 120_000],
    missed: 0,
    next: null,
    progress: { runsSoFar: 5 },
  })
})

test('decideTicks() throws bad_misfire, when the policy is not known', () => {
  const schedule = parseSchedule({ every: '1m' })
  for (const policy of [
    'never',
    null,
    { all: true },
    { all: true, max: 0 },
    { all: true, max: 1001 },
    { max: 5 },
  ])
    expect(() =>
      // Wrong on purpose: what a stored row or a request may bring.
      decideTicks(
        schedule,
        { lastScheduledMs: START, runsSoFar: 0 },
        START,
        policy as MisfirePolicy,
      ),
    ).toThrow('no known policy')
})

/** Decides at each time, keeping only what a schedule's row keeps. */
function follow(
  schedule: Schedule,
  times: readonly number[],
  misfire: MisfirePolicy,
): { readonly runs: number[]; readonly missed: number } {
  const runs: number[] = []
  let missed = 0
  let progress = { lastScheduledMs: START, runsSoFar: 0 }
  for (const now of times) {
    const decision = decideTicks(schedule, progress, now, misfire)
    runs.push(...decision.runs)
    missed += decision.missed
    expect(decision.next).toBe(nextRun(schedule, decision.progress.lastScheduledMs, runs.length))
    const row = JSON.stringify(decision.progress)
    progress = JSON.parse(row)
  }
  return { runs, missed }
}

function ticksUntil(schedule: Schedule, end: number): number[] {
  const ticks: number[] = []
  let tick = nextRun(schedule, START)
  while (tick !== null && tick <= end) {
    ticks.push(tick)
    tick = nextRun(schedule, tick, ticks.length)
  }
  return ticks
}

/** Over clock changes in autumn, close to one another and far apart, now and then backwards. */
function looks(): fc.Arbitrary<number[]> {
  const step = fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: -600_000, max: 7_200_000 }),
    fc.integer({ min: 0, max: 3 * 86_400_000 }),
  )
  return fc.array(step, { minLength: 1, maxLength: 8 }).map((steps) => {
    let now = START
    const times = steps.map((ms) => (now += ms))
    return [...times, Math.max(...times)]
  })
}

function schedules(): fc.Arbitrary<Schedule> {
  const zones = ['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Cairo']
  const crons = ['*/30 * * * *', '15 1,2 * * *', '0 */2 * * *', '30 23 * * *', '0,45 0-3 * * *']
  const limit = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined })
  const options: fc.Arbitrary<ScheduleOptions> = fc.oneof(
    fc.record({ every: fc.integer({ min: 1_800_000, max: 86_400_000 }), limit }),
    fc.record({
      cron: fc.constantFrom(...crons),
      timezone: fc.constantFrom(...zones),
      dst: fc.record({
        gap: fc.constantFrom('after', 'skip'),
        overlap: fc.constantFrom('first', 'both'),
      }),
      limit,
    }),
  )
  return options.map(parseSchedule)
}
