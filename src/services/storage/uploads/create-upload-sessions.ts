import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { DistributedLock } from '../../../runtime/coordination/locks/distributed-lock.ts'
import { LockError } from '../../../runtime/coordination/locks/lock-error.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { checkBlobKey, checkBlobPrefix, checkBucketName } from '../blobs/blob-key.ts'
import { PROPERTY_NAMES } from '../blobs/blob-properties.ts'
import { need } from '../blobs/need.ts'
import { commitOf } from '../blobs/put-parts.ts'
import { checkWriteTerms, partBytesFor } from '../blobs/write-terms.ts'
import { StorageError } from '../storage-error.ts'
import { openPieces } from './body-pieces.ts'
import { checkedBody } from './checked-body.ts'
import { createSessionRecords, type SeenRecord, type SessionRecord } from './session-records.ts'
import {
  appendPieces,
  cleanUp,
  finish,
  isEmpty,
  MOST_PARTS,
  type SessionTools,
} from './session-writer.ts'
import type { UploadSession, UploadSessions, UploadSessionsOptions } from './upload-session.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Google and Azure forget uploads after a week. */
const LONGEST_MS = 6 * DAY_MS
const NOTE_LENGTH = 16_384

/**
 * Uploads that survive the process: their state is in `backend`, their bytes in the store. A client
 * that broke off asks for the offset and goes on there, in whichever process answers it.
 *
 * What a killed process leaves is picked up by the next append or by `sweep()`. On Azure, Google
 * and R2 bindings, which do not list uploads, one whose beginning was never answered goes by
 * itself after a week.
 *
 * @example
 * const uploads = createUploadSessions({ backend, store: storage.bucket('s3', 'videos') })
 * const { id } = await uploads.create({ key: 'talk.mp4', size: file.size })
 * const { offset } = (await uploads.get(id)) ?? { offset: 0 }
 * await uploads.append(id, { offset, body: file.slice(offset) })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or out of range
 */
