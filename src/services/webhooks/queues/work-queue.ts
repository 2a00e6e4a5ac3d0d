import { tryRing } from '../../../runtime/workers/try-ring.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { NewJob, QueueLedger } from '../../../runtime/ports/job-ledger/job-ledger.ts'

/** A queue of the ledger whose worker is woken when work comes. */
export interface WorkQueue {
  readonly ledger: QueueLedger
  /** @returns For each job whether it is new */
  add(jobs: readonly NewJob[]): Promise<readonly boolean[]>
  /** Makes a job run now, whatever state it is in; one that runs already goes on. */
  revive(id: string): Promise<void>
}

const JOBS_PER_ADD = 1000

export function createWorkQueue(
  name: string,
  { ledger: ledgers, doorbell }: Pick<Backend, 'ledger' | 'doorbell'>,
): WorkQueue {
  const ledger = ledgers.queue(name)

  return {
    ledger,
    async add(jobs) {
      const added: boolean[] = []
      let wakeInMs: number | null = null
      for (let start = 0; start < jobs.length; start += JOBS_PER_ADD) {
        const result = await ledger.add(jobs.slice(start, start + JOBS_PER_ADD))
        added.push(...result.jobs.map((job) => job.added))
        wakeInMs = result.wakeInMs
      }
      await tryRing(doorbell, name, wakeInMs)
      return added
    },
    async revive(id) {
      await ledger.command({ type: 'retry', ids: [id] })
      await ledger.command({ type: 'promote', ids: [id] })
      await tryRing(doorbell, name, 0)
    },
  }
}
