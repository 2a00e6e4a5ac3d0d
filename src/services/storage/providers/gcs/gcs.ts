import { checkOptions, checkParts } from '../../../../primitives/check-options.ts'
import type { Duration } from '../../../../primitives/duration.ts'
import { percentEncodePath } from '../../../../primitives/percent.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import {
  systemRandom,
  type RandomSource,
} from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import { encodeMetadata } from '../../blobs/blob-properties.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { checkAttempts, createBlobStore } from '../../blobs/create-blob-store.ts'
import { createHttpClient } from '../../http/http-client.ts'
import { signGooglePolicy, signGoogleUrl, type GoogleSigner } from '../../signing/google-v4.ts'
import { StorageError } from '../../storage-error.ts'
import { createGcsClient } from './gcs-client.ts'
import { createGcsDriver } from './gcs-driver.ts'
import { createGoogleSigner, googleToken, type ServiceAccount } from './service-account.ts'

/** Options of {@link gcs}: a service account, or tokens from elsewhere. */
export interface GcsOptions {
  readonly serviceAccount?: ServiceAccount
  /**
   * Gives access tokens, where there is no key: on Google's own machines, or by workload identity.
   */
  readonly token?: () => Promise<string>
  /** With `token`: signs links, as by IAM's `signBlob`. Default: links cannot be signed. */
  readonly signer?: { readonly email: string; readonly sign: GoogleSigner }
  /** Default: `https://storage.googleapis.com`. */
  readonly endpoint?: string
  /** The bucket that is meant where none is named. Default: none. */
  readonly bucket?: string
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
 * Objects in Google Cloud Storage. An etag is the object's generation.
 *
 * @example
 * const avatars = gcs({ serviceAccount: JSON.parse(env.GOOGLE_KEY) }).bucket('avatars')
 * await avatars.put('users/42.png', request)
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function gcs(options: GcsOptions): BlobProvider {
  const action = 'open Google Cloud Storage'
  checkOptions(
    action,
    options,
    [],
    [
      'serviceAccount',
      'token',
      'signer',
      'endpoint',
      'bucket',
      'attempts',
      'timeout',
      'fetch',
      'clock',
      'random',
    ],
  )
  checkAttempts(options.attempts)
  const { serviceAccount, bucket: defaultBucket = null, attempts } = options
  const { fetch = systemFetch, clock = systemClock, random = systemRandom } = options
  const endpoint = URL.parse(options.endpoint ?? 'https://storage.googleapis.com')
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol))
    throw new RangeError(
      'Cannot open Google Cloud Storage: its endpoint is malformed, https:// and a host expected',
    )
  const { origin } = endpoint
  if ((serviceAccount === undefined) === (options.token === undefined))
    throw new TypeError('Cannot open Google Cloud Storage: either serviceAccount or token expected')
  if (serviceAccount !== undefined)
    checkParts(action, 'serviceAccount', serviceAccount, ['client_email', 'private_key'])
  const signer =
    serviceAccount === undefined
      ? options.signer
      : {
          email: serviceAccount.client_email,
          sign: createGoogleSigner(serviceAccount.private_key),
        }
  const token =
    serviceAccount === undefined || signer === undefined
      ? options.token
      : googleToken(serviceAccount, signer.sign, { fetch, clock })
  if (token === undefined) throw new TypeError('Cannot open Google Cloud Storage: token is missing')
  const http = createHttpClient(options)
  const client = createGcsClient({ origin, token, http, clock })
  if (defaultBucket !== null) checkBucketName(defaultBucket)

  function bucket(name: string | null = defaultBucket): BlobStore {
    if (name === null)
      throw new StorageError(
        'bucket_not_found',
        'Cannot open bucket: none is named, a name expected',
      )
    const plain = createGcsDriver(client, checkBucketName(name), random)
    const driver: BlobDriver =
      signer === undefined
        ? { ...plain, capabilities: { ...plain.capabilities, presign: [], presignPost: false } }
        : { ...plain, ...createGcsLinks(origin, name, signer) }
    return createBlobStore(driver, { bucket: name, open: bucket, clock, random, attempts })
  }

  return { name: 'gcs', defaultBucket, bucket }
}

/** Requests and forms that others may send, signed with the key of a service account. */
function createGcsLinks(
  origin: string,
  bucket: string,
  { email, sign }: { readonly email: string; readonly sign: GoogleSigner },
): Required<Pick<BlobDriver, 'presign' | 'presignPost'>> {
  return {
    async presign(key, asked) {
      const { method, signedAt, expiresInMs, contentType, contentDisposition } = asked
      const { cacheControl, contentLength, metadata = {}, ifNoneMatch, versionId } = asked
      const writes = method === 'PUT'
      const headers = writes
        ? defined({
            'content-type': contentType,
            'content-disposition': contentDisposition,
            'cache-control': cacheControl,
            'x-goog-if-generation-match': ifNoneMatch && '0',
            ...metadataHeaders(metadata),
          })
        : {}
      const length: Record<string, string> =
        contentLength === undefined ? {} : { 'content-length': String(contentLength) }
      const query = writes
        ? {}
        : {
            'response-content-type': contentType,
            'response-content-disposition': contentDisposition,
            'response-cache-control': cacheControl,
            generation: versionId,
          }
      const expiresInSeconds = Math.floor(expiresInMs / 1000)
      const url = await signGoogleUrl(
        {
          method,
          origin,
          path: `/${bucket}/${percentEncodePath(key)}`,
          query,
          headers: { ...headers, ...length },
          email,
          signedAt,
          expiresInSeconds,
        },
        sign,
      )
      return { method, url, headers, expiresAt: signedAt + expiresInSeconds * 1000 }
    },
    async presignPost(key, asked) {
      const { signedAt, expiresInMs, minBytes, maxBytes, contentType, metadata = {} } = asked
      const begins = contentType?.endsWith('/') === true
      const expiresAt = signedAt + expiresInMs
      const fields = await signGooglePolicy(
        {
          bucket,
          key,
          fields: defined({
            'content-type': begins ? undefined : contentType,
            ...metadataHeaders(metadata),
          }),
          conditions: [
            ['content-length-range', minBytes, maxBytes],
            ...(begins ? [['starts-with', '$content-type', contentType ?? '']] : []),
          ],
          email,
          signedAt,
          expiresAt,
        },
        sign,
      )
      return { method: 'POST', url: `${origin}/${bucket}/`, fields, expiresAt, maxBytes }
    },
  }
}

function metadataHeaders(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-goog-meta-${name}`, encodeMetadata(value)]),
  )
}

function defined(entries: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
}
