import type { JobQueue } from './job-queue.ts'
import type { JobDefinitions, JobInput } from './job-to-add.ts'
import type { JobOptions } from './job-options.ts'
import type { JobSchedule, SchedulePolicies } from './schedules.ts'
import type {
  CronScheduleOptions,
  IntervalScheduleOptions,
  ScheduleOptions,
} from './scheduling/schedule.ts'

/** What is added again and again. */
export interface ScheduledJob<
  Jobs extends JobDefinitions,
  Name extends keyof Jobs & string = keyof Jobs & string,
> {
  readonly name: Name
  readonly data: JobInput<Jobs[Name]>
  /** The schedule's id, unique in its queue. Default: the job's name. */
  readonly id?: string
  /** A cron expression; either this or `every`. */
  readonly cron?: CronScheduleOptions['cron']
  /** A fixed time between runs. */
  readonly every?: IntervalScheduleOptions['every']
  /** When it runs and how its jobs retry; the job's own `delay` and `jobId` come with the tick. */
  readonly options?: Omit<CronScheduleOptions, 'cron' | 'every'> &
    SchedulePolicies &
    Omit<JobOptions, 'delay' | 'jobId' | 'deduplication'>
}

/**
 * Adds a job to a queue again and again, exactly once for each tick. Saying the same again changes nothing.
 *
 * @example
 * await scheduleJob(reports, { name: 'nightly', cron: '0 2 * * *', data: {}, options: { timezone: 'Europe/Berlin' } })
 *
 * @throws ScheduleError when the schedule is not valid
 * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such a job
 */
export async function scheduleJob<Jobs extends JobDefinitions, Name extends keyof Jobs & string>(
  queue: JobQueue<Jobs>,
  { name, data, id = name, cron, every, options = {} }: ScheduledJob<Jobs, Name>,
): Promise<JobSchedule> {
  const { timezone, dst, start, end, limit, misfire, overlap, ...jobOptions } = options
  const window = { start, end, limit }
  const timing: ScheduleOptions =
    every === undefined ? { ...window, cron: cron ?? '', timezone, dst } : { ...window, every }
  const policies = {
    ...(misfire !== undefined && { misfire }),
    ...(overlap !== undefined && { overlap }),
  }
  return queue.schedule(id, { ...timing, ...policies }, { name, data, options: jobOptions })
}
