import { encodeHex } from '../../../../primitives/hex.ts'
import { percentEncode } from '../../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import {
  decodeMetadata,
  encodeMetadata,
  type CheckedProperties,
} from '../../blobs/blob-properties.ts'
import type { BlobInfo } from '../../blobs/blob-store.ts'
import { rangeHeader, spanOf } from '../../blobs/byte-range.ts'
import type { ExpectedChecksum } from '../../blobs/checksum.ts'
import { propertiesOf } from '../../blobs/properties-of.ts'
import type { BlobUpload, UploadedPart } from '../../blobs/multipart-uploads.ts'
import { openBodyOf } from '../../http/entity-headers.ts'
import { StorageError } from '../../storage-error.ts'
import type { GcsClient, GcsResource } from './gcs-client.ts'

const KIB = 2 ** 10
const GIB = 2 ** 30
const TIB = 2 ** 40
/** Sizes of all but the last chunk are multiples of this. */
const CHUNK_BYTES = 256 * KIB
/** Answers in a row that say that nothing more was stored, after which a part is sent from anew. */
const MOST_STALLS = 3

/** What Google Cloud Storage can do. */
const gcsCapabilities: BlobCapabilities = {
  maxBytes: 5 * TIB,
  maxPutBytes: 5 * TIB,
  parts: {
    minBytes: CHUNK_BYTES,
    maxBytes: GIB,
    most: 20_000_000,
    equal: true,
    parallel: false,
    multipleOf: CHUNK_BYTES,
  },
  checksums: ['crc32c', 'md5'],
  partChecksums: ['crc32c'],
  createOnly: true,
  replaceOnly: true,
  conditionalParts: true,
  conditionalDelete: true,
  tags: false,
  storageClasses: true,
  metadataHyphens: true,
  backslashes: true,
  keysInKeys: true,
  copy: 'server',
  presign: ['GET', 'HEAD', 'PUT', 'DELETE'],
  presignPost: true,
  presignParts: false,
  listParts: true,
  listUploads: false,
}

