import { readThrown } from '../../primitives/read-thrown.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'

/** Parked jobs that are looked at in one go. */
const LOOKED_AT = 1000

/**
 * Takes up the jobs that a worker of another deploy has parked because it did not know them, and
 * this one does.
 *
 * @returns How many
 */
export async function takeUpParked(
  jobStore: Pick<QueueStore, 'list' | 'command'>,
  knows: (name: string) => boolean,
): Promise<number> {
  const { jobs } = await jobStore.list({ state: 'parked', limit: LOOKED_AT })
  const ids = jobs
    .filter(({ name, lastError }) => readThrown(lastError).code === 'unknown_job' && knows(name))
    .map(({ id }) => id)
  return ids.length === 0 ? 0 : jobStore.command({ type: 'retry', ids })
}
