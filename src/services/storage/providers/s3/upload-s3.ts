import { checkOptions } from '../../../../primitives/check-options.ts'
import { systemClock } from '../../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobBody } from '../../blobs/blob-body.ts'
import type { BlobWriter } from '../../blobs/blob-driver.ts'
import { checkBlobKey } from '../../blobs/blob-key.ts'
import type { PutOptions, StoredBlob } from '../../blobs/blob-store.ts'
import { createDriverCalls } from '../../blobs/driver-calls.ts'
import { putBlob } from '../../blobs/put-blob.ts'
import { PUT_OPTIONS } from '../../blobs/write-terms.ts'
import { createHttpClient, type HttpOptions } from '../../http/http-client.ts'
import { s3Capabilities } from './s3-capabilities.ts'
import { createIdentity, createS3Client } from './s3-client.ts'
import { s3Bucket } from './s3-endpoint.ts'
import type { S3PresignerOptions } from './presign-s3.ts'
import { createS3Writer } from './s3-writer.ts'

/** Options of {@link createS3Uploader}. */
export interface S3UploaderOptions extends Omit<S3PresignerOptions, 'clock'>, HttpOptions {}

/**
 * Writes to one bucket and nothing else: bytes, Blobs, and streams of any length, in parts where
 * they are long, in constant memory. It is `s3().bucket().put()` without checksums, in less than
 * half the size; where the answer to a long upload is lost it rejects with `unavailable`, and the
 * object may be there.
 *
 * @example
 * const region = 'eu-central-1'
 * const upload = createS3Uploader({ bucket: 'avatars', region, accessKeyId, secretAccessKey })
 * await upload('users/42.png', request, { onProgress: ({ loaded }) => console.log(loaded) })
 *
 * @throws RangeError when an option is malformed; what it makes throws StorageError
 */
export function createS3Uploader(
  options: S3UploaderOptions,
): (key: string, body: BlobBody, options?: PutOptions) => Promise<StoredBlob> {
  const { clock = systemClock, endpoint } = options
  const client = createS3Client({
    bucket: s3Bucket(options, options.bucket),
    identity: createIdentity(options),
    http: createHttpClient(options),
    clock,
    signPayload: endpoint?.startsWith('http:') ?? false,
  })
  const writer = createS3Writer(client, s3Capabilities(endpoint), async () => null)
  const driver: BlobWriter = {
    ...writer,
    // Whether a lost answer meant an object is for the caller to see.
    findCompleted: async () => null,
    parts: async () => [],
  }
  const call = createDriverCalls({ clock, random: systemRandom, attempts: 4 })
  return async (key, body, given = {}) => {
    checkOptions('write object', given, [], PUT_OPTIONS)
    return putBlob({ driver, call }, checkBlobKey(key), body, given)
  }
}
