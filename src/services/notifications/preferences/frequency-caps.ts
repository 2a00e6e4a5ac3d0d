import type { Duration } from '../../../primitives/duration.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import type {
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Channel } from '../channels/channel.ts'

/**
 * How many messages one person gets at most; what is beyond is skipped. Critical ones do not count.
 */
export interface FrequencyCap {
  /** 1 to 1,000. */
  readonly limit: number
  /** 1 s to 90 days, counted back from each message. */
  readonly window: Duration
  /** Only messages of this category. Default: of all. */
  readonly category?: string
  /** Only on this channel. Default: on all. */
  readonly channel?: Channel
}

/** A checked {@link FrequencyCap}. */
export interface CheckedCap {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  readonly category: string | null
  readonly channel: Channel | null
}

/**
 * Counts a message, unless it would be one too many. The same message counts once, however often it
 * is asked about.
 *
 * @param entryKey Where the counts of this person stand in the partition
 * @returns Whether there was room by every cap; if not, none has counted it
 */
export async function takeRoom(
  partition: StorePartition,
  entryKey: string,
  caps: readonly CheckedCap[],
  messageId: string,
  now: number,
): Promise<boolean> {
  // One entry holds all counts, so that they change together.
  return changeEntry(partition, entryKey, (entry) => {
    const counts = readCounts(entry)
    const taken: Record<string, readonly Count[]> = {}
    let room = true
    for (const { key, limit, windowMs } of caps) {
      const live = (counts[key] ?? []).filter(([at]) => at > now - windowMs)
      const known = live.some(([, id]) => id === messageId)
      if (!known && live.length >= limit) room = false
      taken[key] = known ? live : [...live, [now, messageId]]
    }
    if (!room) return { result: false }
    const value = { ...counts, ...taken }
    const expiresInMs = Math.max(...Object.keys(value).map(windowOf))
    return {
      result: true,
      write: { set: [{ key: entryKey, value: writeCounts(value), expiresInMs }] },
    }
  })
}

/** Takes back what {@link takeRoom} counted, of a message that was not sent. */
export async function giveRoom(
  partition: StorePartition,
  entryKey: string,
  messageId: string,
): Promise<void> {
  await changeEntry(partition, entryKey, (entry) => {
    const counts = Object.entries(readCounts(entry))
    const left = counts
      .map(([key, list]) => [key, list.filter(([, id]) => id !== messageId)] as const)
      .filter(([, list]) => list.length > 0)
    const isSame = left.every(([key, list]) => list.length === readCounts(entry)[key]?.length)
    if (isSame && left.length === counts.length) return { result: undefined }
    if (left.length === 0) return { result: undefined, write: { delete: [entryKey] } }
    const expiresInMs = Math.max(...left.map(([key]) => windowOf(key)))
    const value = writeCounts(Object.fromEntries(left))
    return { result: undefined, write: { set: [{ key: entryKey, value, expiresInMs }] } }
  })
}

/** The window stands at the end of a cap's key. */
function windowOf(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1))
}

/** When a message was sent, and its id. */
type Count = readonly [number, string]

function readCounts(entry: StoreEntry | null): Readonly<Record<string, readonly Count[]>> {
  // What this file wrote.
  return (entry?.value ?? {}) as unknown as Readonly<Record<string, readonly Count[]>>
}

function writeCounts(
  counts: Readonly<Record<string, readonly Count[]>>,
): Readonly<Record<string, (number | string)[][]>> {
  return Object.fromEntries(
    Object.entries(counts).map(([key, list]) => [key, list.map((count) => [...count])]),
  )
}
