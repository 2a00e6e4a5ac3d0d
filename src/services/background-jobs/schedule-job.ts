import { checkOptions, checkPlain } from '../../primitives/check-options.ts'
import type { Duration } from '../../primitives/duration.ts'
import type { JobQueue } from './job-queue.ts'
import type { AsJson } from '../../runtime/ports/json.ts'
import type { JobDefinitions, JobInput, SchemalessName } from './job-to-add.ts'
import type { JobOptions } from './job-options.ts'
import type { JobSchedule, SchedulePolicies } from './schedules.ts'
import type {
  CronScheduleOptions,
  ScheduleOptions,
  ScheduleWindowOptions,
} from './scheduling/schedule.ts'

/** What is added again and again. */
export type ScheduledJob<
  Jobs extends JobDefinitions,
  Name extends keyof Jobs & string = keyof Jobs & string,
  Data = JobInput<Jobs[Name]>,
> = {
  readonly name: Name
  readonly data: Data
  /** The schedule's id, unique in its queue. Default: the job's name. */
  readonly id?: string
} & (
  | {
      /** Runs by the calendar and the clocks of a place, at most 256 characters. */
      readonly cron: string
      readonly every?: undefined
      readonly options?: CronRunOptions
    }
  | {
      /** Runs by elapsed time, 1 second to 366 days apart. */
      readonly every: Duration
      readonly cron?: undefined
      readonly options?: IntervalRunOptions
    }
)

/**
 * When a schedule runs and how its jobs retry; the job's own `delay` and `jobId` come with the
 * tick.
 */
export interface IntervalRunOptions
  extends
    ScheduleWindowOptions,
    SchedulePolicies,
    Omit<JobOptions, 'delay' | 'jobId' | 'deduplication'> {}

/** The same for a schedule by the calendar. */
export interface CronRunOptions
  extends IntervalRunOptions, Pick<CronScheduleOptions, 'timezone' | 'dst'> {}

/**
 * Adds a job to a queue again and again, exactly once for each tick. Saying the same again changes
 * nothing, whatever has become of the schedule; saying it otherwise changes it in one step.
 *
 * @example
 * const options = { timezone: 'Europe/Berlin' }
 * await scheduleJob(reports, { name: 'nightly', cron: '0 2 * * *', data: {}, options })
 *
 * @throws ScheduleError when the schedule is not valid, or an option has no effect on its kind
 * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such a job
 */
export function scheduleJob<Jobs extends JobDefinitions, Name extends keyof Jobs & string>(
  queue: JobQueue<Jobs>,
  job: ScheduledJob<Jobs, Name>,
): Promise<JobSchedule>
export function scheduleJob<Jobs extends JobDefinitions, Name extends SchemalessName<Jobs>, Data>(
  queue: JobQueue<Jobs>,
  job: ScheduledJob<Jobs, Name, Data & AsJson<Data>>,
): Promise<JobSchedule>
export async function scheduleJob<Jobs extends JobDefinitions, Name extends keyof Jobs & string>(
  queue: JobQueue<Jobs>,
  job: ScheduledJob<Jobs, Name>,
): Promise<JobSchedule> {
  checkOptions('schedule job', job, ['name'], ['data', 'id', 'cron', 'every', 'options'])
  const { name, data, id = name, cron, every } = job
  const options: CronRunOptions = job.options ?? {}
  checkPlain('schedule job', 'its options are', options)
  const { timezone, dst, start, end, limit, misfire, overlap, ...jobOptions } = options
  // Whatever was given is handed on, so that what does not go together is refused.
  const timing = { cron, every, timezone, dst, start, end, limit, misfire, overlap }
  return queue.schedule(id, timing as ScheduleOptions & SchedulePolicies, {
    name,
    data,
    options: jobOptions,
  })
}
