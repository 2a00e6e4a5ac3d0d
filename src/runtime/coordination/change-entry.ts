import { BackendError } from '../ports/backend-error.ts'
import type { StoreChange, StoreEntry, StorePartition } from '../ports/atomic-store/atomic-store.ts'
import { inRounds, type Round } from './in-rounds.ts'

/** What {@link changeEntry} is to do about an entry, and what its caller gets. */
export interface EntryDecision<Result> {
  readonly result: Result
  /**
   * Written in one commit, provided the entry is still what was decided on. It may write other keys
   * too, and check them. Default: nothing is written.
   */
  readonly write?: StoreChange
}

/** Options of {@link changeEntry}. */
export interface ChangeEntryOptions {
  /** Decisions before it gives up because others are always faster. Default 20. */
  readonly tries?: number
  /** The error for that. Default: a BackendError `backend_overloaded`. */
  readonly contended?: () => Error
  /** The entry as it was seen just now, which saves a round trip. */
  readonly seen?: StoreEntry | null
}

/**
 * Reads one entry, decides and commits, and begins anew when others changed it meanwhile. One round
 * trip to read, one to commit; after a lost race the commit's answer is the next read.
 *
 * @param decide Called again after each lost race, so it must not act, only decide
 * @throws BackendError with `backend_unavailable` the commit may have happened
 */
export async function changeEntry<Result>(
  partition: Pick<StorePartition, 'get' | 'commit'>,
  key: string,
  decide: (entry: StoreEntry | null) => EntryDecision<Result>,
  options: ChangeEntryOptions = {},
): Promise<Result> {
  const { tries = 20, contended = contendedEntry } = options
  const first = options.seen === undefined ? await partition.get(key) : options.seen
  const act = async (entry: StoreEntry | null): Promise<Round<StoreEntry | null, Result>> => {
    const { result, write } = decide(entry)
    if (write === undefined) return { done: result }
    const check = [{ key, version: entry?.version ?? null }, ...(write.check ?? [])]
    const committed = await partition.commit({ ...write, check })
    if (committed.ok) return { done: result }
    return { seen: committed.key === key ? committed.current : await partition.get(key) }
  }
  return inRounds(tries, first, act, () => {
    throw contended()
  })
}

/** The error for a change that others were always faster than. */
export function contendedEntry(): Error {
  return new BackendError(
    'backend_overloaded',
    'Cannot change entry: others changed it each time, try again later',
  )
}
