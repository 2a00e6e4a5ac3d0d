import { encodeBase64Url } from '../../../primitives/base64url.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { BlobStore, StoredBlob } from '../blobs/blob-store.ts'
import type { UploadedPart } from '../blobs/multipart-uploads.ts'
import { StorageError } from '../storage-error.ts'
import type { BodyPieces } from './body-pieces.ts'
import type { SeenRecord, SessionRecord, SessionRecords } from './session-records.ts'

/** What the steps of a session work with. */
export interface SessionTools {
  readonly store: BlobStore
  readonly records: SessionRecords
  /** Begins the keys of pieces. */
  readonly prefix: string
  readonly maxBytes: number
  readonly lifeMs: number
  readonly clock: Clock
  readonly random: RandomSource
}

/** One list of parts has to be read, and sent, at once. */
export const MOST_PARTS = 10_000

/** Objects that a session keeps between appends, before they are made one. */
const MOST_PIECES = 32

/** Stores what a body holds, part by part, and makes the object with its last byte. */
export async function appendPieces(
  tools: SessionTools,
  from: SeenRecord,
  body: BodyPieces,
  signal: AbortSignal,
): Promise<SeenRecord> {
  const { maxBytes } = tools
  let seen = from
  for (;;) {
    const { offset, size, partBytes, parts } = seen.record
    const limit = size ?? maxBytes
    // One byte more than there may be says that there are more.
    const want = Math.min(partBytes - (offset - parts * partBytes), limit - offset + 1)
    const { bytes, ended, failure } = await body.next(Math.min(want, body.size ?? want))
    signal.throwIfAborted()
    if (offset + bytes.length > limit)
      throw new StorageError('too_large', `Cannot append: there are more than ${limit} bytes`)
    const isLast = size !== null && offset + bytes.length === size
    const isFull = offset + bytes.length === (parts + 1) * partBytes
    if (isLast) {
      // All bytes are there, even where the request broke off behind the last one.
      if (ended || (await isEmpty(body))) return finish(tools, seen, bytes, signal)
      throw new StorageError('too_large', `Cannot append: there are more than ${limit} bytes`)
    }
    if (isFull) seen = await writePart(tools, seen, bytes, signal)
    else if (bytes.length > 0) seen = await keepPiece(tools, seen, bytes, signal)
    if (failure !== null) throw interrupted(failure.reason)
    if (ended) return seen
  }
}

export async function isEmpty(body: BodyPieces): Promise<boolean> {
  return (await body.next(1)).bytes.length === 0
}

/** @returns The error for a body that broke off */
export function interrupted(cause: unknown): StorageError {
  return new StorageError('interrupted', 'Cannot append: the body broke off', { cause })
}

