import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { DriverWrite } from '../../blobs/blob-driver.ts'
import type { StoredBlob } from '../../blobs/blob-store.ts'
import type { ChecksumAlgorithm } from '../../blobs/checksum.ts'
import type { UploadedPart } from '../../blobs/multipart-uploads.ts'
import { encodeXml, xmlValue } from '../../http/read-xml.ts'
import { StorageError } from '../../storage-error.ts'
import type { S3Client } from './s3-client.ts'
import { storedOf, writeHeaders, type Confirm } from './s3-objects.ts'

/** @returns The upload's id */
export async function beginUpload(
  { ask }: S3Client,
  key: string,
  write: DriverWrite,
  checksum: ChecksumAlgorithm | null,
): Promise<string> {
  const named = checksum !== null && checksum !== 'md5'
  const headers = {
    ...writeHeaders(write),
    ...(named && {
      'x-amz-checksum-algorithm': nameOf(checksum),
      'x-amz-checksum-type': checksum === 'sha-256' ? 'COMPOSITE' : 'FULL_OBJECT',
    }),
  }
  const { text } = await ask({ method: 'POST', key, query: { uploads: '' }, headers }, write.signal)
  const id = xmlValue(text, 'UploadId')
  if (id) return id
  throw new StorageError('failed', 'Cannot begin upload: the store gave it no id')
}

/** Makes the object of its parts. */
export async function endUpload(
  { ask }: S3Client,
  confirm: Confirm,
  { key, id: uploadId }: { readonly key: string; readonly id: string },
  parts: readonly Pick<UploadedPart, 'number' | 'etag' | 'checksum'>[],
  headers: Readonly<Record<string, string | undefined>>,
  known: Pick<StoredBlob, 'size' | 'contentType'>,
  signal: AbortSignal,
): Promise<StoredBlob> {
  const listed = parts.map(({ number, etag, checksum }) => {
    // Which algorithm it is, its part has said: `NAME value`.
    const [name, value] = checksum?.split(' ') ?? []
    const own = name === undefined ? '' : `<Checksum${name}>${value}</Checksum${name}>`
    return `<Part><PartNumber>${number}</PartNumber><ETag>"${encodeXml(etag)}"</ETag>${own}</Part>`
  })
  const body = encodeUtf8(`<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`)
  const all = { 'content-type': 'application/xml', ...headers }
  const answer = await ask({ method: 'POST', key, query: { uploadId }, headers: all, body }, signal)
  const etag = xmlValue(answer.text, 'ETag')
  return storedOf(confirm, { key, ...known }, etag, answer.headers, signal)
}

/** @returns How S3 spells an algorithm */
export function nameOf(algorithm: ChecksumAlgorithm): string {
  return algorithm.replace('-', '').toUpperCase()
}

/** Where an upload is gone, some say that its object is. */
export function goneWithUpload(error: unknown): never {
  if (!(error instanceof StorageError && error.code === 'not_found')) throw error
  throw new StorageError('upload_not_found', error.message, { cause: error })
}
