import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { partitionOf } from '../../../runtime/coordination/partition-of.ts'
import { retryTransient } from '../../../runtime/coordination/retry-transient.ts'
import type {
  AtomicStore,
  StoreChange,
  StoreEntry,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { messageJson, readMessage, type MessageRecord } from './message-record.ts'

/** What a change of a message decides. */
export interface MessageDecision<Result> {
  readonly result: Result
  /** Default: nothing is written. */
  readonly record?: MessageRecord
  /**
   * Says for how long somebody is sending the message, on the store's clock; 0 that nobody is any
   * more. Default: as it was.
   */
  readonly leaseMs?: number
}

/** Keeps the records of messages. */
export interface MessageLog {
  /** @returns The record, or `null` when there is none or its retention has passed */
  get(id: string): Promise<MessageRecord | null>
  /**
   * Changes a record in one step, or makes it.
   *
   * @param decide Called again after each lost race. `leased` says whether somebody is sending the
   *   message now
   * @param seen What the caller last saw of the message: the first decision is made on it, which
   *   saves a round trip, and what is written is kept in it for the next
   */
  change<Result>(
    id: string,
    decide: (record: MessageRecord | null, leased: boolean) => MessageDecision<Result>,
    seen?: SeenMessage,
  ): Promise<Result>
}

/** What somebody last saw of a message: `null` for none, as before it is made. */
export interface SeenMessage {
  entry: StoreEntry | null
}

/** What {@link createMessageLog} needs. */
export interface MessageLogOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
  readonly retentionMs: number
}

/** The family of partitions that messages are kept in. */
export const MESSAGE_FAMILY = 'notifications:messages'

const RECORD = 'message/'
const LEASE = 'lease/'
/** Messages by their age: `at/` and when it was made, padded, and its id. */
export const AGE = 'at/'

export function createMessageLog(options: MessageLogOptions): MessageLog {
  const { store, clock, random, retentionMs } = options
  return {
    async get(id) {
      const partition = partitionOf(store, MESSAGE_FAMILY, id)
      const [entry, lease] = await partition.getMany([RECORD + id, LEASE + id])
      const record = readMessage(entry ?? null)
      // Whoever was sending it is gone, and whether it was sent nobody knows.
      return record?.status === 'sending' && lease === null
        ? { ...record, status: 'ambiguous' }
        : record
    },
    async change(id, decide, seen) {
      const partition = partitionOf(store, MESSAGE_FAMILY, id)
      const key = RECORD + id
      let last: StoreEntry | null = seen?.entry ?? null
      let leased = false
      if (seen === undefined) {
        const [entry, lease] = await partition.getMany([key, LEASE + id])
        last = entry ?? null
        leased = lease !== null
      }
      const watched = {
        get: () => partition.get(key),
        async commit(change: StoreChange) {
          const committed = await retryTransient(() => partition.commit(change), { clock, random })
          // After a lost race the commit says what is there now, but not whether it is leased.
          if (!committed.ok) leased = (await partition.get(LEASE + id)) !== null
          else if (seen !== undefined) {
            const { value } = change.set?.find((each) => each.key === key) ?? { value: null }
            seen.entry = { key, value, version: committed.version }
          }
          return committed
        },
      }
      return changeEntry(
        watched,
        key,
        (entry) => {
          const { result, record, leaseMs } = decide(readMessage(entry), leased)
          if (record === undefined) return { result }
          const set = [
            { key, value: messageJson(record), expiresInMs: retentionMs },
            ...(leaseMs !== undefined && leaseMs > 0
              ? [{ key: LEASE + id, value: record.owner, expiresInMs: leaseMs }]
              : []),
            ...(entry === null
              ? [{ key: ageKey(record.createdAt, id), value: null, expiresInMs: retentionMs }]
              : []),
          ]
          return { result, write: { set, ...(leaseMs === 0 && { delete: [LEASE + id] }) } }
        },
        { seen: last },
      )
    },
  }
}

/** Sorts by age. */
export function ageKey(createdAt: number, id: string): string {
  return `${AGE}${String(createdAt).padStart(15, '0')}/${id}`
}

/** The key of a message's record. */
export function recordKey(id: string): string {
  return RECORD + id
}

/** A message's id: by chance, or always the same for one idempotency key. */
export async function messageIdOf(key: string | null, random: RandomSource): Promise<string> {
  if (key === null) return `ntf_${encodeBase64Url(random.bytes(16))}`
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(`notification:${key}`))
  return `ntf_${encodeBase64Url(new Uint8Array(digest).slice(0, 16))}`
}
