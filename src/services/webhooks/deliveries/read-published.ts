import type { StorePartition } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { readPublishedEntry } from './delivery-changes.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'

/**
 * Entries of a first page, when nothing is known of how many deliveries each stands for, and of the
 * longest.
 */
const FIRST_PAGE = 16
const LONGEST_PAGE = 500

/** Which names are read. */
export interface ReadPublishedOptions {
  readonly now: number
  /** Below which names are read: those of one event. Default: all. */
  readonly prefix?: string
  /** Only positions before this one. Default: from the latest on. */
  readonly after?: string | null
  /** Default: all. */
  readonly limit?: number
}

/**
 * Reads which deliveries were ever made, from the names of endpoints that each event left: one
 * entry for many of them. Such entries of one event do not overlap, so a page costs by its own
 * length, however many names there are.
 *
 * @returns Positions, latest first, each once; fewer than `limit` only when there are no more
 */
export async function readPublished(
  partition: StorePartition,
  { now, prefix = keys.allPublished, after = null, limit = Infinity }: ReadPublishedOptions,
): Promise<readonly string[]> {
  const found = new Set<string>()
  let event = ''
  /** From here on every name is known. */
  let known = ''
  let complete = 0
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
      const { position, endpointIds, coveredUntil } = readPublishedEntry(key, value)
      for (const endpointId of endpointIds) {
        const at = keys.cursor({ ...position, endpointId })
        if (after === null || at < after) found.add(at)
      }
      const [endpointId = ''] = endpointIds
      const entryEvent = keys.cursor({ ...position, endpointId: '' })
      // Above all of the event, whose names have only begun.
      if (entryEvent !== event) known = `${entryEvent}~`
      event = entryEvent
      // What follows may name several, and among them ones behind this one.
      if (coveredUntil <= now) known = keys.cursor({ ...position, endpointId })
    }
    cursor = page.cursor
    read += page.entries.length
    complete = countFrom(found, known, limit)
    const estimate = Math.ceil((limit * read) / Math.max(complete, 1)) - read + 1
    wanted = Math.min(Math.max(estimate, 2), LONGEST_PAGE)
  } while (cursor !== null && complete < limit)
  return [...found].toSorted((a, b) => (a < b ? 1 : -1)).slice(0, limit)
}

function countFrom(cursors: ReadonlySet<string>, known: string, enough: number): number {
  let count = 0
  for (const cursor of cursors) {
    if (count === enough) break
    if (cursor >= known) count++
  }
  return count
}
