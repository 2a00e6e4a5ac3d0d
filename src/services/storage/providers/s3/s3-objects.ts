import { StorageError } from '../../storage-error.ts'
import { encodeMetadata, type CheckedProperties } from '../../blobs/blob-properties.ts'
import type { StoredBlob } from '../../blobs/blob-store.ts'
import type { BlobChecksums, ExpectedChecksum } from '../../blobs/checksum.ts'
import { entityHeaders, unquoted } from '../../http/entity-headers.ts'
import { percentEncode } from '../../../../primitives/percent.ts'
import type { DriverWrite } from '../../blobs/blob-driver.ts'

/** How headers of metadata begin. */
export const META = 'x-amz-meta-'
/** How headers of checksums begin. */
export const CHECKSUM = 'x-amz-checksum-'

/** Looks whether an object is there, and is this. */
export type Confirm = (key: string, size: number, signal: AbortSignal) => Promise<StoredBlob | null>

/**
 * @returns What was written. An answer without an etag proves nothing: then the object is asked.
 */
export async function storedOf(
  confirm: Confirm,
  stored: Pick<StoredBlob, 'key' | 'size' | 'contentType'>,
  etag: string | null,
  headers: Headers,
  signal: AbortSignal,
): Promise<StoredBlob> {
  if (etag)
    return {
      ...stored,
      etag: unquoted(etag),
      versionId: versionOf(headers),
      checksums: readChecksums(headers),
    }
  const found = await confirm(stored.key, stored.size, signal)
  if (found !== null) return found
  throw new StorageError('unavailable', 'Cannot write object: the store did not say that it did', {
    mayHaveHappened: true,
  })
}

/** @returns What is stored beside the bytes, as headers of a request */
export function propertyHeaders(properties: CheckedProperties): Record<string, string> {
  const headers = entityHeaders(properties)
  for (const [name, value] of Object.entries(properties.metadata ?? {}))
    headers[META + name] = encodeMetadata(value)
  return headers
}

/** @returns The same with all else that an object is written with */
export function writeHeaders({
  properties,
  tags,
  storageClass,
}: Pick<DriverWrite, 'properties' | 'tags' | 'storageClass'>): Record<string, string | undefined> {
  const pairs = Object.entries(tags ?? {}).map(
    ([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`,
  )
  return {
    ...propertyHeaders(properties),
    'x-amz-storage-class': storageClass,
    'x-amz-tagging': pairs.join('&') || undefined,
  }
}

/** @returns The header that a store compares a checksum by */
export function checksumHeader(checksum: ExpectedChecksum | null): Record<string, string> {
  if (checksum === null) return {}
  const { algorithm, value } = checksum
  return { [algorithm === 'md5' ? 'content-md5' : CHECKSUM + algorithm.replace('-', '')]: value }
}

/** @returns An etag as conditions have it */
export function quoted(etag: string | undefined): string | undefined {
  return etag === undefined ? undefined : `"${etag}"`
}

/** @returns Checksums of a whole object */
export function readChecksums(headers: Headers): BlobChecksums {
  const found: [string, string][] = []
  // What is made of the checksums of parts says nothing of the bytes.
  if (headers.get(`${CHECKSUM}type`) !== 'COMPOSITE')
    for (const algorithm of ['sha-256', 'crc32c', 'crc64nvme']) {
      const value = headers.get(CHECKSUM + algorithm.replace('-', ''))
      if (value !== null && !value.includes('-')) found.push([algorithm, value])
    }
  return Object.fromEntries(found)
}

/** @returns The version, where the bucket keeps some */
export function versionOf(headers: Headers): string | null {
  const version = headers.get('x-amz-version-id')
  return version === 'null' ? null : version
}