/** One bucket as a driver. An etag is a generation: that is what Google makes conditions of. */
export function createGcsDriver(
  client: GcsClient,
  bucket: string,
  random: RandomSource,
): BlobDriver {
  const { send, ask, read, refuse } = client
  const objectPath = (key: string, name = bucket): string =>
    `/storage/v1/b/${name}/o/${percentEncode(key)}`
  const uploadPath = `/upload/storage/v1/b/${bucket}/o`

  async function head(
    key: string,
    generation: string | undefined,
    signal: AbortSignal,
  ): Promise<BlobInfo | null> {
    const request = { method: 'GET', path: objectPath(key), query: { generation } }
    const response = await send(request, signal)
    if (response.ok) return infoOf(key, await read(response, signal))
    if (response.status !== 404) return refuse(response, signal)
    await response.body?.cancel()
    return null
  }

  /** Removes what turned out not to be what was sent, and nothing that took its place. */
  async function takeBack(key: string, stored: BlobInfo, signal: AbortSignal): Promise<never> {
    const query = { ifGenerationMatch: stored.etag }
    const response = await send({ method: 'DELETE', path: objectPath(key), query }, signal)
    await response.body?.cancel()
    throw new StorageError(
      'checksum_mismatch',
      'Cannot write object: what was stored has another checksum than what was sent',
    )
  }

  /**
   * Reads an answer to a chunk.
   *
   * @returns The object where it is whole, else how many bytes are stored
   */
  async function progressOf(
    key: string,
    response: Response,
    signal: AbortSignal,
  ): Promise<BlobInfo | number> {
    const { status } = response
    if (status === 200 || status === 201) return infoOf(key, await read(response, signal))
    if (status === 308) {
      await response.body?.cancel()
      // Without a range nothing is stored at all.
      const match = /^bytes=0-(\d+)$/.exec(response.headers.get('range') ?? '')
      return match === null ? 0 : Number(match[1]) + 1
    }
    // Cancelled, forgotten, or never begun.
    if (status === 404 || status === 410 || status === 499) {
      await response.body?.cancel()
      throw new StorageError('upload_not_found', 'Cannot find upload: it was ended')
    }
    return refuse(response, signal)
  }

  async function sendChunk(
    { key, id }: BlobUpload,
    bytes: Uint8Array<ArrayBuffer>,
    contentRange: string,
    whole: ExpectedChecksum | null,
    signal: AbortSignal,
  ): Promise<BlobInfo | number> {
    const headers = {
      'content-range': contentRange,
      'x-goog-hash': whole === null ? undefined : `${whole.algorithm}=${whole.value}`,
    }
    const response = await send(
      { method: 'PUT', path: sessionPath(id), headers, body: bytes },
      signal,
    )
    const progress = await progressOf(key, response, signal)
    if (typeof progress !== 'number' && whole !== null) {
      const { crc32c } = progress.checksums
      if (crc32c !== undefined && crc32c !== whole.value) await takeBack(key, progress, signal)
    }
    return progress
  }

  return {
    capabilities: gcsCapabilities,
    head: (key, { versionId, signal }) => head(key, versionId, signal),
    async get(key, { range, ifMatch, ifNoneMatch, versionId, signal }) {
      // The bytes come without metadata, so the object is asked for first; that version is then
      // read.
      const info = await head(key, versionId, signal)
      if (info === null) return null
      if (ifMatch !== undefined && info.etag !== ifMatch)
        throw new StorageError('precondition_failed', 'Cannot read object: it is another one')
      if (info.etag === ifNoneMatch) return { notModified: true, etag: info.etag }
      const span = range === undefined ? null : spanOf(range, info.size)
      if (range !== undefined && span === null)
        throw new StorageError('range_not_satisfiable', 'Cannot read object: it ends before')
      const part =
        span === null ? undefined : { offset: span.start, length: span.end - span.start + 1 }
      const query = { alt: 'media', generation: info.etag }
      // Compressed objects are wanted as they are stored.
      const headers = { range: part && rangeHeader(part), 'accept-encoding': 'gzip' }
      const response = await send({ method: 'GET', path: objectPath(key), query, headers }, signal)
      if (response.status === 404) {
        await response.body?.cancel()
        throw new StorageError('throttled', 'Cannot read object: another one took its place')
      }
      if (!response.ok) return refuse(response, signal)
      return { ...info, ...openBodyOf(response, part) }
    },
    async put(key, bytes, { properties, storageClass, ifMatch, ifNoneMatch, checksum, signal }) {
      const digest =
        checksum === null
          ? {}
          : { [checksum.algorithm === 'md5' ? 'md5Hash' : 'crc32c']: checksum.value }
      const resource = { name: key, ...resourceOf(properties, storageClass), ...digest }
      const boundary = `reuse-${encodeHex(random.bytes(16))}`
      const body = joined([
        encodeUtf8(
          `--${boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n` +
            `${JSON.stringify(resource)}\r\n--${boundary}\r\n` +
            `content-type: ${properties.contentType}\r\n\r\n`,
        ),
        bytes,
        encodeUtf8(`\r\n--${boundary}--`),
      ])
      const stored = await ask(
        {
          method: 'POST',
          path: uploadPath,
          query: { uploadType: 'multipart', ...conditionsOf(ifMatch, ifNoneMatch) },
          headers: { 'content-type': `multipart/related; boundary=${boundary}` },
          body,
        },
        signal,
      )
      return infoOf(key, stored)
    },
    async delete(key, { ifMatch, versionId, signal }) {
      const query = { generation: versionId, ifGenerationMatch: ifMatch }
      const response = await send({ method: 'DELETE', path: objectPath(key), query }, signal)
      if (!response.ok && response.status !== 404) return refuse(response, signal)
      await response.body?.cancel()
    },
    async page({ prefix, delimiter, cursor, limit, signal }) {
      const query = {
        prefix: prefix || undefined,
        delimiter,
        pageToken: cursor ?? undefined,
        maxResults: String(limit),
        fields: 'nextPageToken,prefixes,items(name,size,generation,updated)',
      }
      const {
        items = [],
        prefixes = [],
        nextPageToken,
      } = await ask({ method: 'GET', path: `/storage/v1/b/${bucket}/o`, query }, signal)
      return {
        blobs: items.map((item) => {
          const { key, size, etag, lastModified } = infoOf(item.name ?? '', item)
          return { key, size, etag, lastModified }
        }),
        prefixes,
        cursor: nextPageToken ?? null,
      }
    },
    async copy(from, to, { properties, storageClass, ifNoneMatch, source, signal }) {
      const kept = propertiesOf(source)
      const changes = properties !== null || storageClass !== undefined
      const resource = changes ? resourceOf(properties ?? kept, storageClass) : {}
      const target = objectPath(to).slice('/storage/v1'.length)
      const path = `${objectPath(from.key, from.bucket)}/rewriteTo${target}`
      let rewriteToken: string | undefined
      for (;;) {
        const query = {
          sourceGeneration: source.etag,
          rewriteToken,
          ...conditionsOf(undefined, ifNoneMatch),
        }
        const headers = { 'content-type': 'application/json' }
        const body = encodeUtf8(JSON.stringify(resource))
        const answer = await ask({ method: 'POST', path, query, headers, body }, signal)
        if (answer.done === true && answer.resource !== undefined)
          return infoOf(to, answer.resource)
        if (answer.rewriteToken === undefined || answer.rewriteToken === rewriteToken)
          throw new StorageError('failed', 'Cannot copy object: the store does not go on')
        rewriteToken = answer.rewriteToken
      }
    },
    async createUpload(key, { properties, storageClass, ifMatch, ifNoneMatch, size, signal }) {
      const response = await send(
        {
          method: 'POST',
          path: uploadPath,
          query: { uploadType: 'resumable', name: key, ...conditionsOf(ifMatch, ifNoneMatch) },
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'x-upload-content-type': properties.contentType,
            'x-upload-content-length': size === undefined ? undefined : String(size),
          },
          body: encodeUtf8(JSON.stringify(resourceOf(properties, storageClass))),
        },
        signal,
      )
      if (!response.ok) return refuse(response, signal)
      await response.body?.cancel()
      const session = URL.parse(response.headers.get('location') ?? '')
      const id = session?.searchParams.get('upload_id')
      if (session?.pathname === uploadPath && id) return { id: session.search.slice(1) }
      throw new StorageError('failed', 'Cannot begin upload: the store gave it no address')
    },
    async putPart(upload, { number, bytes, last }, { offset, whole, signal }) {
      const end = offset + bytes.length
      const total = last ? String(end) : '*'
      let stored = offset
      for (let stalls = 0; ;) {
        const rest = bytes.subarray(stored - offset)
        const span = rest.length === 0 ? '*' : `${stored}-${end - 1}`
        const given = last ? whole : null
        const progress = await sendChunk(upload, rest, `bytes ${span}/${total}`, given, signal)
        if (typeof progress !== 'number') return { number, size: bytes.length, etag: progress.etag }
        if (progress >= end && !last) return { number, size: bytes.length, etag: `at-${end}` }
        // Less than was sent may have been stored, and never less than before.
        if (progress < offset)
          throw new StorageError(
            'upload_conflict',
            'Cannot write part: those before it are missing',
          )
        stalls = progress > stored ? 0 : stalls + 1
        if (stalls === MOST_STALLS)
          throw new StorageError('unavailable', 'Cannot write part: the store takes no more of it')
        stored = Math.min(progress, end)
      }
    },
    async parts(upload, { signal }) {
      const { partBytes } = upload
      const none = new Uint8Array()
      const progress = await sendChunk(upload, none, 'bytes */*', null, signal)
      const size = typeof progress === 'number' ? progress : progress.size
      const parts: UploadedPart[] = []
      for (let start = 0; start + partBytes <= size; start += partBytes)
        parts.push({
          number: parts.length + 1,
          size: partBytes,
          etag: `at-${start + partBytes}`,
        })
      // What is not a whole part is sent again from its start; only of a whole object it is the
      // last.
      const rest = size - parts.length * partBytes
      if (typeof progress !== 'number' && (rest > 0 || size === 0))
        parts.push({ number: parts.length + 1, size: rest, etag: progress.etag })
      return parts
    },
    async completeUpload(upload, _, { size, checksum, signal }) {
      // The last part has done it, or, where it was a full one, this does.
      const none = new Uint8Array()
      const progress = await sendChunk(upload, none, `bytes */${size}`, checksum, signal)
      if (typeof progress !== 'number' && progress.size === size) return progress
      throw new StorageError(
        'upload_conflict',
        'Cannot complete upload: the store has other bytes than were sent',
      )
    },
    // Asked again, the store answers the object itself.
    findCompleted: async () => null,
    async abortUpload({ id }, { signal }) {
      const response = await send({ method: 'DELETE', path: sessionPath(id) }, signal)
      await response.body?.cancel()
      if (response.status >= 500) return refuse(response, signal)
    },
  }

  function sessionPath(id: string): string {
    // It comes back from wherever it was kept, so it is looked at again.
    if (!/^[\w.~%=&+-]{1,4096}$/.test(id))
      throw new StorageError('upload_not_found', 'Cannot find upload: its id is none of this store')
    return `${uploadPath}?${id}`
  }
}

