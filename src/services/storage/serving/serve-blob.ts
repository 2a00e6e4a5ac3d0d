import { checkOptions } from '../../../primitives/check-options.ts'
import type { BlobInfo, BlobStore } from '../blobs/blob-store.ts'
import { spanOf } from '../blobs/byte-range.ts'
import { StorageError } from '../storage-error.ts'
import { contentDisposition } from './content-disposition.ts'
import { isMediaType } from './media-type.ts'
import { parseRange } from './parse-range.ts'

/** Options of {@link serveBlob}. */
export interface ServeBlobOptions {
  /** Default: the object's own, else `private, max-age=0, must-revalidate`. */
  readonly cacheControl?: string
  /**
   * Default: the object's own, else `inline`; what a browser would run (HTML, SVG, scripts) is an
   * attachment in any case.
   */
  readonly disposition?: 'inline' | 'attachment'
  /** The name to save it under. Default: the key's last segment. */
  readonly filename?: string
}

/** What browsers run, or hand to something that does. */
const ACTIVE =
  /^(?:text\/(?:html|xml|xsl|javascript|ecmascript)|image\/svg|multipart\/|application\/(?:xhtml|xml|javascript|ecmascript|x-javascript)|[^;]*\+xml|message\/)/i

/** Times that an object may be replaced between what is told of it and its bytes. */
const MOST_REPLACED = 3

/**
 * Answers a request for an object: GET and HEAD, conditions, ranges, and headers that keep a
 * browser from running what somebody uploaded (RFC 9110, RFC 6266).
 *
 * @example
 * return serveBlob(storage.bucket('s3', 'avatars'), 'users/42.png', request)
 */
export async function serveBlob(
  store: BlobStore,
  key: string,
  request: Request,
  options: ServeBlobOptions = {},
): Promise<Response> {
  checkOptions('serve file', options, [], ['cacheControl', 'disposition', 'filename'])
  checkSaving('serve file', options)
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD')
    return new Response('Method not allowed', { status: 405, headers: { allow: 'GET, HEAD' } })
  for (let replaced = 0; ; replaced++) {
    try {
      return await answerOnce(store, key, request, options)
    } catch (error) {
      const other = error instanceof StorageError && error.code === 'precondition_failed'
      // Another object took its place after it was looked at: that one is judged anew.
      if (!other || replaced === MOST_REPLACED) throw error
    }
  }
}

/**
 * Checks how a browser is to save an object.
 *
 * @throws TypeError when a filename is no text of at most 1024 characters, or a disposition unknown
 */
export function checkSaving(
  action: string,
  { filename = '', disposition = 'inline' }: Pick<ServeBlobOptions, 'filename' | 'disposition'>,
): void {
  if (typeof filename !== 'string' || filename.length > 1024)
    throw new TypeError(`Cannot ${action}: filename is no text of at most 1024 characters`)
  if (disposition !== 'inline' && disposition !== 'attachment')
    throw new TypeError(`Cannot ${action}: disposition is neither inline nor attachment`)
}

