import type { NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { JobDefinitions, JobToAdd } from './job-to-add.ts'

/**
 * A job that runs once its children have finished; a tree of them is added in one durable write.
 */
export interface JobFlow<Jobs extends JobDefinitions> extends JobToAdd<Jobs> {
  /** At most 1,000 jobs in the whole tree. */
  readonly children?: readonly JobFlow<Jobs>[]
  /**
   * What this job's failure does to the job above it: it fails too, or goes on without. Default
   * `fail`.
   */
  readonly onFailure?: 'fail' | 'ignore'
}

/**
 * Lays a tree out as a list, each parent before its children.
 *
 * @param newJob Checks one job and fills in its defaults
 * @param newId Names jobs that children refer to and that have no `jobId`
 */
export async function layOutFlow<Jobs extends JobDefinitions>(
  flow: JobFlow<Jobs>,
  newJob: (job: JobToAdd<Jobs>) => Promise<NewJob>,
  newId: () => string,
  parent?: string,
): Promise<readonly NewJob[]> {
  const { children = [], onFailure = 'fail' } = flow
  const checked = await newJob(flow)
  const id = checked.id ?? (children.length > 0 ? newId() : undefined)
  const own: NewJob = {
    ...checked,
    ...(id !== undefined && { id }),
    ...(parent !== undefined && { parent, onFailure }),
  }
  const below = await Promise.all(children.map((child) => layOutFlow(child, newJob, newId, id)))
  return [own, ...below.flat()]
}