function conditionsOf(
  ifMatch: string | undefined,
  ifNoneMatch: '*' | undefined,
): { readonly ifGenerationMatch?: string } {
  if (ifNoneMatch !== undefined) return { ifGenerationMatch: '0' }
  // An etag of another store is no generation, and none of ours.
  return ifMatch === undefined
    ? {}
    : { ifGenerationMatch: /^\d{1,19}$/.test(ifMatch) ? ifMatch : '1' }
}

function resourceOf(
  { metadata, ...properties }: CheckedProperties,
  storageClass: string | undefined,
): Readonly<Record<string, unknown>> {
  return {
    ...properties,
    ...(storageClass !== undefined && { storageClass }),
    ...(metadata && {
      // Links and forms carry it in headers, so it is the same everywhere.
      metadata: Object.fromEntries(
        Object.entries(metadata).map(([name, value]) => [name, encodeMetadata(value)]),
      ),
    }),
  }
}

function infoOf(key: string, resource: GcsResource): BlobInfo {
  const { size, generation, updated, crc32c, md5Hash, metadata = {} } = resource
  if (generation === undefined)
    throw new StorageError('failed', 'Cannot use Google bucket: an object has no generation')
  return {
    key,
    size: Number(size ?? 0),
    etag: generation,
    lastModified: Date.parse(updated ?? '') || 0,
    contentType: resource.contentType ?? 'application/octet-stream',
    cacheControl: resource.cacheControl ?? null,
    contentDisposition: resource.contentDisposition ?? null,
    contentEncoding: resource.contentEncoding ?? null,
    contentLanguage: resource.contentLanguage ?? null,
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, decodeMetadata(value)]),
    ),
    storageClass: resource.storageClass ?? null,
    versionId: generation,
    checksums: {
      ...(crc32c !== undefined && { crc32c }),
      ...(md5Hash !== undefined && { md5: md5Hash }),
    },
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const piece of pieces) length += piece.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