/** Makes the object of all that is stored and of `rest`. */
export async function finish(
  tools: SessionTools,
  from: SeenRecord,
  rest: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<SeenRecord> {
  const { store, records } = tools
  let seen = from
  let stored: StoredBlob
  if (seen.record.upload === null && seen.record.parts === 0) {
    const whole = await gathered(tools, seen.record, rest, signal)
    stored = await putOnce(tools, seen.record, whole, signal)
  } else {
    const { record } = seen
    const tail = record.offset + rest.length - record.parts * record.partBytes
    if (tail > 0 && record.last === null) {
      const bytes = await gathered(tools, record, rest, signal)
      const upload = uploadOf(record)
      const part = { number: record.parts + 1, bytes, last: true }
      const last = await store.uploads.putPart(upload, part, { signal })
      const offset = record.offset + rest.length
      seen = await write(tools, seen, { ...record, offset, last })
    }
    const { last } = seen.record
    const parts: readonly UploadedPart[] = [
      ...(await records.parts(seen)),
      ...(last === null ? [] : [last]),
    ]
    const upload = uploadOf(seen.record)
    stored = await store.uploads.complete(upload, parts, { again: true, signal })
  }
  const { key, size, etag, contentType } = stored
  const { lifeMs } = tools
  const { temporary } = seen.record
  const object = { key, size, etag, contentType: contentTypeOf(seen.record, contentType) }
  const offset = size
  const completed = { ...seen.record, state: 'completed', size, offset, object } as const
  // A temporary one is looked at by the sweep, which drops the object too.
  seen = await write(tools, seen, completed, temporary ? {} : { keepMs: lifeMs * 2 })
  await dropPieces(tools, seen.id)
    .then(() => (temporary ? undefined : records.forget(seen, false)))
    .catch(() => undefined)
  return seen
}

/** Drops what is stored beside the object, and lastly the record that says so. */
export async function cleanUp(
  tools: SessionTools,
  seen: SeenRecord,
  signal: AbortSignal,
): Promise<void> {
  const { store, records } = tools
  const { record, id } = seen
  if (record.state === 'open' && record.upload !== null)
    await store.uploads.abort(record.upload, { signal })
  else if (record.upload === null) await dropUnanswered(tools, record, signal)
  if (record.state === 'completed' && record.temporary) await store.delete(record.key, { signal })
  await dropPieces(tools, id, signal)
  await records.forget(seen, true)
}

async function dropPieces(
  { store, prefix }: SessionTools,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  const keys: string[] = []
  for await (const { key } of store.list({ prefix: `${prefix}${id}/`, signal })) keys.push(key)
  const { failed } = await store.deleteMany(keys, { signal })
  if (failed[0] !== undefined) throw failed[0].error
}

/** How far the store's clock may be from ours, and how long it may take to begin an upload. */
const CLOCK_SKEW_MS = 60_000

/** Drops an upload that the store may have begun without our hearing of it. */
async function dropUnanswered(
  { store }: Pick<SessionTools, 'store'>,
  { key, begunAt }: SessionRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (begunAt === null || !store.capabilities.listUploads) return
  const [after, before] = [begunAt - CLOCK_SKEW_MS, begunAt + CLOCK_SKEW_MS]
  await store.uploads.sweep({ key, after, before, signal })
}

/** Writes a record; each time it says how long it is kept from now. */
async function write(
  { records, clock, lifeMs }: SessionTools,
  seen: SeenRecord,
  record: SessionRecord,
  more?: { readonly etag?: string; readonly keepMs?: number },
): Promise<SeenRecord> {
  return records.write(seen, { ...record, expiresAt: clock.now() + lifeMs }, more)
}

async function writePart(
  tools: SessionTools,
  from: SeenRecord,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<SeenRecord> {
  const { store } = tools
  const seen = await begun(tools, from, signal)
  const { record } = seen
  const number = record.parts + 1
  const most = Math.min(store.capabilities.parts.most, MOST_PARTS)
  if (number > most)
    throw new StorageError('too_large', `Cannot append: ${most} parts hold no more`)
  const whole = await gathered(tools, record, bytes, signal)
  const offset = record.offset + bytes.length
  const part = { number, bytes: whole, last: false }
  const { etag } = await store.uploads.putPart(uploadOf(record), part, { signal })
  const next = { ...record, offset, parts: number, pieces: [] }
  const written = await write(tools, seen, next, { etag })
  // What stays is removed when the upload ends.
  if (record.pieces.length > 0)
    await store.deleteMany(record.pieces.map(({ key }) => key)).catch(() => undefined)
  return written
}

/** Begins the upload at the store, once. */
async function begun(
  tools: SessionTools,
  from: SeenRecord,
  signal: AbortSignal,
): Promise<SeenRecord> {
  if (from.record.upload !== null) return from
  const { store, clock } = tools
  if (from.record.begunAt !== null) await dropUnanswered(tools, from.record, signal)
  const seen = await write(tools, from, { ...from.record, begunAt: clock.now() })
  const { key, size, partBytes, commit } = seen.record
  const upload = await store.uploads.create(key, {
    ...commit,
    partBytes,
    signal,
    ...(size !== null && { size }),
  })
  return write(tools, seen, { ...seen.record, upload })
}

/** Keeps bytes that fill no part. */
async function keepPiece(
  tools: SessionTools,
  seen: SeenRecord,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<SeenRecord> {
  const { store, prefix, random } = tools
  const { record, id } = seen
  const full = record.pieces.length >= MOST_PIECES
  const whole = full ? await gathered(tools, record, bytes, signal) : bytes
  const key = `${prefix}${id}/${encodeBase64Url(random.bytes(9))}`
  await store.put(key, whole, { signal })
  const pieces = [...(full ? [] : record.pieces), { key, size: whole.length }]
  const written = await write(tools, seen, {
    ...record,
    offset: record.offset + bytes.length,
    pieces,
  })
  if (full) await store.deleteMany(record.pieces.map((piece) => piece.key)).catch(() => undefined)
  return written
}

/** @returns What is kept since the last full part, and `rest` behind it */
async function gathered(
  { store }: SessionTools,
  { pieces }: SessionRecord,
  rest: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (pieces.length === 0) return rest
  const kept = pieces.reduce((sum, { size }) => sum + size, 0)
  const whole = new Uint8Array(kept + rest.length)
  let at = 0
  for (const { key, size } of pieces) {
    const content = await store.get(key, { signal })
    const bytes = await content?.bytes(size + 1)
    if (bytes?.length !== size)
      throw new StorageError('upload_not_found', 'Cannot go on with upload: a piece of it is gone')
    whole.set(bytes, at)
    at += size
  }
  whole.set(rest, at)
  return whole
}

/** Writes an object that fits one part; a process that died may have done it already. */
async function putOnce(
  { store }: SessionTools,
  { key, commit, partBytes }: SessionRecord,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<StoredBlob> {
  try {
    return await store.put(key, bytes, { ...commit, partBytes, signal })
  } catch (error) {
    const refused = error instanceof StorageError && error.code === 'precondition_failed'
    if (!refused || commit.ifNoneMatch === undefined) throw error
    const content = await store.get(key, { signal })
    const found = content?.size === bytes.length ? await content.bytes(bytes.length) : null
    await content?.body.cancel().catch(() => undefined)
    if (content === null || found?.every((byte, index) => byte === bytes[index]) !== true)
      throw error
    return content
  }
}

function uploadOf({ upload }: SessionRecord): NonNullable<SessionRecord['upload']> {
  if (upload !== null) return upload
  throw new StorageError('upload_not_found', 'Cannot go on with upload: the store has none')
}

function contentTypeOf({ commit }: SessionRecord, stored: string): string {
  return commit.contentType ?? stored
}
