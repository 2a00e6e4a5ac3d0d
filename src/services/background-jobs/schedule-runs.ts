import { fitText } from '../../primitives/fit-text.ts'
import type { NewJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import { dueAt, type ScheduleRecord } from './schedule-record.ts'

const ID_CHARACTERS = 256
const DAY_MS = 86_400_000

/** @returns The id of the job that a tick adds */
export async function runId(schedule: string, at: number): Promise<string> {
  const suffix = `@${new Date(at).toISOString()}`
  return `${await fitText(schedule, ID_CHARACTERS - suffix.length)}${suffix}`
}

/**
 * Adds the runs that a schedule is adding. Done again, after a crash or an answer that was lost, it
 * adds nothing twice, whatever became of them.
 */
export async function addRuns(jobs: QueueStore, id: string, record: ScheduleRecord): Promise<void> {
  const { adding, job } = record
  const ttlMs = rememberedMs(record, adding.at(-1) ?? 0)
  const runs = await Promise.all(adding.map((at) => runId(id, at)))
  await jobs.add(
    runs.map((run): NewJob => ({ ...job, id: run, deduplication: { id: run, ttlMs } })),
  )
}

/**
 * How long the id of a run is remembered whatever becomes of its record: a tick that a crash has
 * cut short is made again within this. It is about a thousand ticks, so that none leaves many
 * behind.
 */
function rememberedMs(record: ScheduleRecord, last: number): number {
  const next = dueAt({ ...record, paused: false, owed: [], adding: [] })
  const apartMs = next === null ? Infinity : next - last
  return Math.min(Math.max(1000 * apartMs, DAY_MS), 30 * DAY_MS)
}
