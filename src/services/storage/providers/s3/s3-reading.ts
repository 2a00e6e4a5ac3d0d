import { decodeMetadata } from '../../blobs/blob-properties.ts'
import type { BlobInfo } from '../../blobs/blob-store.ts'
import { readEntity } from '../../http/entity-headers.ts'
import type { S3Client } from './s3-client.ts'
import { CHECKSUM, META, readChecksums, versionOf, type Confirm } from './s3-objects.ts'

/** @returns What an answer to GET or HEAD says of an object */
export function infoOf(key: string, headers: Headers): BlobInfo {
  const metadata: [string, string][] = []
  for (const [name, value] of headers)
    if (name.startsWith(META)) metadata.push([name.slice(META.length), decodeMetadata(value)])
  return {
    key,
    ...readEntity(headers),
    metadata: Object.fromEntries(metadata),
    storageClass: headers.get('x-amz-storage-class'),
    versionId: versionOf(headers),
    checksums: readChecksums(headers),
  }
}

/** @returns The object, or `null` when there is none */
export async function headOf(
  { send, refuse }: S3Client,
  key: string,
  versionId: string | undefined,
  signal: AbortSignal,
): Promise<BlobInfo | null> {
  const headers = { [`${CHECKSUM}mode`]: 'ENABLED' }
  const response = await send({ method: 'HEAD', key, query: { versionId }, headers }, signal)
  if (response.status === 404) return null
  return response.ok ? infoOf(key, response.headers) : refuse(response, signal)
}

/** Asks for an object's size, which is all that an answer without an etag leaves to compare. */
export function confirmBySize(client: S3Client): Confirm {
  return async (key, size, signal) => {
    const found = await headOf(client, key, undefined, signal)
    return found?.size === size ? found : null
  }
}
