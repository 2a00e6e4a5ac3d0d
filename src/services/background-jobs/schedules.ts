import { canonicalJson } from '../../primitives/canonical-json.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { JobRecord, NewJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import type { JobState } from '../../runtime/ports/job-store/job-state.ts'
import { JobError } from './job-error.ts'
import { scheduleRecordOf, scheduleRecordToJson, type ScheduleRecord } from './schedule-record.ts'
import {
  decideOverlap,
  type OverlapPolicy,
  type UnfinishedRuns,
} from './scheduling/decide-overlap.ts'
import { decideTicks, type MisfirePolicy } from './scheduling/decide-ticks.ts'
import { nextRun } from './scheduling/next-run.ts'
import { parseSchedule } from './scheduling/parse-schedule.ts'
import type { Schedule, ScheduleOptions } from './scheduling/schedule.ts'

/** How a schedule deals with ticks that nobody saw and with runs that take longer than the time between two. */
export interface SchedulePolicies {
  /** Default `latest`: of all ticks that were missed, the latest runs. */
  readonly misfire?: MisfirePolicy
  /** Default `allow`: a run starts whether or not the one before has finished. */
  readonly overlap?: OverlapPolicy
}

/** A schedule as it is kept. Instants are ms since 1970. */
export interface JobSchedule {
  /** Unique in its queue. */
  readonly id: string
  readonly schedule: Schedule
  readonly misfire: MisfirePolicy
  readonly overlap: OverlapPolicy
  /** The job that each tick adds. */
  readonly job: { readonly name: string; readonly data: NewJob['data'] }
  readonly paused: boolean
  /** The next tick; `null` while paused. */
  readonly nextRunAt: number | null
  readonly runs: number
}

/** The schedules of one queue. */
export interface Schedules {
  /**
   * Makes or changes a schedule. The same definition again changes nothing, so that every deploy may say it.
   *
   * @throws ScheduleError when the schedule is not valid
   * @throws JobError `schedule` when it could not be changed because it is ticking all the time
   */
  upsert(id: string, options: ScheduleOptions & SchedulePolicies, job: NewJob): Promise<JobSchedule>
  get(id: string): Promise<JobSchedule | null>
  /** All of them, soonest first, then the paused ones. */
  list(): Promise<readonly JobSchedule[]>
  /** @returns Whether it ran until now */
  pause(id: string): Promise<boolean>
  /** Lets it run again; what was missed is dealt with as its `misfire` says. @returns Whether it was paused */
  resume(id: string): Promise<boolean>
  /** @returns Whether there was one */
  remove(id: string): Promise<boolean>
  /** Ticks: to be run like any other processor of the queue. */
  readonly processor: JobProcessor
}

/** What {@link createSchedules} stands on. */
export interface SchedulesOptions {
  /** The queue that ticks add to. */
  readonly jobs: QueueStore
  /** The queue that keeps the schedules, one job each. */
  readonly jobStore: QueueStore
  readonly queue: string
  readonly clock: Clock
  /** Tells a worker of the jobs that there is something to do. */
  readonly wakeJobs: (inMs: number) => Promise<void>
  /** The same for the schedules' own worker. */
  readonly wakeSchedules: (inMs: number) => Promise<void>
}

/** A paused schedule is a cancelled job that is kept this long. */
const KEPT_MS = 10 * 365 * 86_400_000
/** Where a schedule's job can stand: it has neither group nor children, and is not kept once it has completed. */
const STATES: readonly JobState[] = ['scheduled', 'ready', 'active', 'cancelled', 'dead', 'parked']
const MAX_TRIES = 20
const TRY_AGAIN_MS = 50
/** While a run waits for the one before, its schedule looks this often. */
const WAIT_MS = 1000
const MAX_LISTED = 1000

