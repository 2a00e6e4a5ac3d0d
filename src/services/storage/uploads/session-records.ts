import { partitionOf, partitionsOf } from '../../../runtime/coordination/partition-of.ts'
import type {
  AtomicStore,
  StoreChange,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { BlobUpload, UploadedPart } from '../blobs/multipart-uploads.ts'
import { StorageError } from '../storage-error.ts'
import type { UploadedObject } from './upload-session.ts'

/** What is remembered of an upload. Times are ms since 1970. */
export interface SessionRecord {
  readonly key: string
  readonly state: 'open' | 'completed'
  readonly size: number | null
  readonly offset: number
  readonly partBytes: number
  readonly commit: BlobUpload['commit']
  /** Written before the store is asked to begin an upload: it may have, and its answer be lost. */
  readonly begunAt: number | null
  readonly upload: BlobUpload | null
  /** Full parts that the store has. */
  readonly parts: number
  /** The last part, once the store has it. */
  readonly last: UploadedPart | null
  /** What has come since the last full part, as objects beside the uploads. */
  readonly pieces: readonly { readonly key: string; readonly size: number }[]
  readonly object: UploadedObject | null
  readonly note: Json
  /** Its object goes with it. */
  readonly temporary: boolean
  readonly expiresAt: number
  /** When the sweep looks at it: never later than `expiresAt`, often before. */
  readonly dueAt: number
}

/** A record as it was read, and what was read. */
export interface SeenRecord {
  readonly id: string
  readonly record: SessionRecord
  readonly version: number
}

/** Where records are kept. */
export interface SessionRecords {
  read(id: string): Promise<SeenRecord | null>
  create(id: string, record: SessionRecord): Promise<void>
  /**
   * Writes a record that nobody has changed since. @returns It, as it now is.
   * @throws StorageError `upload_conflict`
   */
  write(
    seen: SeenRecord,
    record: SessionRecord,
    more?: { readonly etag?: string; readonly keepMs?: number },
  ): Promise<SeenRecord>
  /** Full parts, in order. */
  parts(seen: SeenRecord): Promise<readonly UploadedPart[]>
  /** Forgets all but the record itself, and with `whole` that too. */
  forget(seen: SeenRecord, whole: boolean): Promise<void>
  /** Ids of what fell due, oldest first. */
  due(now: number): AsyncIterable<{ readonly id: string; readonly drop: () => Promise<void> }>
}

/** Etags of parts that stand in one entry. */
const PARTS_AN_ENTRY = 100
/** Entries that one commit deletes. */
const DELETED_AT_ONCE = 100

/** @param family Begins the names of the partitions */
export function createSessionRecords(store: AtomicStore, family: string): SessionRecords {
  const partition = (id: string): StorePartition => partitionOf(store, family, id)
  const headKey = (id: string): string => `session/${id}`
  const dueKey = (id: string, at: number): string => `due/${String(at).padStart(16, '0')}/${id}`
  const partsKey = (id: string, entry: number): string =>
    `parts/${id}/${String(entry).padStart(6, '0')}`

  /** Only this file writes there. */
  const etagsOf = (entry: StoreEntry | null): readonly string[] =>
    (entry?.value as readonly string[] | undefined) ?? []

  async function commit(seen: SeenRecord, change: StoreChange): Promise<number> {
    const check = [{ key: headKey(seen.id), version: seen.version }]
    const result = await partition(seen.id).commit({ ...change, check })
    if (result.ok) return result.version
    throw new StorageError('upload_conflict', 'Cannot go on with upload: another writer did')
  }

  return {
    async read(id) {
      const entry = await partition(id).get(headKey(id))
      if (entry === null) return null
      return { id, record: entry.value as unknown as SessionRecord, version: entry.version }
    },
    async create(id, record) {
      const key = headKey(id)
      const result = await partition(id).commit({
        check: [{ key, version: null }],
        set: [
          { key, value: jsonOf(record) },
          { key: dueKey(id, record.dueAt), value: null },
        ],
      })
      if (!result.ok) throw new StorageError('upload_conflict', 'Cannot begin upload: it exists')
    },
    async write(seen, record, { etag, keepMs } = {}) {
      const { id } = seen
      const set: NonNullable<StoreChange['set']>[number][] = [
        {
          key: headKey(id),
          value: jsonOf(record),
          ...(keepMs !== undefined && { expiresInMs: keepMs }),
        },
      ]
      if (etag !== undefined) {
        const index = record.parts - 1
        const key = partsKey(id, Math.floor(index / PARTS_AN_ENTRY))
        const known = index % PARTS_AN_ENTRY === 0 ? [] : etagsOf(await partition(id).get(key))
        set.push({ key, value: [...known.slice(0, index % PARTS_AN_ENTRY), etag] })
      }
      const moved = record.dueAt !== seen.record.dueAt
      if (moved) set.push({ key: dueKey(id, record.dueAt), value: null })
      const version = await commit(seen, {
        set,
        ...(moved && { delete: [dueKey(id, seen.record.dueAt)] }),
      })
      return { id, record, version }
    },
    async parts({ id, record }) {
      const parts: UploadedPart[] = []
      for (let entry = 0; parts.length < record.parts; entry++) {
        const etags = etagsOf(await partition(id).get(partsKey(id, entry)))
        if (etags.length === 0)
          throw new StorageError('upload_not_found', 'Cannot complete upload: parts are forgotten')
        for (const etag of etags)
          parts.push({ number: parts.length + 1, size: record.partBytes, etag })
      }
      return parts.slice(0, record.parts)
    },
    async forget(seen, whole) {
      const { id, record } = seen
      const entries = Math.ceil(record.parts / PARTS_AN_ENTRY)
      const keys = Array.from({ length: entries }, (_, entry) => partsKey(id, entry))
      for (let at = 0; at < keys.length; at += DELETED_AT_ONCE)
        await partition(id).commit({ delete: keys.slice(at, at + DELETED_AT_ONCE) })
      const ends = [dueKey(id, record.dueAt), ...(whole ? [headKey(id)] : [])]
      await commit(seen, { delete: ends })
    },
    async *due(now) {
      const end = dueKey('', now + 1)
      for (const part of partitionsOf(store, family)) {
        let cursor: string | null = null
        do {
          const page: Awaited<ReturnType<StorePartition['list']>> = await part.list({
            prefix: 'due/',
            ...(cursor !== null && { cursor }),
          })
          for (const { key } of page.entries) {
            if (key >= end) break
            const id = key.slice(key.lastIndexOf('/') + 1)
            yield { id, drop: async () => void (await part.commit({ delete: [key] })) }
          }
          const last: string | undefined = page.entries.at(-1)?.key
          cursor = last !== undefined && last >= end ? null : page.cursor
        } while (cursor !== null)
      }
    },
  }
}

/** Records are JSON through and through. */
function jsonOf(record: SessionRecord): Json {
  return record as unknown as Json
}
