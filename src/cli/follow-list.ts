/** An entry of a list that is followed. */
interface Dated {
  readonly id: string
  /** ms since 1970, by the gateway's clock */
  readonly createdAt: number
}

/** What is new in a list, each time it is asked. */
export interface FollowedList<Entry> {
  /** Entries that are new or in another state than they were, oldest first. */
  next(): Promise<readonly Entry[]>
}

/** Entries may be listed later than others that came after them. */
const OVERLAP_MS = 60_000
const MOST_AT_ONCE = 10_000

/**
 * Follows a list that gives its latest entries first. Where it stands is told by what the list
 * holds: the clock here may be another than the gateway's.
 *
 * @param open Lists what was created at `since` or later; `null` for all
 * @param stateOf What an entry is shown again for when it changes
 * @param since Where it begins, `null` for what comes from now on
 */
export function followList<Entry extends Dated>(
  open: (since: number | null) => AsyncIterable<Entry>,
  stateOf: (entry: Entry) => string,
  since: number | null,
): FollowedList<Entry> {
  const seen = new Map<string, readonly [state: string, createdAt: number]>()
  let from = since
  let isBegun = since !== null

  /** Remembers what is there, and forgets what is too old to be listed again. */
  function note(entries: readonly Entry[]): readonly Entry[] {
    const fresh = entries.filter((entry) => seen.get(entry.id)?.[0] !== stateOf(entry))
    for (const entry of fresh) seen.set(entry.id, [stateOf(entry), entry.createdAt])
    const latest = Math.max(...entries.map(({ createdAt }) => createdAt))
    if (entries.length > 0) from = Math.max(from ?? 0, latest - OVERLAP_MS)
    for (const [id, [, createdAt]] of seen) if (createdAt < (from ?? 0)) seen.delete(id)
    return fresh.toReversed()
  }

  return {
    async next() {
      if (!isBegun) {
        const [latest] = await take(open(null), 1)
        if (latest !== undefined) {
          from = Math.max(0, latest.createdAt - OVERLAP_MS)
          note(await take(open(from), MOST_AT_ONCE))
        }
        isBegun = true
        return []
      }
      return note(await take(open(from), MOST_AT_ONCE))
    },
  }
}

async function take<Entry>(entries: AsyncIterable<Entry>, most: number): Promise<Entry[]> {
  const taken: Entry[] = []
  for await (const entry of entries) {
    taken.push(entry)
    if (taken.length === most) break
  }
  return taken
}
