import { tryWake } from '../../../runtime/workers/try-wake.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { NewJob, QueueStore } from '../../../runtime/ports/job-store/job-store.ts'

/** A queue of the job store whose worker is woken when work comes. */
export interface WorkQueue {
  readonly jobStore: QueueStore
  /** @returns For each job whether it is new */
  add(jobs: readonly NewJob[]): Promise<readonly boolean[]>
  /** Makes a job run now, whatever state it is in; one that runs already goes on. */
  revive(id: string): Promise<void>
}

const JOBS_PER_ADD = 1000

export function createWorkQueue(
  name: string,
  { jobStore: jobStores, waker }: Pick<Backend, 'jobStore' | 'waker'>,
): WorkQueue {
  const jobStore = jobStores.queue(name)

  return {
    jobStore,
    async add(jobs) {
      const added: boolean[] = []
      let wakeInMs: number | null = null
      for (let start = 0; start < jobs.length; start += JOBS_PER_ADD) {
        const result = await jobStore.add(jobs.slice(start, start + JOBS_PER_ADD))
        added.push(...result.jobs.map((job) => job.added))
        wakeInMs = result.wakeInMs
      }
      await tryWake(waker, name, wakeInMs)
      return added
    },
    async revive(id) {
      await jobStore.command({ type: 'retry', ids: [id] })
      await jobStore.command({ type: 'promote', ids: [id] })
      await tryWake(waker, name, 0)
    },
  }
}
