import type { StorePartition } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'

/** Entries of a first page, when nothing is known of how many deliveries each stands for, and of the longest. */
const FIRST_PAGE = 16
const LONGEST_PAGE = 500

/**
 * Reads which deliveries were ever made, from the names of endpoints that each event left: one entry for many of them.
 *
 * @param prefix Below which names are read: all, or those of one event
 * @param after Only positions before this one
 * @returns Positions, latest first, each once; fewer than `limit` only when there are no more
 */
export async function readPublished(
  partition: StorePartition,
  {
    prefix = keys.allPublished,
    after = null,
    limit = Infinity,
  }: {
    readonly prefix?: string
    readonly after?: string | null
    readonly limit?: number
  },
): Promise<readonly string[]> {
  const found = new Set<string>()
  let last = ''
  let read = 0
  let wanted = FIRST_PAGE
  let cursor = after === null ? null : keys.allPublished + after
  do {
    const page = await partition.list({
      prefix,
      reverse: true,
      limit: wanted,
      ...(cursor !== null && { cursor }),
    })
    for (const { key, value } of page.entries) {
      const position = keys.positionAt(key.slice(keys.allPublished.length))
      last = keys.publishedOf(position).slice(keys.allPublished.length)
      // The delivery log alone writes below this prefix.
      for (const endpointId of value as readonly string[]) {
        const at = keys.cursor({ ...position, endpointId })
        if (after === null || at < after) found.add(at)
      }
    }
    cursor = page.cursor
    read += page.entries.length
    const estimate = Math.ceil((limit * read) / Math.max(found.size, 1)) - read + 1
    wanted = Math.min(Math.max(estimate, 2), LONGEST_PAGE)
    // Of the last event more names may follow, whose positions lie between those found.
  } while (cursor !== null && countBefore(found, last, limit) < limit)
  return [...found].toSorted((a, b) => (a < b ? 1 : -1)).slice(0, limit)
}

function countBefore(cursors: ReadonlySet<string>, last: string, enough: number): number {
  let count = 0
  for (const cursor of cursors) {
    if (count === enough) break
    if (!cursor.startsWith(last)) count++
  }
  return count
}
