import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { encodeBase64Url } from '../../../primitives/base64url.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { BlobBody } from '../blobs/blob-body.ts'
import { checkBlobKey } from '../blobs/blob-key.ts'
import { keyFault } from '../blobs/key-rule.ts'
import type {
  BlobContent,
  BlobProvider,
  BlobStore,
  GetOptions,
  PresignedRequest,
  PresignOptions,
  PutOptions,
} from '../blobs/blob-store.ts'
import { StorageError } from '../storage-error.ts'
import type { ImageOperations } from '../media/image-operations.ts'
import { MediaError } from '../media/media-error.ts'
import type {
  MediaProcessor,
  ProcessedImage,
  TranscodedVideo,
  VideoProgress,
} from '../media/media-processor.ts'
import type { VideoOperations } from '../media/video-operations.ts'
import { serveBlob, type ServeBlobOptions } from '../serving/serve-blob.ts'
import { createFileIndex, type FilePlace } from './file-index.ts'

/** Options of {@link createStorage}. */
export interface StorageOptions {
  /** Remembers where files are: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'store'>
  /** Stores by the names that they go by: `{ s3: s3({ … }), local: fileSystem('./files') }`. */
  readonly stores: Readonly<Record<string, BlobProvider>>
  /** Makes images and videos. Default: none, and what needs one throws `unsupported`. */
  readonly media?: MediaProcessor
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/** Where a file is meant to be. What is left out is found by the key, or is the store's default. */
export interface FileOptions {
  readonly store?: string
  readonly bucket?: string
}

/** {@link FileOptions} as they were destructured. */
interface Wanted {
  readonly store?: string | undefined
  readonly bucket?: string | undefined
}

/** Options of `uploadFile`. */
export interface UploadOptions extends FileOptions, PutOptions {
  /** Default: 22 random characters and the ending of the file's name. */
  readonly key?: string
}

/** A file that was uploaded. */
export interface UploadedFile {
  readonly key: string
  readonly store: string
  readonly bucket: string
  readonly size: number
  readonly etag: string
  readonly contentType: string
}

/** Options of `transcodeVideo`. */
export interface TranscodeOptions extends FileOptions, VideoOperations {
  /** Files are written behind it. Default: the key and `.video/`. */
  readonly prefix?: string
  /**
   * Names the work, such as a job's id: asked for again, by the next attempt or after a restart, it
   * goes on where it is, and is not begun twice. Default: a new one.
   */
  readonly id?: string
  /** Hears how far it is. */
  readonly onProgress?: (progress: VideoProgress) => void
  readonly signal?: AbortSignal
}

/** Options of `serveFile`. */
export interface ServeFileOptions extends FileOptions, ServeBlobOptions {
  readonly key: string
}

/** Files in any number of stores, found by their keys. */
export interface Storage {
  /** One bucket with all that its store can do. @throws StorageError `bucket_not_found` */
  bucket(store: string, bucket?: string): BlobStore
  /** Writes a file and remembers where. @throws StorageError */
  upload(file: BlobBody, options?: UploadOptions): Promise<UploadedFile>
  /** @throws StorageError `not_found`, or `ambiguous_key` where the key is in several places */
  download(key: string, options?: FileOptions & GetOptions): Promise<BlobContent>
  /** Removes a file; none being there is no error. @throws StorageError `ambiguous_key` */
  delete(key: string, options?: FileOptions): Promise<void>
  /** @throws StorageError `unsupported` where the store cannot presign */
  presign(key: string, options?: FileOptions & PresignOptions): Promise<PresignedRequest>
  /** Answers a request for a file with conditions, ranges and safe headers. */
  serve(request: Request, options: ServeFileOptions): Promise<Response>
  /** Makes an image of a file, found by its key alone, or of bytes. @throws MediaError */
  resizeImage(
    image: string | Uint8Array<ArrayBuffer>,
    options: ImageOperations & FileOptions,
  ): Promise<ProcessedImage>
  /** Transcodes a video beside itself. @throws MediaError */
  transcodeVideo(key: string, options: TranscodeOptions): Promise<TranscodedVideo>
}

/**
 * Creates the storage service on any stores.
 *
 * @example
 * const storage = createStorage({ backend: memory(), stores: { local: memoryBlobs() } })
 * const { key } = await storage.upload('hello', { store: 'local', bucket: 'notes' })
 *
 * @throws TypeError when an option is missing or unknown
 */
export function createStorage(options: StorageOptions): Storage {
  checkOptions('create storage', options, ['backend', 'stores'], ['media', 'random'])
  checkParts('create storage', 'backend', options.backend, ['store'])
  const { backend, media, random = systemRandom } = options
  const given: unknown = options.stores
  if (typeof given !== 'object' || given === null)
    throw new TypeError('Cannot create storage: stores is no object, { name: provider } expected')
  const stores = new Map(Object.entries(options.stores))
  for (const [name, provider] of stores)
    checkParts('create storage', `stores.${name}`, provider, ['bucket'])
  const index = createFileIndex(backend.store)

  function providerOf(name: string): BlobProvider {
    const provider = stores.get(name)
    if (provider !== undefined) return provider
    throw new StorageError(
      'bucket_not_found',
      `Cannot find store: none is called so, one of ${[...stores.keys()].join(', ')} expected`,
    )
  }

  /** Where a new file goes: nothing is guessed, but what is the only one need not be said. */
  function targetOf({ store, bucket }: Wanted): FilePlace {
    const [only, ...others] = stores.keys()
    const name = store ?? (others.length === 0 ? only : undefined)
    if (name === undefined)
      throw new StorageError(
        'bucket_not_found',
        'Cannot choose store: there are several, say which',
      )
    return { store: name, bucket: providerOf(name).bucket(bucket).bucket }
  }

  /** @returns Where a file is, or would be; `null` where nobody knows of one and none is guessed */
  async function placeOf(key: string, { store, bucket }: Wanted): Promise<FilePlace | null> {
    checkBlobKey(key)
    if (store !== undefined) providerOf(store)
    if (store !== undefined && (bucket ?? providerOf(store).defaultBucket) !== null)
      return targetOf({ store, bucket })
    const known = (await index.find(key)).filter(
      (place) =>
        stores.has(place.store) &&
        (store === undefined || place.store === store) &&
        (bucket === undefined || place.bucket === bucket),
    )
    // Of several only those count where the file is still to be found.
    const there =
      known.length < 2
        ? known
        : (
            await Promise.all(
              known.map(async (place) => ((await existsAt(key, place)) ? place : null)),
            )
          ).filter((place) => place !== null)
    const [found, ...others] = there
    if (others.length > 0)
      throw new StorageError(
        'ambiguous_key',
        'Cannot choose file: the same key is in several places, say which store and bucket',
      )
    if (found !== undefined) return found
    const [only, ...more] = stores.keys()
    const name = store ?? (more.length === 0 ? only : undefined)
    if (name === undefined || (bucket ?? providerOf(name).defaultBucket) === null) return null
    return targetOf({ store: name, bucket })
  }

  async function knownPlaceOf(key: string, given: Wanted): Promise<FilePlace> {
    const place = await placeOf(key, given)
    if (place !== null) return place
    throw notThere()
  }

  const existsAt = (key: string, place: FilePlace): Promise<boolean> => open(place).exists(key)
  const open = ({ store, bucket }: FilePlace): BlobStore => providerOf(store).bucket(bucket)

  function processor(): MediaProcessor {
    if (media !== undefined) return media
    throw new MediaError(
      'unsupported',
      'Cannot process media: no processor is configured, give createStorage({ media }) one',
    )
  }

  async function inputOf(
    key: string,
    place: FilePlace,
  ): Promise<
    Uint8Array<ArrayBuffer> | (FilePlace & { readonly key: string; readonly etag: string })
  > {
    const found = await open(place).head(key)
    if (found === null)
      throw new StorageError('not_found', 'Cannot find file: there is none under this key')
    const { capabilities } = processor()
    if (capabilities.stores.includes(place.store)) return { ...place, key, etag: found.etag }
    const content = await open(place).get(key, { ifMatch: found.etag })
    if (content === null) throw new StorageError('not_found', 'Cannot find file: it went away')
    return content.bytes(capabilities.maxInputBytes)
  }

  return {
    bucket: (store, bucket) => providerOf(store).bucket(bucket),
    async upload(file, { store, bucket, key: wanted, ...put } = {}) {
      const place = targetOf({ store, bucket })
      const key = wanted ?? `${encodeBase64Url(random.bytes(16))}${endingOf(file)}`
      checkBlobKey(key)
      const before = await index.find(key)
      await index.add(key, place)
      try {
        const { size, etag, contentType } = await open(place).put(key, file, put)
        return { key, ...place, size, etag, contentType }
      } catch (error) {
        const isNew = !before.some(
          (known) => known.store === place.store && known.bucket === place.bucket,
        )
        // An answer that was lost may have been a success: then it is to be found.
        if (isNew && !(error instanceof StorageError && error.mayHaveHappened))
          await index.remove(key, place).catch(() => undefined)
        throw error
      }
    },
    async download(key, { store, bucket, ...get } = {}) {
      const place = await knownPlaceOf(key, { store, bucket })
      const content = await open(place).get(key, get)
      if (content !== null) return content
      throw new StorageError('not_found', 'Cannot download file: there is none under this key')
    },
    async delete(key, given = {}) {
      checkOptions('delete file', given, [], ['store', 'bucket'])
      const place = await placeOf(key, given)
      if (place === null) return
      await open(place).delete(key)
      await index.remove(key, place)
    },
    async presign(key, { store, bucket, ...presign } = {}) {
      const place = await placeOf(key, { store, bucket })
      // Where a file is to be put has to be said; where it is, was to be known.
      const target = presign.method === 'PUT' ? (place ?? targetOf({ store, bucket })) : place
      if (target === null) throw notThere()
      return open(target).presign(key, presign)
    },
    async serve(request, { key, store, bucket, ...serve }) {
      // A key that no store takes is as little there as one that nobody wrote.
      const isKey = keyFault(key) === null && key !== ''
      const place = isKey ? await placeOf(key, { store, bucket }) : null
      if (place === null) return new Response('Not found', { status: 404 })
      return serveBlob(open(place), key, request, serve)
    },
    async resizeImage(image, { store, bucket, ...operations }) {
      const made = processor()
      if (typeof image !== 'string') return made.image(image, operations)
      const place = await knownPlaceOf(image, { store, bucket })
      return made.image(await inputOf(image, place), operations)
    },
    async transcodeVideo(key, given) {
      const { store, bucket, prefix = `${key}.video/`, signal, onProgress, ...rest } = given
      const { id = encodeBase64Url(random.bytes(16)), ...operations } = rest
      const made = processor()
      const { video } = made
      const place = await knownPlaceOf(key, { store, bucket })
      // Before anything is read: a film that nobody can work on is not to be loaded first.
      const reads = made.capabilities.stores.includes(place.store)
      const input = video !== undefined && reads ? await inputOf(key, place) : null
      if (video === undefined || input === null || input instanceof Uint8Array)
        throw new MediaError(
          'unsupported',
          'Cannot transcode video: the processor knows no videos, or cannot read that store',
        )
      return video.call(made, input, operations, { ...place, prefix }, { id, signal, onProgress })
    },
  }
}

function notThere(): StorageError {
  return new StorageError('not_found', 'Cannot find file: none was uploaded under this key')
}

/** @returns The ending of a File's name, where it is a plain one */
function endingOf(file: BlobBody): string {
  const name = file instanceof Blob && 'name' in file ? String(file.name) : ''
  return (/\.[A-Za-z0-9]{1,10}$/.exec(name)?.[0] ?? '').toLowerCase()
}
