import { decodeBase64 } from '../../../../primitives/base64.ts'
import { checkOptions } from '../../../../primitives/check-options.ts'
import type { Duration } from '../../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import {
  systemRandom,
  type RandomSource,
} from '../../../../runtime/ports/platform/random-source.ts'
import { checkBucketName } from '../../blobs/blob-key.ts'
import type { BlobProvider, BlobStore } from '../../blobs/blob-store.ts'
import { checkAttempts, createBlobStore } from '../../blobs/create-blob-store.ts'
import { createHttpClient } from '../../http/http-client.ts'
import { StorageError } from '../../storage-error.ts'
import { createAzureClient, type AzureIdentity } from './azure-client.ts'
import { createAzureDriver } from './azure-driver.ts'
import { createAzureLinks } from './azure-links.ts'

/** Options of {@link azureBlob}: an account and one way to prove that it may be used. */
export interface AzureBlobOptions {
  readonly account: string
  /** The account's key, base64. */
  readonly accountKey?: string
  /** A shared access signature, the query without a question mark. It cannot presign. */
  readonly sas?: string
  /** Gives a token of Entra ID for `https://storage.azure.com/`: see `entraToken`. */
  readonly token?: () => Promise<string>
  /** Default: `https://ACCOUNT.blob.core.windows.net`. */
  readonly endpoint?: string
  /** The container that is meant where none is named. Default: none. */
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
 * Objects in Azure Blob Storage, as block blobs. A container is a bucket.
 *
 * Parts of an upload that is aborted stay, unseen, until Azure drops them a week later.
 *
 * @example
 * const avatars = azureBlob({ account: 'shop', accountKey: env.AZURE_KEY }).bucket('avatars')
 * await avatars.put('users/42.png', request)
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function azureBlob(options: AzureBlobOptions): BlobProvider {
  checkOptions(
    'open Azure',
    options,
    ['account'],
    [
      'accountKey',
      'sas',
      'token',
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
  const { account, bucket: defaultBucket = null, attempts } = options
  const { clock = systemClock, random = systemRandom } = options
  if (!/^[a-z0-9-]{1,64}$/.test(account))
    throw new RangeError('Cannot open Azure: its account is malformed, a–z 0–9 - expected')
  const endpoint = URL.parse(options.endpoint ?? `https://${account}.blob.core.windows.net`)
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol) || endpoint.search !== '')
    throw new RangeError(
      'Cannot open Azure: its endpoint is malformed, https:// and a host expected',
    )
  const identity = identityOf(options)
  const http = createHttpClient(options)
  if (defaultBucket !== null) checkBucketName(defaultBucket)

  function bucket(name: string | null = defaultBucket): BlobStore {
    if (name === null)
      throw new StorageError(
        'bucket_not_found',
        'Cannot open bucket: none is named, a name expected',
      )
    const container = checkBucketName(name)
    // The type holds where it was parsed.
    const home = endpoint as URL
    const client = createAzureClient({ account, endpoint: home, container, identity, http, clock })
    const driver = {
      ...createAzureDriver(client, clock, random),
      ...createAzureLinks({ client, account, container, identity, endpoint: home, http }),
    }
    return createBlobStore(driver, { bucket: name, open: bucket, clock, random, attempts })
  }

  return { name: 'azure-blob', defaultBucket, bucket }
}

function identityOf({ accountKey, sas, token }: AzureBlobOptions): AzureIdentity {
  if ([accountKey, sas, token].filter((given) => given !== undefined).length !== 1)
    throw new TypeError('Cannot open Azure: either accountKey, sas or token expected')
  if (token !== undefined) return { token }
  if (sas !== undefined) return { sas: sas.replace(/^\?/, '') }
  const key = decodeBase64(accountKey ?? '')
  if (key !== null && key.length > 0) return { key }
  throw new RangeError('Cannot open Azure: accountKey is no base64')
}
