import { checkInteger } from '../../../primitives/check-range.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobContext } from './blob-context.ts'
import type { BlobDriver } from './blob-driver.ts'
import { checkBlobKey, checkBlobPrefix, checkBucketName } from './blob-key.ts'
import type {
  BlobContent,
  BlobInfo,
  BlobPage,
  BlobStore,
  GetOptions,
  HeadOptions,
  NotModified,
  PageBlobsOptions,
} from './blob-store.ts'
import { checkByteRange } from './byte-range.ts'
import { createDriverCalls } from './driver-calls.ts'
import { createLateUploads } from './late-uploads.ts'
import { openContent } from './open-content.ts'
import { plainEtag } from './plain-etag.ts'
import { putBlob } from './put-blob.ts'
import { need } from './need.ts'
import { PUT_OPTIONS } from './write-terms.ts'

/** What a store is made of beside its driver. */
export interface CreateBlobStoreOptions {
  readonly bucket: string
  /** Opens another bucket of the same account. */
  readonly open: (bucket: string) => BlobStore
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
  /** Default: the platform's. */
  readonly random?: RandomSource | undefined
  /** Tries of a request in all, 1 to 20. Default 4. */
  readonly attempts?: number | undefined
}

const LIST_OPTIONS = ['prefix', 'delimiter', 'signal'] as const

/** Tries of a request in all, for a provider to check when it is made. @throws RangeError */
export function checkAttempts(attempts: number | undefined): number {
  return checkInteger('open bucket', 'attempts', attempts ?? 4, 1, 20)
}

/**
 * Makes a store of a driver: see {@link BlobDriver}. What few callers need (copies, links, tags,
 * uploads step by step) is loaded when it is first called.
 */
export function createBlobStore(driver: BlobDriver, options: CreateBlobStoreOptions): BlobStore {
  const { clock = systemClock, random = systemRandom } = options
  const attempts = checkAttempts(options.attempts)
  const bucket = checkBucketName(options.bucket)
  const call = createDriverCalls({ clock, random, attempts })
  const open = (name: string): BlobStore => (name === bucket ? store : options.open(name))
  const loadChecksums = (): ReturnType<NonNullable<BlobContext['loadChecksums']>> =>
    import('./put-checksums.ts')
  const context = { driver, call, open, loadChecksums, now: () => clock.now() }
  const { capabilities } = driver
  const checkKey = (key: string): string => checkBlobKey(key, capabilities)

  async function head(key: string, given: HeadOptions = {}): Promise<BlobInfo | null> {
    checkOptions('read object', given, [], ['versionId', 'signal'])
    checkKey(key)
    const { signal, versionId } = given
    return call(signal, (current) => driver.head(key, { versionId, signal: current }))
  }

  async function page(given: PageBlobsOptions = {}): Promise<BlobPage> {
    checkOptions('list objects', given, [], [...LIST_OPTIONS, 'cursor', 'limit'])
    const { delimiter, cursor = null, signal } = given
    const prefix = checkBlobPrefix(given.prefix ?? '')
    const limit = checkInteger('list objects', 'limit', given.limit ?? 1000, 1, 1000)
    if ((delimiter ?? '/') !== '/' || typeof (cursor ?? 'x') !== 'string' || cursor === '')
      throw new TypeError("Cannot list objects: the delimiter '/' and a page's cursor expected")
    return call(signal, (current) =>
      driver.page({ prefix, delimiter, cursor, limit, signal: current }),
    )
  }

  function get(
    key: string,
    given: GetOptions & { readonly ifNoneMatch: string },
  ): Promise<BlobContent | NotModified | null>
  function get(key: string, given?: GetOptions): Promise<BlobContent | null>
  async function get(
    key: string,
    given: GetOptions = {},
  ): Promise<BlobContent | NotModified | null> {
    checkOptions(
      'read object',
      given,
      [],
      ['range', 'ifMatch', 'ifNoneMatch', 'versionId', 'signal'],
    )
    checkKey(key)
    const { signal, versionId } = given
    const range = given.range && checkByteRange(given.range)
    const ifMatch = plainEtag(given.ifMatch)
    const ifNoneMatch = plainEtag(given.ifNoneMatch)
    const content = await call(signal, (current) =>
      driver.get(key, { range, ifMatch, ifNoneMatch, versionId, signal: current }),
    )
    return content === null || content.notModified ? content : openContent(context, content, signal)
  }

  const store: BlobStore = {
    bucket,
    capabilities,
    head,
    get,
    page,
    async put(key, body, given = {}) {
      checkOptions('write object', given, [], PUT_OPTIONS)
      return putBlob(context, checkKey(key), body, given)
    },
    exists: async (key, given) => (await head(key, given)) !== null,
    async delete(key, given = {}) {
      checkOptions('delete object', given, [], ['ifMatch', 'versionId', 'signal'])
      checkKey(key)
      const { versionId, signal } = given
      const ifMatch = plainEtag(given.ifMatch)
      if (ifMatch !== undefined) need(capabilities, 'conditionalDelete')
      await call(
        signal,
        (current) => driver.delete(key, { versionId, ifMatch, signal: current }),
        ifMatch === undefined,
      )
    },
    async *list(given = {}) {
      checkOptions('list objects', given, [], LIST_OPTIONS)
      let cursor: string | null = null
      do {
        const found: BlobPage = await page({ ...given, ...(cursor !== null && { cursor }) })
        yield* found.blobs
        cursor = found.cursor
      } while (cursor !== null)
    },
    async deleteMany(keys, given) {
      const { deleteMany } = await import('./delete-many.ts')
      return deleteMany(context, keys, given)
    },
    async copy(from, to, given = {}) {
      const { copyBlob } = await import('./copy-blob.ts')
      return copyBlob(context, typeof from === 'string' ? { bucket, key: from } : from, to, given)
    },
    async move(from, to, given = {}) {
      const { moveBlob } = await import('./copy-blob.ts')
      return moveBlob(store, from, to, given)
    },
    async getTags(key, { signal } = {}) {
      checkKey(key)
      const { getTags } = driver
      if (getTags === undefined) throw untaggable()
      return call(signal, (current) => getTags(key, { signal: current }))
    },
    async setTags(key, tags, { signal } = {}) {
      const { checkTags } = await import('./blob-tags.ts')
      checkKey(key)
      const checked = checkTags(tags, capabilities)
      const { setTags } = driver
      if (setTags === undefined) throw untaggable()
      await call(signal, (current) => setTags(key, checked, { signal: current }))
    },
    async presign(key, given = {}) {
      const { presignBlob } = await import('./presign-blob.ts')
      return presignBlob(driver, checkKey(key), given, clock.now())
    },
    async presignPost(key, given) {
      const { presignBlobPost } = await import('./presign-blob.ts')
      return presignBlobPost(driver, checkKey(key), given, clock.now())
    },
    uploads: createLateUploads(context),
  }
  return store
}

function untaggable(): StorageError {
  return new StorageError('unsupported', 'Cannot tag object: this store has no tags')
}
