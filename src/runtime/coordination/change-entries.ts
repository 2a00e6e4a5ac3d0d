import type { StoreEntry, StorePartition } from '../ports/atomic-store/atomic-store.ts'
import { contendedEntry, type ChangeEntryOptions, type EntryDecision } from './change-entry.ts'

/**
 * As `changeEntry`, for what is decided from several entries of a partition together: all of them
 * are read at once, and the write is provided that all are still what was decided on.
 *
 * @param keys At most as many as one read takes, with the write's own checks and keys
 * @param decide Gets the entries in the order of `keys`; called again after each lost race
 * @throws BackendError with `backend_unavailable` the commit may have happened
 */
export async function changeEntries<Result>(
  partition: Pick<StorePartition, 'getMany' | 'commit'>,
  keys: readonly string[],
  decide: (entries: readonly (StoreEntry | null)[]) => EntryDecision<Result>,
  { tries = 20, contended = contendedEntry }: Omit<ChangeEntryOptions, 'seen'> = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const entries = await readAll(partition, keys)
    const { result, write } = decide(entries)
    if (write === undefined) return result
    const seen = keys.map((key, index) => ({ key, version: entries[index]?.version ?? null }))
    const committed = await partition.commit({ ...write, check: [...seen, ...(write.check ?? [])] })
    if (committed.ok) return result
    if (attempt >= tries) throw contended()
  }
}

/** An answer may end early, where all values together are too long. */
async function readAll(
  partition: Pick<StorePartition, 'getMany'>,
  keys: readonly string[],
): Promise<readonly (StoreEntry | null)[]> {
  const entries: (StoreEntry | null)[] = []
  while (entries.length < keys.length)
    entries.push(...(await partition.getMany(keys.slice(entries.length))))
  return entries
}
