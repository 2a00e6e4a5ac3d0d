import { contendedEntry } from '../../runtime/coordination/change-entry.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobDefinitions } from './job-to-add.ts'
import { groupPrefixOf } from './new-job.ts'

/** Tells the job store how many jobs of each kind run at once by this process's definitions. */
export interface ConcurrencyLimits {
  /**
   * Tells it, where that is another number than a process has told it last: it holds for all jobs
   * of the kind, also for those that older code added or adds. @returns How many kinds have changed
   */
  tell(): Promise<number>
}

const KEY = 'concurrency'
const KEPT_MS = 366 * 86_400_000
/** For a kind that had a limit and has none any more: the greatest there is. */
const NO_LIMIT = 1000
const MOST_TRIES = 20

/** @param partition Where the limits are kept that were told last */
export function createConcurrencyLimits(
  partition: StorePartition,
  jobStore: Pick<QueueStore, 'command'>,
  jobs: JobDefinitions,
): ConcurrencyLimits {
  const wanted = new Map(
    Object.entries(jobs).map(([kind, { concurrency }]) => [kind, concurrency?.limit]),
  )
  return {
    async tell() {
      for (let tries = 1; ; tries++) {
        const entry = await partition.get(KEY)
        const told = new Map(Object.entries(entry?.value ?? {}))
        const changed = [...wanted].flatMap(([kind, limit]) => {
          const now = limit ?? (told.has(kind) ? NO_LIMIT : undefined)
          return now === undefined || now === told.get(kind) ? [] : [{ kind, limit: now }]
        })
        if (changed.length === 0) return 0
        for (const { kind, limit } of changed) {
          told.set(kind, limit)
          await jobStore.command({ type: 'groups', prefix: groupPrefixOf(kind), limit })
        }
        // Told first, so that whoever dies in between is told of again.
        const { ok } = await partition.commit({
          check: [{ key: KEY, version: entry?.version ?? null }],
          set: [{ key: KEY, value: Object.fromEntries(told), expiresInMs: KEPT_MS }],
        })
        // Whoever wrote meanwhile told the store before or after us: the last to write tells again.
        if (ok) return changed.length
        if (tries === MOST_TRIES) throw contendedEntry()
      }
    },
  }
}
