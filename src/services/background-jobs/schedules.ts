import { checkJobId } from './check-job-id.ts'
import { checkOptions } from '../../primitives/check-options.ts'
import { checkInteger } from '../../primitives/check-range.ts'
import { encodeHex } from '../../primitives/hex.ts'
import { BackendError } from '../../runtime/ports/backend-error.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { NewJob, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import { encodeJobs } from '../../runtime/ports/job-store/job-limits.ts'
import type { JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import {
  dueAt,
  hasEnded,
  redefined,
  type ScheduleDefinition,
  type ScheduleRecord,
} from './schedule-record.ts'
import { addRuns } from './schedule-runs.ts'
import { createScheduleStore, type StoredSchedule } from './schedule-store.ts'
import { createScheduleTicks, wakeData } from './schedule-ticks.ts'
import { decideOverlap, type OverlapPolicy } from './scheduling/decide-overlap.ts'
import { decideTicks, type MisfirePolicy } from './scheduling/decide-ticks.ts'
import { parseSchedule } from './scheduling/parse-schedule.ts'
import type { Schedule, ScheduleOptions } from './scheduling/schedule.ts'

/**
 * How a schedule deals with ticks that nobody saw and with runs that take longer than the time
 * between two.
 */
export interface SchedulePolicies {
  /** Default `latest`: of all ticks that were missed, the latest runs. */
  readonly misfire?: MisfirePolicy | undefined
  /** Default `allow`: a run starts whether or not the one before has finished. */
  readonly overlap?: OverlapPolicy | undefined
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
  /**
   * Whether its last run has come: it stays known, so that the same said again starts nothing anew.
   */
  readonly ended: boolean
  /** The next tick; `null` while paused, and once ended. */
  readonly nextRunAt: number | null
  readonly runs: number
}

/** Which schedules {@link Schedules.page} is to give. */
export interface SchedulePageOptions {
  readonly limit?: number
  /** Of the page before. */
  readonly cursor?: string
}

/** Some schedules; `cursor` asks for the next ones and is `null` where these are the last. */
export interface SchedulePage {
  readonly schedules: readonly JobSchedule[]
  readonly cursor: string | null
}

/** The schedules of one queue. Every change is one atomic step, also while the schedule ticks. */
export interface Schedules {
  /**
   * Makes or changes a schedule. The same definition again changes nothing, whatever has become of
   * the schedule, so that every deploy may say it. A changed one goes on counting runs, stays
   * paused, and runs what fell due before.
   *
   * @throws ScheduleError when the schedule is not valid
   * @throws BackendError `backend_overloaded` when others changed it each time
   */
  upsert(id: string, options: ScheduleOptions & SchedulePolicies, job: NewJob): Promise<JobSchedule>
  get(id: string): Promise<JobSchedule | null>
  /**
   * All that have not ended, soonest first, then the paused ones. Where there may be thousands, ask
   * for one `page()` after the other.
   */
  list(): Promise<readonly JobSchedule[]>
  /**
   * Up to `limit` schedules, 1 to 1,000, default 100, in an order of their own, also those that
   * have ended.
   *
   * @throws RangeError when the limit or the cursor is none
   */
  page(options?: SchedulePageOptions): Promise<SchedulePage>
  /** @returns Whether it ran until now */
  pause(id: string): Promise<boolean>
  /**
   * Lets it run again; what was missed is dealt with as its `misfire` says. @returns Whether it was
   * paused
   */
  resume(id: string): Promise<boolean>
  /** @returns Whether there was one */
  remove(id: string): Promise<boolean>
  /** Ticks: to be run like any other processor of the queue. */
  readonly processor: JobProcessor
}

/** What {@link createSchedules} needs. */
export interface SchedulesOptions {
  /** The queue that ticks add to. */
  readonly jobs: QueueStore
  /** Keeps the schedules. */
  readonly partition: StorePartition
  /** The queue of the jobs that look after them, one for each. */
  readonly jobStore: QueueStore
  readonly queue: string
  readonly clock: Clock
  readonly random: RandomSource
  /** Tells a worker of the jobs that there is something to do. */
  readonly wakeJobs: (inMs: number) => Promise<void>
  /** The same for the schedules' own worker. */
  readonly wakeSchedules: (inMs: number) => Promise<void>
}

const MAX_TRIES = 20
const MOST_OF_A_PAGE = 1000

/** Keeps schedules in the store, each with a job that looks after it; decisions/0005 says why. */
export function createSchedules(options: SchedulesOptions): Schedules {
  const { jobs, jobStore, queue, clock, random, wakeJobs, wakeSchedules } = options
  const store = createScheduleStore(options.partition)

  /**
   * Adds a job that looks after the schedule, before the schedule names it: a crash in between
   * leaves one too many.
   */
  async function addWake(id: string, at: number): Promise<string> {
    const wake = encodeHex(random.bytes(12))
    const delayMs = Math.max(at - clock.now(), 0)
    await jobStore.add([
      // Each tick gives its attempt back: only workers that disappear spend them.
      { id: wake, name: '$schedule', data: wakeData(id), delayMs, maxAttempts: 1000 },
    ])
    await wakeSchedules(delayMs)
    return wake
  }

  async function dropWake(wake: string | null): Promise<void> {
    if (wake !== null) await jobStore.command({ type: 'remove', ids: [wake] })
  }

  /** Whether the job that looks after the schedule is still there to do so. */
  async function isLookedAfter({ wake }: ScheduleRecord): Promise<boolean> {
    const state = wake === null ? undefined : (await jobStore.get(wake))?.state
    return state === 'ready' || state === 'scheduled' || state === 'active'
  }

  /** One atomic step. @param decide Answers `null` for no change */
  async function change(
    id: string,
    decide: (stored: StoredSchedule | null) => ScheduleRecord | 'removed' | null,
  ): Promise<{ readonly changed: boolean; readonly record: ScheduleRecord | null }> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const stored = await store.read(id)
      const before = stored?.record ?? null
      const decided = decide(stored)
      if (decided === null) return { changed: false, record: before }
      const after = decided === 'removed' ? null : { ...decided, adding: [] }
      // A tick that has been counted runs, also where the schedule pauses or changes from here on.
      if (after !== null && before !== null && before.adding.length > 0) {
        await addRuns(jobs, id, before)
        await wakeJobs(0)
      }
      const at = after === null ? null : dueAt(after)
      const wake = at === null ? null : await addWake(id, at)
      const record = after === null ? null : { ...after, wake }
      if (await store.write(id, stored, record)) {
        await dropWake(before?.wake ?? null)
        return { changed: true, record }
      }
      await dropWake(wake)
    }
    throw new BackendError(
      'backend_overloaded',
      `Cannot change schedule ${JSON.stringify(id)}: others changed it each time, try again`,
    )
  }

  /** Gives a schedule whose next tick nobody looks after somebody who does. */
  async function lookAfter(id: string, record: ScheduleRecord): Promise<void> {
    if (dueAt(record) === null || (await isLookedAfter(record))) return
    await change(id, (stored) => (stored?.record.wake === record.wake ? stored.record : null))
  }

  return {
    async upsert(id, { misfire = 'latest', overlap = 'allow', ...timing }, job) {
      checkId(id)
      const schedule = parseSchedule(timing)
      const now = clock.now()
      // They throw for a policy that they do not know.
      decideTicks(schedule, { lastScheduledMs: now, runsSoFar: 0 }, now, misfire)
      decideOverlap(overlap, { active: false, waiting: false })
      // What could not be added is not to be found out when it ticks.
      encodeJobs([job])
      const definition: ScheduleDefinition = { schedule, misfire, overlap, job }
      const { changed, record } = await change(id, (stored) =>
        redefined(stored?.record ?? null, definition, now),
      )
      // `redefined` leaves nothing unsaid that is not there.
      const kept = record as ScheduleRecord
      if (!changed) await lookAfter(id, kept)
      return jobScheduleOf(id, kept)
    },

    async get(id) {
      const stored = await store.read(checkJobId('read schedule', id))
      return stored === null ? null : jobScheduleOf(id, stored.record)
    },

    async list() {
      const found: JobSchedule[] = []
      let cursor: string | null = null
      do {
        const page = await store.page(MOST_OF_A_PAGE, cursor ?? undefined)
        for (const { id, record } of page.schedules)
          if (!hasEnded(record)) found.push(jobScheduleOf(id, record))
        cursor = page.cursor
      } while (cursor !== null)
      return found.toSorted((a, b) => (a.nextRunAt ?? Infinity) - (b.nextRunAt ?? Infinity))
    },

    async page(options = {}) {
      checkOptions('list schedules', options, [], ['limit', 'cursor'])
      const { limit = 100, cursor } = options
      checkInteger('list schedules', 'limit', limit, 1, MOST_OF_A_PAGE)
      if (cursor !== undefined && (typeof cursor !== 'string' || cursor === ''))
        throw new RangeError('Cannot list schedules: the cursor is none of a page')
      const page = await store.page(limit, cursor)
      const schedules = page.schedules.map(({ id, record }) => jobScheduleOf(id, record))
      return { schedules, cursor: page.cursor }
    },

    async pause(id) {
      const { changed } = await change(checkJobId('pause schedule', id), (stored) =>
        stored === null || stored.record.paused || hasEnded(stored.record)
          ? null
          : { ...stored.record, paused: true },
      )
      return changed
    },

    async resume(id) {
      const { changed } = await change(checkJobId('resume schedule', id), (stored) =>
        stored?.record.paused === true ? { ...stored.record, paused: false } : null,
      )
      return changed
    },

    async remove(id) {
      const { changed } = await change(checkJobId('remove schedule', id), (stored) =>
        stored === null ? null : 'removed',
      )
      return changed
    },

    processor: createScheduleTicks({ store, jobs, queue, clock, wakeJobs }),
  }
}

function jobScheduleOf(id: string, record: ScheduleRecord): JobSchedule {
  const { schedule, misfire, overlap, job, paused, progress } = record
  return {
    id,
    schedule,
    misfire,
    overlap,
    job: { name: job.name, data: job.data },
    paused,
    ended: hasEnded(record),
    nextRunAt: dueAt(record),
    runs: progress.runsSoFar,
  }
}

/** @throws RangeError when it is no text of 1 to 256 characters */
function checkId(id: unknown): void {
  if (typeof id === 'string' && id.length >= 1 && id.length <= 256 && id.isWellFormed()) return
  throw new RangeError('Cannot schedule job: its id is not well-formed text of 1 to 256 characters')
}
