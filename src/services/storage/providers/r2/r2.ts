import { checkOptions } from '../../../../primitives/check-options.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import {
  systemRandom,
  type RandomSource,
} from '../../../../runtime/ports/platform/random-source.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { checkAttempts, createBlobStore } from '../../blobs/create-blob-store.ts'
import { StorageError } from '../../storage-error.ts'
import type { R2BucketLike } from './r2-binding.ts'
import { createR2Driver } from './r2-driver.ts'

/** Options of {@link r2}. */
export interface R2Options {
  /** The bucket that is meant where none is named. Default: the only one, or none. */
  readonly bucket?: string
  /** Tries of a call in all, 1 to 20. Default 4. */
  readonly attempts?: number
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/**
 * Objects in R2 through the bindings of a Worker, without credentials or requests.
 *
 * A binding cannot presign, copy within R2 or list uploads. Where that is needed use `s3()` with
 * R2's S3 endpoint; sweep uploads by a lifecycle rule.
 *
 * @example
 * const files = r2(env.FILES).bucket()
 * const avatars = r2({ avatars: env.AVATARS, exports: env.EXPORTS }).bucket('avatars')
 *
 * @param bindings One bucket, which is then called `default`, or several by their names
 */
export function r2(
  bindings: R2BucketLike | Readonly<Record<string, R2BucketLike>>,
  options: R2Options = {},
): BlobProvider {
  checkOptions('open R2', options, [], ['bucket', 'attempts', 'clock', 'random'])
  checkAttempts(options.attempts)
  const { clock, random = systemRandom, attempts } = options
  const named = new Map(isBucket(bindings) ? [['default', bindings]] : Object.entries(bindings))
  for (const [name, binding] of named) {
    checkBucketName(name)
    if (!isBucket(binding))
      throw new TypeError(
        `Cannot open R2: what is given as ${name} is no binding of a bucket, see r2_buckets in wrangler.toml`,
      )
  }
  const [only, ...others] = named.keys()
  const defaultBucket = options.bucket ?? (others.length === 0 ? (only ?? null) : null)
  const stores = new Map<string, BlobStore>()

  function bucket(name: string | null = defaultBucket): BlobStore {
    const known = stores.get(name ?? '')
    if (known !== undefined) return known
    const binding = name === null ? undefined : named.get(name)
    if (name === null || binding === undefined)
      throw new StorageError(
        'bucket_not_found',
        `Cannot open bucket: ${name === null ? 'none is named' : 'none is bound to this name'}, ` +
          `one of ${[...named.keys()].join(', ')} expected`,
      )
    const driver = createR2Driver(binding, random)
    const store = createBlobStore(driver, { bucket: name, open: bucket, clock, random, attempts })
    stores.set(name, store)
    return store
  }

  return { name: 'r2', defaultBucket, bucket }
}

function isBucket(value: unknown): value is R2BucketLike {
  return typeof value === 'object' && value !== null && 'createMultipartUpload' in value
}