export function createUploadSessions(options: UploadSessionsOptions): UploadSessions {
  const action = 'create upload sessions'
  checkOptions(
    action,
    options,
    ['backend', 'store'],
    ['name', 'prefix', 'maxBytes', 'partBytes', 'expiresIn', 'lease', 'idle', 'clock', 'random'],
  )
  checkParts(action, 'backend', options.backend, ['store'])
  checkParts(action, 'store', options.store, ['put', 'get', 'uploads', 'capabilities'])
  const { backend, store, clock = systemClock, random = systemRandom } = options
  const name = checkBucketName(options.name ?? store.bucket)
  const { capabilities } = store
  const { parts: rules } = capabilities
  const most = Math.min(
    capabilities.maxBytes,
    rules.maxBytes * Math.min(rules.most, MOST_PARTS),
    (options.partBytes ?? Infinity) * Math.min(rules.most, MOST_PARTS),
  )
  const maxBytes = checkInteger(action, 'maxBytes', options.maxBytes ?? most, 0, most)
  const least = Math.max(rules.minBytes, rules.multipleOf)
  if (options.partBytes !== undefined)
    checkInteger(action, 'partBytes', options.partBytes, least, rules.maxBytes)
  const lifeMs = checkDuration(
    action,
    'expiresIn',
    options.expiresIn ?? DAY_MS,
    MINUTE_MS,
    LONGEST_MS,
  )
  const ttl = checkDuration(action, 'lease', options.lease ?? 30_000, 1000, 10 * MINUTE_MS)
  const idleMs = checkDuration(action, 'idle', options.idle ?? 30_000, 1000, 10 * MINUTE_MS)
  const patience = { clock, idleMs }
  const locks = new DistributedLock({ backend, partition: `storage:locks:${name}`, clock, random })
  const records = createSessionRecords(backend.store, `storage:uploads:${name}`)
  const prefix = checkBlobPrefix(options.prefix ?? '.uploads/')
  const tools: SessionTools = { store, records, prefix, maxBytes, lifeMs, clock, random }

  async function find(id: string): Promise<SeenRecord> {
    const seen = await found(id)
    if (seen !== null) return seen
    throw new StorageError('upload_not_found', 'Cannot find upload: it was ended, or has expired')
  }

  async function found(id: string): Promise<SeenRecord | null> {
    if (!/^[\w-]{22}$/.test(id)) return null
    const seen = await records.read(id)
    return seen === null || seen.record.expiresAt <= clock.now() ? null : seen
  }

  /** One at a time: parts of two would take each other's place. */
  async function alone<Result>(
    id: string,
    signal: AbortSignal | undefined,
    act: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    try {
      const lease = { ttl, ...(signal !== undefined && { signal }) }
      return await locks.withLock(id, lease, ({ signal: current }) => act(current))
    } catch (error) {
      if (!(error instanceof LockError)) throw error
      const [code, why] =
        error.code === 'lock_held'
          ? (['upload_locked', 'another append is running'] as const)
          : (['upload_conflict', 'its lease ended before its store answered'] as const)
      throw new StorageError(code, `Cannot go on with upload: ${why}`, { cause: error })
    }
  }

  return {
    name: 'storage-uploads',
    processors: [],
    maxBytes,
    store,
    async create(given) {
      const names = [...PROPERTY_NAMES, 'tags', 'storageClass', 'ifNoneMatch', 'size'] as const
      checkOptions('create upload', given, ['key'], [...names, 'note', 'temporary', 'signal'])
      const { key, size, note = null, temporary = false } = given
      checkBlobKey(key, capabilities)
      if (size !== undefined) {
        checkInteger('create upload', 'size', size, 0, Number.MAX_SAFE_INTEGER)
        if (size > maxBytes) throw tooLarge(maxBytes)
      }
      const terms = checkWriteTerms(given, capabilities)
      const partBytes = partBytesOf(size, options.partBytes)
      if (terms.ifNoneMatch !== undefined && (size ?? Infinity) > partBytes)
        need(capabilities, 'conditionalParts')
      if ((JSON.stringify(note) ?? '').length > NOTE_LENGTH)
        throw new RangeError(`Cannot create upload: note is over ${NOTE_LENGTH} characters of JSON`)
      const id = encodeBase64Url(random.bytes(16))
      const expiresAt = clock.now() + lifeMs
      const record: SessionRecord = {
        key,
        state: 'open',
        size: size ?? null,
        offset: 0,
        partBytes,
        commit: commitOf(terms),
        begunAt: null,
        upload: null,
        parts: 0,
        last: null,
        pieces: [],
        object: null,
        note,
        temporary,
        expiresAt,
        dueAt: expiresAt,
      }
      await records.create(id, record)
      return sessionOf({ id, record })
    },
    async get(id) {
      const seen = await found(id)
      return seen === null ? null : sessionOf(seen)
    },
    async append(id, given) {
      checkOptions('append', given, ['offset', 'body'], ['size', 'checksum', 'signal'])
      const { offset, size, checksum } = given
      checkInteger('append', 'offset', offset, 0, Number.MAX_SAFE_INTEGER)
      if (size !== undefined) {
        checkInteger('append', 'size', size, 0, Number.MAX_SAFE_INTEGER)
        if (size > maxBytes) throw tooLarge(maxBytes)
      }
      const { partBytes } = (await find(id)).record
      const body =
        checksum === undefined
          ? given.body
          : await checkedBody(given.body, checksum, partBytes, patience)
      return alone(id, given.signal, async (signal) => {
        const seen = await find(id)
        const { record } = seen
        const pieces = openPieces(body, patience)
        try {
          checkOffset(record, offset)
          const total = agreedSize(record, size)
          if (record.state === 'completed' || record.last !== null)
            return sessionOf(await ended(seen, await isEmpty(pieces), signal))
          const limit = total ?? maxBytes
          if (pieces.size !== null && offset + pieces.size > limit) throw tooLarge(limit)
          const known =
            total === record.size ? seen : await records.write(seen, { ...record, size: total })
          return sessionOf(await appendPieces(tools, known, pieces, signal))
        } catch (error) {
          pieces.cancel(error)
          throw error
        }
      })
    },
    async complete(id, { signal: given } = {}) {
      return alone(id, given, async (signal) => {
        const seen = await find(id)
        const { record } = seen
        if (record.state === 'completed') return sessionOf(seen)
        if (record.size !== null && record.size !== record.offset)
          throw new StorageError(
            'size_mismatch',
            `Cannot complete upload: it has ${record.offset} of ${record.size} bytes`,
          )
        return sessionOf(await finish(tools, seen, new Uint8Array(), signal))
      })
    },
    async abort(id, { signal: given } = {}) {
      if (!/^[\w-]{22}$/.test(id)) return
      await alone(id, given, async (signal) => {
        const seen = await records.read(id)
        if (seen !== null) await cleanUp(tools, seen, signal)
      })
    },
    async sweep() {
      const failures: unknown[] = []
      for await (const { id, drop } of records.due(clock.now())) {
        try {
          const seen = await records.read(id)
          const dead = seen === null || seen.record.expiresAt <= clock.now()
          if (seen === null) await drop()
          else if (dead) await alone(id, undefined, (signal) => endOf(id, signal))
          else await records.write(seen, { ...seen.record, dueAt: seen.record.expiresAt })
        } catch (error) {
          // Whoever holds it, or was faster, keeps it alive.
          const busy =
            error instanceof StorageError &&
            (error.code === 'upload_locked' || error.code === 'upload_conflict')
          if (!busy) failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }

  /** Drops what has expired, unless it was gone on with meanwhile. */
  async function endOf(id: string, signal: AbortSignal): Promise<void> {
    const seen = await records.read(id)
    if (seen !== null && seen.record.expiresAt <= clock.now()) await cleanUp(tools, seen, signal)
  }

  /** Nothing can follow the last byte; where a process died behind it, the object is made now. */
  async function ended(seen: SeenRecord, empty: boolean, signal: AbortSignal): Promise<SeenRecord> {
    if (!empty)
      throw new StorageError('upload_conflict', 'Cannot append: the upload has all its bytes')
    return seen.record.state === 'completed' ? seen : finish(tools, seen, new Uint8Array(), signal)
  }

  function partBytesOf(size: number | undefined, wanted: number | undefined): number {
    const fitted = partBytesFor(size, wanted, {
      ...capabilities,
      parts: { ...rules, most: Math.min(rules.most, MOST_PARTS) },
    })
    return Math.ceil(fitted / rules.multipleOf) * rules.multipleOf
  }
}

function checkOffset(record: SessionRecord, offset: number): void {
  if (record.offset === offset) return
  throw new StorageError(
    'upload_conflict',
    `Cannot append: the upload has ${record.offset} bytes, ${offset} were said`,
  )
}

/** The size may be said once, and then again the same. */
function agreedSize(record: SessionRecord, size: number | undefined): number | null {
  if (size === undefined || size === record.size) return record.size
  if (record.size !== null)
    throw new StorageError('upload_conflict', 'Cannot append: another size was said before')
  if (size >= record.offset) return size
  throw new StorageError('upload_conflict', 'Cannot append: there are more bytes than that already')
}

function tooLarge(most: number): StorageError {
  return new StorageError('too_large', `Cannot upload: it has more than ${most} bytes`)
}

function sessionOf({ id, record }: Pick<SeenRecord, 'id' | 'record'>): UploadSession {
  const { key, state, offset, size, note, expiresAt, object } = record
  return { id, key, state, offset, size, note, expiresAt, object }
}
