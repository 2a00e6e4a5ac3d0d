import { checkOptions } from '../../primitives/check-options.ts'
import { checkDuration } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import type { JobChange, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import { JOB_LIMITS } from '../../runtime/ports/job-store/job-limits.ts'
import type { Json } from '../../runtime/ports/json.ts'
import { checkJobId } from './check-job-id.ts'
import type { JobKinds } from './job-kinds.ts'
import { limitKeyOf } from './limit-key.ts'
import { priorityOf, type JobPriority } from './job-options.ts'
import { checkNewData, unknownJob } from './new-job.ts'

/** What can be changed of a job that waits; one of them is given at least. */
export interface JobChanges {
  /** In place of what it carries; the definition's schema checks it. */
  readonly data?: Json
  /** Not before this long from now; 0 is now. Also between two attempts. */
  readonly delay?: Duration
  /** Lower runs first, 0 to 2,097,151, or a level of {@link PRIORITIES}. */
  readonly priority?: number | JobPriority
}

/** What {@link changeJob} needs of a queue. */
export interface ChangeJobOptions {
  readonly queue: string
  readonly kinds: JobKinds
  readonly jobStore: QueueStore
}

const CHANGE = 'change job'

/**
 * Changes a job that waits, in one step.
 *
 * @returns Whether there was one
 * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such data
 * @throws RangeError when an option is out of range, or the data is of another concurrency key
 * @throws TypeError when nothing is to be changed
 */
export async function changeJob(
  id: string,
  changes: JobChanges,
  { queue, kinds, jobStore }: ChangeJobOptions,
): Promise<boolean> {
  checkJobId(CHANGE, id)
  checkOptions(CHANGE, changes, [], ['data', 'delay', 'priority'])
  const { data, delay, priority } = changes
  const change: JobChange = {
    ...(data !== undefined && { data }),
    ...(delay !== undefined && {
      delayMs: checkDuration(CHANGE, 'delay', delay, 0, JOB_LIMITS.delayMs),
    }),
    ...(priority !== undefined && { priority: priorityOf(CHANGE, priority) }),
  }
  if (data !== undefined) {
    const record = await jobStore.get(id)
    if (record === null) return false
    const definition = kinds.find(record.name)
    if (definition === undefined) throw unknownJob(record.name, queue, kinds.names, 'change')
    await checkNewData('change', record.name, definition, data)
    const key = definition.concurrency?.key
    const keyOf = (of: Json): string => limitKeyOf(record.name, key?.(of))
    // The job stays in the group that it was added to.
    if (keyOf(data) !== keyOf(record.data))
      throw new RangeError(
        `Cannot change job ${JSON.stringify(id)}: the data is of another concurrency key, another job expected`,
      )
  }
  return (await jobStore.command({ type: 'change', ids: [id], ...change })) > 0
}
