import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { OverlapPolicy } from './scheduling/decide-overlap.ts'
import type { MisfirePolicy } from './scheduling/decide-ticks.ts'
import type { Schedule, ScheduleProgress } from './scheduling/schedule.ts'

/** What a schedule's own job carries. */
export interface ScheduleRecord {
  readonly schedule: Schedule
  readonly misfire: MisfirePolicy
  readonly overlap: OverlapPolicy
  /** What each tick adds; its id comes with the tick. */
  readonly job: NewJob
  /** Says whether two records mean the same schedule. */
  readonly fingerprint: string
  readonly progress: ScheduleProgress
  /** The id of the latest run, for the overlap policy. */
  readonly lastRun: string | null
}

/** @returns The record as JSON, to be carried by the schedule's job */
export function scheduleRecordToJson(record: ScheduleRecord): Json {
  const { schedule, misfire, overlap, job, fingerprint, progress, lastRun } = record
  return {
    schedule,
    misfire: typeof misfire === 'string' ? misfire : { ...misfire },
    overlap,
    job: jobToJson(job),
    fingerprint,
    progress: { ...progress },
    lastRun,
  }
}

/** @returns The record that `json` carries, or `null` when it carries none */
export function scheduleRecordOf(json: Json): ScheduleRecord | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  if (!('schedule' in json) || !('job' in json) || !('progress' in json)) return null
  // Only `scheduleRecordToJson` writes the jobs of a queue of schedules.
  return json as unknown as ScheduleRecord
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
