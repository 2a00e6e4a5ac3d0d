import { checkOptions } from '../../../../primitives/check-options.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import {
  systemRandom,
  type RandomSource,
} from '../../../../runtime/ports/platform/random-source.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { createBlobStore } from '../../blobs/create-blob-store.ts'
import { StorageError } from '../../storage-error.ts'
import { createFileDriver } from './file-driver.ts'
import { createFileFolder, type FileFolder } from './file-folder.ts'
import { fileModule } from './file-modules.ts'

/** Options of {@link fileSystem}. */
export interface FileSystemOptions {
  /** The bucket that is meant where none is named. Default: none. */
  readonly bucket?: string
  /** Whether a write is on the disk before it is answered. Default true. */
  readonly sync?: boolean
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/**
 * Keeps objects as files of a server (Node, Deno, Bun): a folder for each bucket, a file for each
 * object under its key's own path, and what is stored beside it in `.reuse` within the bucket.
 * Files that others put there are objects too. Several processes may write; links are not followed.
 *
 * @example
 * const files = fileSystem('./files').bucket('avatars')
 * await files.put('users/42.png', request)
 *
 * @param root A path without a slash at its end
 * @throws StorageError `unsupported` where the runtime has no file system
 */
export function fileSystem(root: string, options: FileSystemOptions = {}): BlobProvider {
  const action = 'open folder'
  checkOptions(action, options, [], ['bucket', 'sync', 'clock', 'random'])
  if (typeof root !== 'string' || root === '')
    throw new TypeError(`Cannot ${action}: its path is no text, one such as ./files expected`)
  const { bucket: defaultBucket = null, sync = true } = options
  const { clock = systemClock, random = systemRandom } = options
  if (defaultBucket !== null) checkBucketName(defaultBucket)
  const files = fileModule()

  const folderOf = (name: string): FileFolder =>
    createFileFolder({ files, root: `${root}/${checkBucketName(name)}`, clock, random, sync })

  function bucket(name: string | null = defaultBucket): BlobStore {
    if (name === null)
      throw new StorageError(
        'bucket_not_found',
        'Cannot open bucket: none is named, a name expected',
      )
    const driver = createFileDriver({ files, folder: folderOf(name), folderOf, clock, random })
    return createBlobStore(driver, { bucket: name, open: bucket, clock, random })
  }

  return { name: 'file-system', defaultBucket, bucket }
}
