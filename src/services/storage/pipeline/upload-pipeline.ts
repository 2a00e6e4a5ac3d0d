import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { createSha256, sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import { DistributedLock } from '../../../runtime/coordination/locks/distributed-lock.ts'
import { LockError } from '../../../runtime/coordination/locks/lock-error.ts'
import { partitionOf } from '../../../runtime/coordination/partition-of.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Service } from '../../../runtime/ports/service.ts'
import type { BlobInfo, BlobStore } from '../blobs/blob-store.ts'
import { checkBlobKey, checkBlobPrefix } from '../blobs/blob-key.ts'
import { MediaError } from '../media/media-error.ts'
import type { ImageInfo } from '../media/media-processor.ts'
import { readImageInfo } from '../media/facts/read-image-info.ts'
import type { VirusScanner } from '../scanning/virus-scanner.ts'
import { isMediaType } from '../serving/media-type.ts'
import { StorageError } from '../storage-error.ts'
import { compareType, type TypeSniffer } from './sniff-type.ts'

/** Options of {@link createUploadPipeline}. */
export interface UploadPipelineOptions {
  /** Remembers how far each file is. With `quota` it also counts. */
  readonly backend: Pick<Backend, 'store'> & Partial<Pick<Backend, 'rateLimits'>>
  /** Where files arrive. Nobody may be served from it. */
  readonly quarantine: QuarantinePlace
  /** Where files go that were found to be well. */
  readonly published: BlobStore
  /** Whether both buckets are of one account: the store copies by itself. Default `false`. */
  readonly sameAccount?: boolean
  /** Types that are taken, as `image/png`; nothing else is. */
  readonly types: readonly string[]
  readonly maxBytes: number
  /** Finds a type from the first bytes: `fileTypeFromBuffer` of the package `file-type`. */
  readonly sniff: TypeSniffer
  /** Looks for viruses. `none` says on purpose that nobody does. */
  readonly scanner: VirusScanner | 'none'
  /** The most pixels of an image. Default 50,000,000. */
  readonly maxPixels?: number
  /** Names a published file, best by `createFileKeys`. Asked once for each file. */
  readonly key: (facts: FileFacts) => string
  /** What a subject may publish in a time. Default: no limit. */
  readonly quota?: UploadQuota
  /** How long what is refused or never processed stays, 1 minute to 1 year. Default 7 days. */
  readonly keep?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** Where files arrive. */
export interface QuarantinePlace {
  readonly store: BlobStore
  /** Begins the keys of all that arrives. */
  readonly prefix: string
  /** How a scanner that reads by itself calls the store. Default: it is handed the bytes. */
  readonly alias?: string
}

/** Bytes that a subject may publish. */
export interface UploadQuota {
  readonly bytes: number
  readonly window: Duration
}

/** What is known of a file. */
export interface FileFacts {
  /** Its key in quarantine. */
  readonly source: string
  readonly size: number
  /** What its bytes say, and the client said too. */
  readonly contentType: string
  /** Hex. */
  readonly sha256: string
  /** Of an image. */
  readonly image: ImageInfo | null
}

/** Why a file is refused. */
export type RefusalReason =
  | 'too_large'
  | 'type_not_allowed'
  | 'type_mismatch'
  | 'unreadable_image'
  | 'too_many_pixels'
  | 'infected'
  | 'unscannable'
  | 'over_quota'

/** How far a file is. */
export type FileState =
  | { readonly state: 'waiting' }
  | { readonly state: 'checked' | 'scanned'; readonly facts: FileFacts }
  | {
      readonly state: 'published'
      readonly key: string
      readonly etag: string
      readonly facts: FileFacts
    }
  | { readonly state: 'refused'; readonly reason: RefusalReason; readonly detail: string | null }

/** Options of {@link UploadPipeline.process}. */
export interface ProcessOptions {
  /** Whose quota it counts against, 1 to 256 characters. Needed where there is one. */
  readonly subject?: string
  readonly signal?: AbortSignal
}

/** Takes files from quarantine to where they are published, or says why not. */
export interface UploadPipeline extends Service {
  /**
   * Checks a file and publishes it, going on where an earlier try ended: the same version of a file
   * is published once, however often this is called. Best called by a job.
   *
   * @param key In quarantine
   * @returns `published` or `refused`
   * @throws StorageError `not_found`, `upload_locked` while another process has it; ScanError when
   *   there is no verdict: nothing is then published, and it is to be called again
   */
  process(
    key: string,
    options?: ProcessOptions,
  ): Promise<Extract<FileState, { readonly state: 'published' | 'refused' }>>
  /** @returns How far a file is, also once it has left quarantine; `null` when none was there */
  state(key: string): Promise<FileState | null>
  /** Removes what was refused, or never processed, and is older than `keep`. */
  sweep(): Promise<void>
}

/** One version of a file. */
interface FileVersion {
  readonly etag: string
  /** ms since 1970. Absent in records of releases that did not write it. */
  readonly arrivedAt?: number
}

/** What is remembered of one version of a file. */
interface FileRecord extends FileVersion {
  readonly target: string | null
  readonly state: Exclude<FileState, { readonly state: 'waiting' }> | null
}

/** As much as tells a type, and where an image's size stands. */
const HEAD_BYTES = 262_144
/** An image is looked through in whole up to here, where its head does not tell all. */
const MOST_IMAGE_BYTES = 33_554_432
/** Frames and pages of these lie anywhere in the file. */
const SPREAD = ['image/gif', 'image/webp', 'image/tiff']
const DAY_MS = 86_400_000
const FAMILY = 'storage:pipeline'
const LEASE = '1m'

/**
 * Quarantine, size, type of the bytes against the declared one, checksum and facts of images,
 * scan, quota, publish. It fails closed: what could not be looked at stays where it is.
 *
 * @example
 * const files = createUploadPipeline({
 *   backend,
 *   quarantine: { store: storage.bucket('s3', 'incoming'), prefix: 'incoming/' },
 *   published: storage.bucket('s3', 'public'),
 *   types: ['image/png', 'image/jpeg', 'application/pdf'],
 *   maxBytes: 25_000_000,
 *   sniff: fileTypeFromBuffer,
 *   scanner,
 *   key: createFileKeys('files/{yyyy}/{mm}/{id}{ext}'),
 * })
 * const result = await files.process('incoming/1')
 *
 * @throws TypeError or RangeError when an option is missing, unknown or out of range
 */
export function createUploadPipeline(options: UploadPipelineOptions): UploadPipeline {
  const action = 'create upload pipeline'
  checkOptions(
    action,
    options,
    ['backend', 'quarantine', 'published', 'types', 'maxBytes', 'sniff', 'scanner', 'key'],
    ['sameAccount', 'maxPixels', 'quota', 'keep', 'clock', 'random'],
  )
  checkParts(action, 'backend', options.backend, ['store'])
  checkParts(action, 'quarantine', options.quarantine, ['store', 'prefix'])
  const { backend, quarantine, published, types, sniff, scanner, quota } = options
  if (!Array.isArray(types) || types.length === 0 || !types.every(isMediaType))
    throw new TypeError(`Cannot ${action}: types is no list of media types such as image/png`)
  if (typeof sniff !== 'function' || typeof options.key !== 'function')
    throw new TypeError(`Cannot ${action}: sniff and key are functions`)
  const { sameAccount = false, clock = systemClock, random = systemRandom } = options
  const { store: source, alias } = quarantine
  const prefix = checkBlobPrefix(quarantine.prefix)
  if (prefix === '') throw new TypeError(`Cannot ${action}: the prefix of quarantine is empty`)
  const maxBytes = checkInteger(action, 'maxBytes', options.maxBytes, 1, Number.MAX_SAFE_INTEGER)
  const maxPixels = checkInteger(action, 'maxPixels', options.maxPixels ?? 5e7, 1, 2 ** 40)
  const keepMs = checkDuration(action, 'keep', options.keep ?? '7d', 60_000, 365 * DAY_MS)
  if (quota !== undefined) {
    checkParts(action, 'backend', backend, ['rateLimits'])
    checkInteger(action, 'quota.bytes', quota.bytes, 1, 2 ** 40)
    checkDuration(action, 'quota.window', quota.window, 1000, 31 * DAY_MS)
  }
  if (scanner !== 'none') checkParts(action, 'scanner', scanner, ['scan', 'capabilities'])
  const locks = new DistributedLock({ backend, partition: `${FAMILY}:locks`, clock, random })

  const entryOf = (key: string): string =>
    `file/${encodeBase64Url(sha256(encodeUtf8(`${source.bucket}/${key}`)))}`
  const partition = (key: string): ReturnType<typeof partitionOf> =>
    partitionOf(backend.store, FAMILY, entryOf(key))

  async function recordOf(key: string): Promise<FileRecord | null> {
    // Only this file writes there.
    return ((await partition(key).get(entryOf(key)))?.value as FileRecord | undefined) ?? null
  }

  async function keep(key: string, record: FileRecord): Promise<FileRecord> {
    const entry = entryOf(key)
    return changeEntry(partition(key), entry, () => ({
      result: record,
      write: {
        set: [{ key: entry, value: record as unknown as Json, expiresInMs: keepMs + DAY_MS }],
      },
    }))
  }

  async function refuse(
    key: string,
    version: FileVersion,
    reason: RefusalReason,
    detail: string | null = null,
  ): Promise<FileRecord> {
    return keep(key, { ...version, target: null, state: { state: 'refused', reason, detail } })
  }

  /** Reads a file once: its head, and the checksum of all of it. */
  async function readAll(
    { key, etag }: BlobInfo,
    signal: AbortSignal,
  ): Promise<{ readonly head: Uint8Array<ArrayBuffer>; readonly digest: string }> {
    const content = await source.get(key, { ifMatch: etag, signal })
    if (content === null) throw gone()
    const head = new Uint8Array(Math.min(HEAD_BYTES, content.size))
    const hash = createSha256()
    let at = 0
    for await (const piece of content.body) {
      if (at < head.length) head.set(piece.subarray(0, head.length - at), at)
      at += piece.length
      hash.update(piece)
    }
    return { head, digest: encodeHex(hash.digest()) }
  }

  /** @throws MediaError where it is no image, or one that cannot be looked through */
  async function factsOf(
    { key, etag, size }: BlobInfo,
    head: Uint8Array<ArrayBuffer>,
    contentType: string,
    signal: AbortSignal,
  ): Promise<ImageInfo> {
    if (size <= head.length) return readImageInfo(head)
    if (!SPREAD.includes(contentType))
      try {
        return readImageInfo(head)
      } catch {
        // What tells its size may stand behind metadata of any length.
      }
    if (size > MOST_IMAGE_BYTES)
      throw new MediaError('input_too_large', 'Cannot read image: it is too large to look through')
    const content = await source.get(key, { ifMatch: etag, signal })
    if (content === null) throw gone()
    return readImageInfo(await content.bytes(size))
  }

  async function check(info: BlobInfo, signal: AbortSignal): Promise<FileRecord> {
    const { key, size } = info
    const version = versionOf(info)
    if (size > maxBytes) return refuse(key, version, 'too_large')
    const { head, digest } = await readAll(info, signal)
    const type = await compareType(head, info.contentType, types, sniff)
    if (!type.ok) return refuse(key, version, type.reason)
    const { contentType } = type
    let image: ImageInfo | null = null
    if (contentType.startsWith('image/'))
      try {
        image = await factsOf(info, head, contentType, signal)
      } catch (error) {
        if (!(error instanceof MediaError)) throw error
        return refuse(key, version, 'unreadable_image', error.code)
      }
    if (image !== null && image.width * image.height * image.frames > maxPixels)
      return refuse(key, version, 'too_many_pixels', `${image.width}×${image.height}`)
    const facts: FileFacts = { source: key, size, contentType, sha256: digest, image }
    // Kept for good, so it is to be one that can be written.
    const target = checkBlobKey(options.key(facts), published.capabilities)
    return keep(key, { ...version, target, state: { state: 'checked', facts } })
  }

  async function scan(
    key: string,
    record: FileRecord,
    facts: FileFacts,
    signal: AbortSignal,
  ): Promise<FileRecord> {
    const { etag } = record
    const scanned = { ...record, state: { state: 'scanned', facts } } as const
    if (scanner === 'none') return keep(key, scanned)
    const reads = alias !== undefined && scanner.capabilities.stores.includes(alias)
    const content = reads ? null : await source.get(key, { ifMatch: etag, signal })
    if (!reads && content === null) throw gone()
    const input =
      content === null ? { store: String(alias), bucket: source.bucket, key, etag } : content.body
    const found = await scanner.scan(input, { signal })
    // Only what is said to be clean is clean.
    if (found.verdict === 'clean') return keep(key, scanned)
    return found.verdict === 'infected'
      ? refuse(key, versionOf(record), 'infected', found.signature)
      : refuse(key, versionOf(record), 'unscannable', found.reason)
  }

  async function afford(
    key: string,
    { etag, arrivedAt }: FileRecord,
    { size }: FileFacts,
    subject: string | undefined,
  ): Promise<boolean> {
    const { rateLimits } = backend
    if (quota === undefined || rateLimits === undefined) return true
    if (subject === undefined || subject === '' || subject.length > 256)
      throw new TypeError('Cannot process file: subject is missing, whose quota it counts against')
    if (size > quota.bytes) return false
    const windowMs = checkDuration(action, 'quota.window', quota.window, 1000, 31 * DAY_MS)
    const version = arrivedAt === undefined ? etag : `${etag}/${arrivedAt}`
    const operation = encodeHex(sha256(encodeUtf8(`${source.bucket}/${key}/${version}`)))
    const [decision] = await rateLimits.consume(
      `upload-quota:${subject}`,
      [{ algorithm: 'fixed-window', name: 'bytes', limit: quota.bytes, windowMs, cost: size }],
      { operation },
    )
    return decision?.allowed === true
  }

  async function publish(
    key: string,
    record: FileRecord,
    facts: FileFacts,
    signal: AbortSignal,
  ): Promise<FileRecord> {
    const { etag, target } = record
    if (target === null) throw gone()
    const { contentType } = facts
    const copied = sameAccount
      ? await published.copy({ bucket: source.bucket, key }, target, {
          contentType,
          ifSourceMatch: etag,
          signal,
        })
      : await through(key, etag, target, facts, signal)
    const state = { state: 'published', key: target, etag: copied.etag, facts } as const
    return keep(key, { ...record, target, state })
  }

  async function through(
    key: string,
    etag: string,
    target: string,
    { contentType, size }: FileFacts,
    signal: AbortSignal,
  ): Promise<{ readonly etag: string }> {
    const content = await source.get(key, { ifMatch: etag, signal })
    if (content === null) throw gone()
    return published.put(target, content.body, { contentType, size, signal })
  }

  /**
   * Whether a record tells of the version that is in quarantine. The same bytes sent again are the
   * same version while what was published of them is there; a refusal is of one arrival.
   */
  async function isOf(
    record: FileRecord | null,
    { etag, lastModified }: BlobInfo,
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (record === null || record.etag !== etag) return false
    const { arrivedAt = lastModified, state } = record
    if (arrivedAt === lastModified) return true
    if (state?.state === 'published')
      return (await published.head(state.key, { signal }))?.etag === state.etag
    return state?.state !== 'refused'
  }

  async function advance(
    key: string,
    subject: string | undefined,
    signal: AbortSignal,
  ): Promise<Extract<FileState, { readonly state: 'published' | 'refused' }>> {
    const info = await source.head(key, { signal })
    const known = await recordOf(key)
    let record = info === null || (await isOf(known, info, signal)) ? known : null
    if (info !== null) record ??= await check(info, signal)
    if (record?.state?.state === 'checked')
      record = await scan(key, record, record.state.facts, signal)
    if (record?.state?.state === 'scanned') {
      const { facts } = record.state
      const may = await afford(key, record, facts, subject)
      record = may
        ? await publish(key, record, facts, signal)
        : await refuse(key, versionOf(record), 'over_quota')
    }
    const state = record?.state
    if (state?.state !== 'published' && state?.state !== 'refused') throw gone()
    if (state.state === 'published' && info !== null) {
      const { conditionalDelete } = source.capabilities
      await source.delete(key, { signal, ...(conditionalDelete && { ifMatch: info.etag }) })
    }
    return state
  }

  function checkKey(key: string): void {
    if (typeof key === 'string' && key.startsWith(prefix)) return
    throw new StorageError('invalid_key', 'Cannot process file: its key is not in quarantine')
  }

  return {
    name: 'upload-pipeline',
    processors: [],
    async process(key, { subject, signal } = {}) {
      checkKey(key)
      try {
        const lease = { ttl: LEASE, ...(signal !== undefined && { signal }) } as const
        return await locks.withLock(entryOf(key), lease, ({ signal: current }) =>
          advance(key, subject, current),
        )
      } catch (error) {
        if (!(error instanceof LockError)) throw error
        throw new StorageError('upload_locked', 'Cannot process file: another process has it', {
          cause: error,
        })
      }
    },
    async state(key) {
      checkKey(key)
      const record = await recordOf(key)
      const info = await source.head(key)
      if (info !== null && !(await isOf(record, info))) return { state: 'waiting' }
      return record?.state ?? null
    },
    async sweep() {
      const before = clock.now() - keepMs
      const old: string[] = []
      for await (const { key, lastModified } of source.list({ prefix }))
        if (lastModified < before) old.push(key)
      const { failed } = await source.deleteMany(old)
      if (failed[0] !== undefined) throw failed[0].error
    },
  }
}

function versionOf(version: FileVersion | BlobInfo): FileVersion {
  const { etag } = version
  const arrivedAt = 'lastModified' in version ? version.lastModified : version.arrivedAt
  return arrivedAt === undefined ? { etag } : { etag, arrivedAt }
}

function gone(): StorageError {
  return new StorageError('not_found', 'Cannot process file: it is not in quarantine (any more)')
}
