import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { ClaimedJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { dueAt, type ScheduleRecord } from './schedule-record.ts'
import { addRuns, runId } from './schedule-runs.ts'
import type { ScheduleStore } from './schedule-store.ts'
import {
  decideOverlap,
  type OverlapPolicy,
  type UnfinishedRuns,
} from './scheduling/decide-overlap.ts'
import { decideTicks, ON_TIME_MS } from './scheduling/decide-ticks.ts'

/** What {@link createScheduleTicks} needs. */
export interface ScheduleTicksOptions {
  readonly store: ScheduleStore
  /** The queue that ticks add to. */
  readonly jobs: QueueStore
  /** The queue of the jobs that look after the schedules. */
  readonly queue: string
  readonly clock: Clock
  readonly wakeJobs: (inMs: number) => Promise<void>
}

/** While a run waits for the one before, its schedule looks this often. */
const WAIT_MS = 1000
/**
 * A job that looks after a schedule is added before the schedule names it; then it may come too
 * early. Asked so often, each time after twice the wait, it is a minute old.
 */
const UNNAMED_ASKED = 6
const UNNAMED = 'schedule_unnamed'
const MAX_TRIES = 20

/** The data of a job that looks after a schedule. */
export function wakeData(schedule: string): Json {
  return { schedule }
}

/**
 * Runs the jobs that look after schedules: each notes in the schedule what is due, adds it, notes
 * that, and waits for the next tick.
 */
export function createScheduleTicks(options: ScheduleTicksOptions): JobProcessor {
  const { store, jobs, queue, clock, wakeJobs } = options

  async function unfinished(
    overlap: OverlapPolicy,
    lastRun: string | null,
  ): Promise<UnfinishedRuns> {
    if (overlap === 'allow' || lastRun === null) return { active: false, waiting: false }
    const state = (await jobs.get(lastRun))?.state
    const waiting =
      state === 'ready' || state === 'scheduled' || state === 'held' || state === 'blocked'
    return { active: state === 'active', waiting }
  }

  /** What is due now, counted and to be added; the record itself where nothing is. */
  async function decide(id: string, record: ScheduleRecord): Promise<ScheduleRecord | null> {
    const now = clock.now()
    const { schedule, misfire, overlap, owed } = record
    const { runs, progress } = decideTicks(schedule, record.progress, now, misfire)
    const late = misfire === 'skip' ? now - ON_TIME_MS : -Infinity
    const all = [...owed.filter((at) => at >= late), ...runs]
    // Runs that must not overlap cannot all start now: the latest stands for them.
    const adding = overlap === 'allow' ? all : all.slice(-1)
    const last = adding.at(-1)
    const nothing = runs.length === 0 && progress === record.progress && owed.length === 0
    const done = nothing ? record : { ...record, progress, owed: [] }
    if (last === undefined) return done
    const decision = decideOverlap(overlap, await unfinished(overlap, record.lastRun))
    if (decision === 'wait') return null
    if (decision === 'drop') return done
    return { ...done, adding, lastRun: await runId(id, last) }
  }

  /** The record once what it says is done, `null` while a run waits for the one before. */
  async function step(id: string, record: ScheduleRecord): Promise<ScheduleRecord | null> {
    if (record.adding.length === 0) return decide(id, record)
    await addRuns(jobs, id, record)
    await wakeJobs(0)
    return { ...record, adding: [] }
  }

  async function look(id: string, wake: ClaimedJob): Promise<JobOutcome> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const stored = await store.read(id)
      if (stored?.record.wake !== wake.id) return unnamed(wake)
      const after = await step(id, stored.record)
      if (after === null) return { to: 'scheduled', delayMs: WAIT_MS, refund: true }
      const next = dueAt(after)
      const written = { ...after, wake: next === null ? null : wake.id }
      const changed = after !== stored.record || next === null
      // Who has changed the schedule meanwhile says what follows; what has been added stays.
      if (changed && !(await store.write(id, stored, written))) continue
      if (next === null) return { to: 'completed' }
      // Written down first: whatever becomes of the add, these ticks have been decided.
      if (after.adding.length > 0) continue
      return { to: 'scheduled', delayMs: Math.max(next - clock.now(), 0), refund: true }
    }
    return { to: 'scheduled', delayMs: WAIT_MS, refund: true }
  }

  return {
    queue,
    async process(job) {
      const id = scheduleOf(job.data)
      if (id !== null) return look(id, job)
      const message = 'Cannot tick schedule: the job names none'
      return { to: 'dead', error: { code: 'schedule', message } }
    },
  }
}

/**
 * The schedule does not name this job: not yet, or no longer. It is asked a few times more, counted
 * and not timed: clocks of this process and of the job store may differ.
 */
function unnamed({ lastError }: ClaimedJob): JobOutcome {
  const asked = askedOf(lastError)
  if (asked >= UNNAMED_ASKED) return { to: 'completed' }
  return {
    to: 'scheduled',
    delayMs: WAIT_MS * 2 ** asked,
    refund: true,
    error: { code: UNNAMED, message: 'No schedule names this job yet', asked: asked + 1 },
  }
}

function askedOf(lastError: Json): number {
  if (typeof lastError !== 'object' || lastError === null || Array.isArray(lastError)) return 0
  const { code, asked } = lastError as { readonly [key: string]: Json }
  return code === UNNAMED && typeof asked === 'number' ? asked : 0
}

function scheduleOf(data: Json): string | null {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return null
  const { schedule } = data as { readonly [key: string]: Json }
  return typeof schedule === 'string' ? schedule : null
}
