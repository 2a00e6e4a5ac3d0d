import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobWriter, DriverPut } from '../../blobs/blob-driver.ts'
import type { StoredBlob } from '../../blobs/blob-store.ts'
import { unquoted } from '../../http/entity-headers.ts'
import { StorageError } from '../../storage-error.ts'
import type { S3Client } from './s3-client.ts'
import { checksumHeader, quoted, storedOf, writeHeaders, type Confirm } from './s3-objects.ts'
import { beginUpload, endUpload, goneWithUpload, nameOf } from './s3-uploads.ts'

/** The half of a bucket that writes, but for what is asked after a lost answer. */
export interface S3Writer extends Omit<BlobWriter, 'parts' | 'findCompleted'> {
  /** Removes what may be gone already. */
  remove(
    key: string,
    query: Record<string, string | undefined>,
    headers: Record<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<void>
}

/** Writes to one bucket of S3, or of what speaks like it. */
export function createS3Writer(
  client: S3Client,
  capabilities: BlobCapabilities,
  confirm: Confirm,
): S3Writer {
  const { send, ask, refuse } = client

  async function put(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    { ifMatch, checksum, ...write }: DriverPut,
  ): Promise<StoredBlob> {
    const headers = {
      ...writeHeaders(write),
      ...checksumHeader(checksum),
      'if-match': quoted(ifMatch),
      'if-none-match': write.ifNoneMatch,
    }
    const answer = await ask({ method: 'PUT', key, headers, body: bytes }, write.signal).catch(
      (error: unknown) => conditionOf(error, ifMatch),
    )
    const known = { key, size: bytes.length, contentType: write.properties.contentType }
    return storedOf(confirm, known, answer.headers.get('etag'), answer.headers, write.signal)
  }

  async function remove(
    key: string,
    query: Record<string, string | undefined>,
    headers: Record<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<void> {
    const response = await send({ method: 'DELETE', key, query, headers }, signal)
    if (!response.ok && response.status !== 404) return refuse(response, signal)
    await response.body?.cancel()
  }

  return {
    capabilities,
    remove,
    put,
    createUpload: async (key, write) => ({
      id: await beginUpload(client, key, write, write.checksum),
    }),
    async putPart({ key, id: uploadId }, { number, bytes }, { checksum, signal }) {
      const query = { partNumber: String(number), uploadId }
      const headers = checksumHeader(checksum)
      const answer = await ask({ method: 'PUT', key, query, headers, body: bytes }, signal).catch(
        goneWithUpload,
      )
      const etag = unquoted(answer.headers.get('etag'))
      if (etag === '')
        throw new StorageError('unavailable', 'Cannot write part: the store did not say it did')
      const part = { number, size: bytes.length, etag }
      return checksum === null || checksum.algorithm === 'md5'
        ? part
        : { ...part, checksum: `${nameOf(checksum.algorithm)} ${checksum.value}` }
    },
    completeUpload(upload, parts, { ifMatch, size, checksum, signal }) {
      const { contentType = 'application/octet-stream', ifNoneMatch } = upload.commit
      const headers = {
        'if-match': quoted(ifMatch),
        'if-none-match': ifNoneMatch,
        ...(checksum && { ...checksumHeader(checksum), 'x-amz-checksum-type': 'FULL_OBJECT' }),
      }
      return endUpload(
        client,
        confirm,
        upload,
        parts,
        headers,
        { size, contentType },
        signal,
      ).catch((error: unknown) => conditionOf(error, ifMatch))
    },
    abortUpload: ({ key, id: uploadId }, { signal }) => remove(key, { uploadId }, {}, signal),
  }
}

/** Nothing being there is one way of it not being what was asked for. */
function conditionOf(error: unknown, ifMatch: string | undefined): never {
  if (ifMatch === undefined || !(error instanceof StorageError && error.code === 'not_found'))
    throw error
  throw new StorageError('precondition_failed', error.message, { cause: error })
}
