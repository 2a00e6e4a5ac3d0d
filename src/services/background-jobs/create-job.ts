import { checkOptions } from '../../primitives/check-options.ts'
import type { JobQueue } from './job-queue.ts'
import type { AsJson } from '../../runtime/ports/json.ts'
import type { AddedJob, JobDefinitions, JobResult, JobToAdd, SchemalessName } from './job-to-add.ts'

/**
 * Adds a job to a queue; it is durable when this resolves.
 *
 * @example
 * await createJob(emailQueue, { name: 'send-email', data: { to }, options: { attempts: 3 } })
 *
 * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such a job
 * @throws RangeError when an option is out of range
 */
export function createJob<Jobs extends JobDefinitions, Name extends keyof Jobs & string>(
  queue: JobQueue<Jobs>,
  job: JobToAdd<Jobs, Name>,
): Promise<AddedJob<JobResult<Jobs[Name]>>>
export function createJob<Jobs extends JobDefinitions, Name extends SchemalessName<Jobs>, Data>(
  queue: JobQueue<Jobs>,
  job: JobToAdd<Jobs, Name, Data & AsJson<Data>>,
): Promise<AddedJob<JobResult<Jobs[Name]>>>
export async function createJob<Jobs extends JobDefinitions, Name extends keyof Jobs & string>(
  queue: JobQueue<Jobs>,
  job: JobToAdd<Jobs, Name>,
): Promise<AddedJob<JobResult<Jobs[Name]>>> {
  checkOptions('create job', job, ['name'], ['data', 'options'])
  const { name, data, options } = job
  return queue.add(name, data, options)
}
