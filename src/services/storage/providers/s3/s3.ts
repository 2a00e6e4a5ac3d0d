import { checkOptions } from '../../../../primitives/check-options.ts'
import type { Duration } from '../../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { checkAttempts, createBlobStore } from '../../blobs/create-blob-store.ts'
import { createHttpClient } from '../../http/http-client.ts'
import type { S3Credentials } from '../../signing/sigv4.ts'
import { StorageError } from '../../storage-error.ts'
import { s3Capabilities } from './s3-capabilities.ts'
import { createIdentity, createS3Client } from './s3-client.ts'
import { createS3Driver } from './s3-driver.ts'
import { s3Bucket, type S3EndpointOptions } from './s3-endpoint.ts'
import type { createS3Links } from './s3-links.ts'

/** Options of {@link s3}. */
export interface S3Options extends S3EndpointOptions, Partial<S3Credentials> {
  /** Gives the key pair of the moment, in place of `accessKeyId` and `secretAccessKey`. */
  readonly credentials?: () => Promise<S3Credentials>
  /** The bucket that is meant where none is named. Default: none. */
  readonly bucket?: string
  /**
   * What the store cannot do, or can beyond the usual: `{ createOnly: false }` for one that ignores
   * `If-None-Match`. Default: as AWS does; with an `endpoint` of one's own without conditions on
   * deleting and on completing an upload, which others leave unread.
   */
  readonly capabilities?: Partial<BlobCapabilities>
  /**
   * Whether the body's hash is signed too, where nothing else protects it. Default: without TLS.
   */
  readonly signPayload?: boolean
  /** Tries of a request in all, 1 to 20. Default 4. */
  readonly attempts?: number
  /** For a request until its answer begins, 1 second to an hour. Default 2 minutes. */
  readonly timeout?: Duration
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/**
 * Objects in S3 of AWS, and in what speaks like it: R2, MinIO, B2, Ceph, Spaces.
 *
 * @example
 * const avatars = s3({ region: 'eu-central-1', accessKeyId, secretAccessKey }).bucket('avatars')
 * await avatars.put('users/42.png', request)
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function s3(options: S3Options): BlobProvider {
  checkOptions(
    'open S3',
    options,
    [],
    [
      'region',
      'endpoint',
      'pathStyle',
      'accessKeyId',
      'secretAccessKey',
      'sessionToken',
      'credentials',
      'bucket',
      'capabilities',
      'signPayload',
      'attempts',
      'timeout',
      'fetch',
      'clock',
      'random',
    ],
  )
  checkAttempts(options.attempts)
  const { clock = systemClock, random, attempts, bucket: defaultBucket = null, endpoint } = options
  const { signPayload = endpoint?.startsWith('http:') ?? false } = options
  const identity = createIdentity(options.credentials ?? keyPairOf(options))
  const http = createHttpClient(options)
  const capabilities = { ...s3Capabilities(endpoint), ...options.capabilities }
  s3Bucket(options, checkBucketName(defaultBucket ?? 'any'))

  function bucket(name: string | null = defaultBucket): BlobStore {
    if (name === null)
      throw new StorageError(
        'bucket_not_found',
        'Cannot open bucket: none is named, a name expected',
      )
    const home = s3Bucket(options, checkBucketName(name))
    const client = createS3Client({ bucket: home, identity, http, clock, signPayload })
    const links = async (): Promise<ReturnType<typeof createS3Links>> =>
      (await import('./s3-links.ts')).createS3Links(home, name, identity)
    const driver: BlobDriver = {
      ...createS3Driver(client, capabilities),
      presign: async (...args) => (await links()).presign(...args),
      presignPost: async (...args) => (await links()).presignPost(...args),
      presignPart: async (...args) => (await links()).presignPart(...args),
    }
    return createBlobStore(driver, { bucket: name, open: bucket, clock, random, attempts })
  }

  return { name: 's3', defaultBucket, bucket }
}

function keyPairOf({ accessKeyId, secretAccessKey, sessionToken }: S3Options): S3Credentials {
  if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string')
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
  throw new TypeError(
    'Cannot open S3: accessKeyId and secretAccessKey, or credentials, are missing',
  )
}
