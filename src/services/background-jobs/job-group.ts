import { checkInteger } from '../../primitives/check-range.ts'
import type { GroupRecord } from '../../runtime/ports/job-store/group-control.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobDefinition } from './define-job.ts'
import { limitKeyOf } from './limit-key.ts'
import { groupKeyOf } from './new-job.ts'

/**
 * One group of a queue, to be paused and limited while the queue is worked. What is asked of it is
 * durable and holds for every process, whether the group has jobs or not.
 */
export interface JobGroup {
  /** Hands out none of its jobs; running ones go on. @returns Whether it was not paused */
  pause(): Promise<boolean>
  /** Hands out its jobs again. @returns Whether it was paused */
  resume(): Promise<boolean>
  /**
   * How many of its jobs run at once from now on, 1 to 1,000; `null` for what the definition says.
   *
   * @returns Whether that changed something
   * @throws RangeError when the limit is out of range
   */
  limit(limit: number | null): Promise<boolean>
  /** How the group stands. */
  read(): Promise<GroupRecord>
}

/**
 * @param wake Wakes the queue's workers
 * @throws TypeError when jobs of that kind are in no group
 */
export function controlJobGroup(
  jobStore: Pick<QueueStore, 'command' | 'group'>,
  wake: () => Promise<void>,
  definition: JobDefinition,
  name: string,
  key: string,
): JobGroup {
  if (definition.concurrency === undefined)
    throw new TypeError(
      `Cannot control group: jobs ${JSON.stringify(name)} are in none, a definition with concurrency expected`,
    )
  // As jobs of the kind have it.
  const own = limitKeyOf(name, key)
  const ask = async (change: { paused?: boolean; limit?: number | null }): Promise<boolean> => {
    const changed = await jobStore.command({
      ...{ type: 'group', key: await groupKeyOf(name, own) },
      ...change,
    })
    if (changed > 0) await wake()
    return changed > 0
  }
  return {
    pause: () => ask({ paused: true }),
    resume: () => ask({ paused: false }),
    async limit(limit) {
      if (limit !== null) checkInteger('limit group', 'limit', limit, 1, 1000)
      return ask({ limit })
    },
    read: async () => jobStore.group(await groupKeyOf(name, own)),
  }
}