/** Keeps schedules as jobs that never finish; decisions/0005 says why. */
export function createSchedules(options: SchedulesOptions): Schedules {
  const { jobs, jobStore, queue, clock, wakeJobs, wakeSchedules } = options

  async function upsert(
    id: string,
    { misfire = 'latest', overlap = 'allow', ...timing }: ScheduleOptions & SchedulePolicies,
    job: NewJob,
  ): Promise<JobSchedule> {
    const schedule = parseSchedule(timing)
    const now = clock.now()
    // They throw for a policy that they do not know.
    decideTicks(schedule, { lastScheduledMs: now, runsSoFar: 0 }, now, misfire)
    decideOverlap(overlap, { active: false, waiting: false })
    const fingerprint = canonicalJson([schedule, misfire, overlap, job])
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const known = await read(id)
      if (known?.record.fingerprint === fingerprint)
        return jobScheduleOf(id, known.job, known.record)
      const next = nextRun(schedule, now)
      if (next === null)
        throw new JobError(
          'schedule',
          `Cannot schedule ${JSON.stringify(id)}: it has no run any more`,
        )
      const progress = { lastScheduledMs: now, runsSoFar: 0 }
      const record: ScheduleRecord = {
        schedule,
        misfire,
        overlap,
        job,
        fingerprint,
        progress,
        lastRun: known?.record.lastRun ?? null,
      }
      const paused = known?.job.state === 'cancelled'
      if (paused) await jobStore.command({ type: 'remove', ids: [id] })
      const [answer] = (await jobStore.add([scheduleJob(id, record, Math.max(next - now, 0))])).jobs
      if (answer?.added === true || answer?.replaced === true) {
        if (paused) await jobStore.command({ type: 'cancel', ids: [id] })
        else await wakeSchedules(Math.max(next - now, 0))
        const kept = await read(id)
        if (kept !== null) return jobScheduleOf(id, kept.job, kept.record)
      }
      // It ticks at this moment, which takes a few milliseconds.
      await new Promise<void>((resume) => clock.setTimer(resume, TRY_AGAIN_MS))
    }
    throw new JobError(
      'schedule',
      `Cannot schedule ${JSON.stringify(id)}: it was ticking each time, try again`,
    )
  }

  async function read(
    id: string,
  ): Promise<{ readonly job: JobRecord; readonly record: ScheduleRecord } | null> {
    const job = await jobStore.get(id)
    const record = job === null ? null : scheduleRecordOf(job.data)
    return job === null || record === null ? null : { job, record }
  }

  async function list(): Promise<readonly JobSchedule[]> {
    const found: JobSchedule[] = []
    for (const state of STATES) {
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<QueueStore['list']>> = await jobStore.list({
          state,
          limit: 100,
          ...(cursor !== null && { cursor }),
        })
        for (const job of page.jobs) {
          const record = scheduleRecordOf(job.data)
          if (record !== null) found.push(jobScheduleOf(job.id, job, record))
        }
        cursor = page.cursor
      } while (cursor !== null && found.length < MAX_LISTED)
    }
    return found.toSorted((a, b) => (a.nextRunAt ?? Infinity) - (b.nextRunAt ?? Infinity))
  }

  async function change(type: 'cancel' | 'retry' | 'remove', id: string): Promise<boolean> {
    const changed = (await jobStore.command({ type, ids: [id] })) > 0
    if (changed && type === 'retry') await wakeSchedules(0)
    return changed
  }

  async function unfinished(runId: string | null): Promise<UnfinishedRuns> {
    const state = runId === null ? undefined : (await jobs.get(runId))?.state
    const waiting =
      state === 'ready' || state === 'scheduled' || state === 'held' || state === 'blocked'
    return { active: state === 'active', waiting }
  }

  /** Adds what is due and puts the schedule to its next tick. Done again after a crash it adds nothing twice. */
  async function tick(id: string, record: ScheduleRecord): Promise<JobOutcome> {
    const now = clock.now()
    const { schedule, misfire, overlap, job } = record
    const { runs, next, progress } = decideTicks(schedule, record.progress, now, misfire)
    // Runs that must not overlap cannot all start now: the latest stands for them.
    const due = overlap === 'allow' ? runs : runs.slice(-1)
    let lastRun = record.lastRun
    if (due.length > 0) {
      const decision = decideOverlap(
        overlap,
        overlap === 'allow' ? { active: false, waiting: false } : await unfinished(lastRun),
      )
      if (decision === 'wait') return { to: 'scheduled', delayMs: WAIT_MS, refund: true }
      if (decision === 'run') {
        const added = await jobs.add(
          due.map((at) => ({ ...job, id: `${id}@${new Date(at).toISOString()}` })),
        )
        lastRun = added.jobs.at(-1)?.id ?? lastRun
        await wakeJobs(0)
      }
    }
    if (next === null) return { to: 'completed' }
    const data = scheduleRecordToJson({ ...record, progress, lastRun })
    return { to: 'scheduled', delayMs: Math.max(next - now, 0), refund: true, data }
  }

  return {
    upsert,
    async get(id) {
      const known = await read(id)
      return known === null ? null : jobScheduleOf(id, known.job, known.record)
    },
    list,
    pause: (id) => change('cancel', id),
    resume: (id) => change('retry', id),
    remove: (id) => change('remove', id),
    processor: {
      queue,
      async process(job) {
        const record = scheduleRecordOf(job.data)
        if (record !== null) return tick(job.id, record)
        return { to: 'parked', error: { code: 'schedule', message: 'The job is no schedule' } }
      },
    },
  }
}

function scheduleJob(id: string, record: ScheduleRecord, delayMs: number): NewJob {
  return {
    id,
    name: '$schedule',
    data: scheduleRecordToJson(record),
    delayMs,
    // Each tick gives its attempt back: only a schedule that cannot tick spends them.
    maxAttempts: 1000,
    keepCompletedMs: 0,
    keepDeadMs: KEPT_MS,
    replace: true,
  }
}

function jobScheduleOf(id: string, job: JobRecord, record: ScheduleRecord): JobSchedule {
  const { schedule, misfire, overlap, progress } = record
  const paused = job.state === 'cancelled'
  return {
    id,
    schedule,
    misfire,
    overlap,
    job: { name: record.job.name, data: record.job.data },
    paused,
    nextRunAt: paused ? null : nextRun(schedule, progress.lastScheduledMs, progress.runsSoFar),
    runs: progress.runsSoFar,
  }
}
