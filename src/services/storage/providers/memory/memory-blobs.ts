import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import { checkOptions } from '../../../../primitives/check-options.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { createBlobStore } from '../../blobs/create-blob-store.ts'
import { StorageError } from '../../storage-error.ts'
import { createMemoryBucket, type MemoryObject, type MemoryUpload } from './memory-driver.ts'

/** Options of {@link memoryBlobs}. */
export interface MemoryBlobsOptions {
  /** The bucket that is meant where none is named. Default: none. */
  readonly bucket?: string
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/**
 * Keeps objects in this process's memory: for tests, and the store that all others are compared
 * with. Buckets come into being as they are named.
 *
 * @example
 * const files = memoryBlobs().bucket('avatars')
 * await files.put('a.txt', 'hello')
 */
export function memoryBlobs(options: MemoryBlobsOptions = {}): BlobProvider {
  checkOptions('open memory', options, [], ['bucket', 'clock', 'random'])
  const { bucket: defaultBucket = null, clock = systemClock, random } = options
  if (defaultBucket !== null) checkBucketName(defaultBucket)
  const buckets = new Map<string, BlobStore>()
  const contents = new Map<string, ReadonlyMap<string, MemoryObject>>()

  function bucket(name: string | undefined | null = defaultBucket): BlobStore {
    if (name == null)
      throw new StorageError(
        'bucket_not_found',
        'Cannot open bucket: none is named, a name expected',
      )
    const known = buckets.get(name)
    if (known !== undefined) return known
    const objects = new Map<string, MemoryObject>()
    const uploads = new Map<string, MemoryUpload>()
    const find = (other: string): ReadonlyMap<string, MemoryObject> =>
      contents.get(other) ?? new Map()
    const driver = createMemoryBucket({ objects, uploads, find, clock })
    const store = createBlobStore(driver, { bucket: name, open: bucket, clock, random })
    buckets.set(name, store)
    contents.set(name, objects)
    return store
  }

  return { name: 'memory', defaultBucket, bucket }
}
