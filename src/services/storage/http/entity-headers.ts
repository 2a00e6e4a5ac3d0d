import { StorageError } from '../storage-error.ts'
import type { CheckedProperties } from '../blobs/blob-properties.ts'
import type { BlobInfo } from '../blobs/blob-store.ts'
import { spanOf, type ByteRange, type ByteSpan } from '../blobs/byte-range.ts'

/** What HTTP itself says of an object; the rest each store says its own way. */
export type EntityInfo = Omit<
  BlobInfo,
  'key' | 'metadata' | 'storageClass' | 'versionId' | 'checksums'
>

/** @returns What an answer to GET or HEAD says */
export function readEntity(headers: Headers): EntityInfo {
  const range = readContentRange(headers)
  return {
    size: range?.size ?? Number(headers.get('content-length') ?? 0),
    etag: unquoted(headers.get('etag')),
    lastModified: Date.parse(headers.get('last-modified') ?? '') || 0,
    contentType: headers.get('content-type') ?? 'application/octet-stream',
    cacheControl: headers.get('cache-control'),
    contentDisposition: headers.get('content-disposition'),
    contentEncoding: encodingOf(headers),
    contentLanguage: headers.get('content-language'),
  }
}

/** @returns The part that an answer of 206 holds, and the size of the whole; `null` without one */
function readContentRange(
  headers: Headers,
): { readonly span: ByteSpan; readonly size: number } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '')
  if (match === null) return null
  const [start = 0, end = 0, size = 0] = match.slice(1).map(Number)
  return { span: { start, end }, size }
}

/**
 * @returns The body of an answer to GET
 * @throws StorageError `failed` when it is another part than the one that was asked for
 */
export function openBodyOf(
  response: Response,
  range: ByteRange | undefined,
): {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly range: ByteSpan | null
  readonly decoded: boolean
} {
  const { headers, body } = response
  const answered = range === undefined ? null : readContentRange(headers)
  if (range !== undefined) {
    const wanted = answered === null ? null : spanOf(range, answered.size)
    if (
      wanted === null ||
      answered?.span.start !== wanted.start ||
      answered.span.end !== wanted.end
    ) {
      void body?.cancel()
      throw Number(headers.get('content-length') ?? 1) === 0
        ? new StorageError('range_not_satisfiable', 'Cannot read object: it is empty')
        : new StorageError('failed', 'Cannot read object: the store answered another part of it')
    }
  }
  const empty = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (queue) => queue.close() })
  return {
    body: body ?? empty,
    range: answered?.span ?? null,
    decoded: encodingOf(headers) !== null,
  }
}

/** @returns The headers that a plain HTTP store keeps, by their names there */
export function entityHeaders(properties: CheckedProperties, prefix = ''): Record<string, string> {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage } =
    properties
  return {
    [`${prefix}content-type`]: contentType,
    ...(cacheControl !== undefined && { [`${prefix}cache-control`]: cacheControl }),
    ...(contentDisposition !== undefined && {
      [`${prefix}content-disposition`]: contentDisposition,
    }),
    ...(contentEncoding !== undefined && { [`${prefix}content-encoding`]: contentEncoding }),
    ...(contentLanguage !== undefined && { [`${prefix}content-language`]: contentLanguage }),
  }
}

/** @returns An etag without quotes */
export function unquoted(etag: string | null): string {
  return etag?.replace(/^(?:W\/)?"(.*)"$/, '$1') ?? ''
}

/** Some stores leave on the object how it was sent. */
function encodingOf(headers: Headers): string | null {
  const encoding = (headers.get('content-encoding') ?? '').replace(/aws-chunked,?\s*/, '')
  return encoding === '' || encoding === 'identity' ? null : encoding
}