async function answerOnce(
  store: BlobStore,
  key: string,
  { method, headers: asked, signal }: Request,
  options: ServeBlobOptions,
): Promise<Response> {
  const info = await headOf(store, key, signal)
  if (info === null) return new Response('Not found', { status: 404 })
  const headers = headersOf(info, options)
  const condition = judge(asked, info)
  if (condition === 412) return new Response('Precondition failed', { status: 412 })
  if (condition === 304) {
    for (const name of ['content-type', 'content-disposition', 'content-language'])
      headers.delete(name)
    return new Response(null, { status: 304, headers })
  }
  const ranged = method === 'GET' && rangeHolds(asked.get('if-range'), info)
  const range = ranged ? parseRange(asked.get('range')) : null
  const span = range === null ? null : spanOf(range, info.size)
  if (range !== null && span === null) {
    headers.set('content-range', `bytes */${info.size}`)
    headers.delete('content-disposition')
    headers.set('content-type', 'text/plain')
    // A cache that kept it would answer all with it.
    headers.set('cache-control', 'no-store')
    return new Response('Range not satisfiable', { status: 416, headers })
  }
  const { start, end } = span ?? { start: 0, end: info.size - 1 }
  headers.set('content-length', String(end - start + 1))
  if (info.contentEncoding !== null) headers.set('content-encoding', info.contentEncoding)
  if (method === 'HEAD') return new Response(null, { headers })
  const content = await store.get(key, {
    ifMatch: info.etag,
    signal,
    ...(span !== null && { range: { offset: start, length: end - start + 1 } }),
  })
  if (content === null) return new Response('Not found', { status: 404 })
  if (content.bodySize === null) {
    // The platform has decoded it on the way, so it is sent as what it is now.
    headers.delete('content-encoding')
    headers.delete('content-length')
    headers.delete('accept-ranges')
    headers.set('etag', `W/"${info.etag}"`)
  }
  if (span !== null) headers.set('content-range', `bytes ${start}-${end}/${info.size}`)
  // Workers would encode it once more.
  const init = { status: span === null ? 200 : 206, headers, encodeBody: 'manual' }
  return new Response(content.body, init)
}

/** A key that no store should have is as little there as one that nobody wrote. */
async function headOf(
  store: BlobStore,
  key: string,
  signal: AbortSignal,
): Promise<BlobInfo | null> {
  try {
    return await store.head(key, { signal })
  } catch (error) {
    if (error instanceof StorageError && error.code === 'invalid_key') return null
    throw error
  }
}

function headersOf(info: BlobInfo, options: ServeBlobOptions): Headers {
  const { contentType, etag, lastModified, contentLanguage, key } = info
  const known = isMediaType(contentType)
  const active = !known || ACTIVE.test(contentType)
  const own = options.disposition === undefined && !active ? info.contentDisposition : null
  const type = active ? 'attachment' : (options.disposition ?? 'inline')
  const headers = new Headers({
    'content-type': known ? contentType : 'application/octet-stream',
    etag: `"${etag}"`,
    'last-modified': new Date(lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control':
      options.cacheControl ?? info.cacheControl ?? 'private, max-age=0, must-revalidate',
    'content-disposition': own ?? contentDisposition(type, options.filename ?? key),
    'x-content-type-options': 'nosniff',
  })
  if (active) headers.set('content-security-policy', "default-src 'none'; sandbox")
  if (contentLanguage !== null) headers.set('content-language', contentLanguage)
  return headers
}

/** In the order of RFC 9110 §13.2.2. */
function judge(asked: Headers, { etag, lastModified }: BlobInfo): 200 | 304 | 412 {
  const seconds = Math.floor(lastModified / 1000) * 1000
  const ifMatch = asked.get('if-match')
  const ifUnmodifiedSince = Date.parse(asked.get('if-unmodified-since') ?? '')
  if (ifMatch !== null) {
    if (!lists(ifMatch, etag, false)) return 412
  } else if (seconds > ifUnmodifiedSince) return 412
  const ifNoneMatch = asked.get('if-none-match')
  if (ifNoneMatch !== null) return lists(ifNoneMatch, etag, true) ? 304 : 200
  return seconds <= Date.parse(asked.get('if-modified-since') ?? '') ? 304 : 200
}

/** @param weak Whether a weak etag counts too */
function lists(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true
  const found = header.matchAll(/(W\/)?"([^"]*)"/g)
  return [...found].some(([, mark, value]) => value === etag && (weak || mark === undefined))
}

/** Whether the part that a client has is of this object. */
function rangeHolds(ifRange: string | null, { etag, lastModified }: BlobInfo): boolean {
  if (ifRange === null) return true
  if (ifRange.includes('"')) return ifRange.trim() === `"${etag}"`
  return Date.parse(ifRange) === Math.floor(lastModified / 1000) * 1000
}
