import { canonicalJson } from '../../primitives/canonical-json.ts'
import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { OverlapPolicy } from './scheduling/decide-overlap.ts'
import { decideTicks, type MisfirePolicy } from './scheduling/decide-ticks.ts'
import { nextRun } from './scheduling/next-run.ts'
import type { Schedule, ScheduleProgress } from './scheduling/schedule.ts'

/** What a person says of a schedule. */
export interface ScheduleDefinition {
  readonly schedule: Schedule
  readonly misfire: MisfirePolicy
  readonly overlap: OverlapPolicy
  /** What each tick adds; its id comes with the tick. */
  readonly job: NewJob
}

/**
 * A schedule as the store holds it: the one place that says what has ticked and what comes next.
 */
export interface ScheduleRecord extends ScheduleDefinition {
  readonly progress: ScheduleProgress
  /**
   * Ticks that fell due before the definition was changed and have not run: ms since 1970,
   * ascending.
   */
  readonly owed: readonly number[]
  /**
   * Ticks that are counted in `progress` and whose runs are being added: ms since 1970, ascending.
   * An add whose answer was lost may yet take effect, so they are added again until one answers.
   */
  readonly adding: readonly number[]
  readonly paused: boolean
  /** The id of the job that looks after the next tick; `null` where nothing is to come. */
  readonly wake: string | null
  /** The id of the latest run, for the overlap policy. */
  readonly lastRun: string | null
}

/**
 * When the schedule has something to do: ms since 1970, `null` while it is paused and once it has
 * ended.
 */
export function dueAt(record: ScheduleRecord): number | null {
  return record.paused ? null : upcoming(record)
}

/** Whether nothing will ever run again, unless the definition changes. */
export function hasEnded(record: ScheduleRecord): boolean {
  return upcoming(record) === null
}

/**
 * What a definition makes of the schedule as it was, `null` when it says nothing new.
 *
 * Runs go on being counted. What fell due until now is still run, as `misfire` says: where the
 * timing changes, by the timing that was in force then.
 */
export function redefined(
  before: ScheduleRecord | null,
  definition: ScheduleDefinition,
  now: number,
): ScheduleRecord | null {
  const { schedule, misfire } = definition
  if (before === null) {
    const progress = { lastScheduledMs: now, runsSoFar: 0 }
    const nothing = { owed: [], adding: [], paused: false, wake: null, lastRun: null }
    return { ...definition, progress, ...nothing }
  }
  if (canonicalJson(definitionOf(before)) === canonicalJson(definition)) return null
  if (canonicalJson(before.schedule) === canonicalJson(schedule))
    return { ...before, ...definition }
  const { runs, progress } = decideTicks(before.schedule, before.progress, now, misfire)
  const { runsSoFar } = progress
  return {
    ...before,
    ...definition,
    progress: { lastScheduledMs: now, runsSoFar },
    owed: [...before.owed, ...runs],
  }
}

/** @returns The record as JSON */
export function scheduleRecordToJson(record: ScheduleRecord): Json {
  const { schedule, misfire, overlap, job, progress, owed, adding, paused, wake, lastRun } = record
  return {
    schedule,
    misfire: typeof misfire === 'string' ? misfire : { ...misfire },
    overlap,
    job: jobToJson(job),
    progress: { ...progress },
    owed,
    adding,
    paused,
    wake,
    lastRun,
  }
}

/** @returns The record that `json` holds, or `null` when it holds none */
export function scheduleRecordOf(json: Json | undefined): ScheduleRecord | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  if (!('schedule' in json) || !('job' in json) || !('adding' in json)) return null
  // Only `scheduleRecordToJson` writes the partition of a queue's schedules.
  return json as unknown as ScheduleRecord
}

function upcoming({ schedule, progress, owed, adding }: ScheduleRecord): number | null {
  const next = nextRun(schedule, progress.lastScheduledMs, progress.runsSoFar)
  return adding[0] ?? owed[0] ?? next
}

function definitionOf({ schedule, misfire, overlap, job }: ScheduleRecord): ScheduleDefinition {
  return { schedule, misfire, overlap, job }
}

/** @returns The job without what is absent, as JSON has it */
function jobToJson(job: NewJob): Json {
  const { deduplication, group, ...plain } = job
  const present = Object.entries({
    ...plain,
    ...(deduplication !== undefined && { deduplication: { ...deduplication } }),
    ...(group !== undefined && { group: { ...group } }),
  })
  return Object.fromEntries(present.filter(([, value]) => value !== undefined))
}
