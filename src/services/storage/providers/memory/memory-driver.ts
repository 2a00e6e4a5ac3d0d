import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import { encodeHex } from '../../../../primitives/hex.ts'
import { createMd5 } from '../../../../primitives/md5.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver, DriverWrite } from '../../blobs/blob-driver.ts'
import type { BlobInfo, StoredBlob } from '../../blobs/blob-store.ts'
import { spanOf } from '../../blobs/byte-range.ts'
import { checksumOf, type ExpectedChecksum } from '../../blobs/checksum.ts'
import { pageOf } from '../../blobs/page-of.ts'
import { StorageError } from '../../storage-error.ts'

/** An object in memory. */
export interface MemoryObject {
  readonly info: BlobInfo
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly tags: Readonly<Record<string, string>>
  /** The upload that made it, if one did. */
  readonly upload?: string | undefined
}

/** An upload in memory. */
export interface MemoryUpload {
  readonly key: string
  readonly startedAt: number
  readonly write: Omit<DriverWrite, 'signal'>
  readonly parts: Map<number, Uint8Array<ArrayBuffer>>
}

/** What {@link createMemoryBucket} works with. */
export interface MemoryBucket {
  readonly objects: Map<string, MemoryObject>
  readonly uploads: Map<string, MemoryUpload>
  /** Objects of another bucket. */
  readonly find: (bucket: string) => ReadonlyMap<string, MemoryObject>
  readonly clock: Pick<Clock, 'now'>
}

const MAX_BYTES = 2 ** 31

const memoryCapabilities: BlobCapabilities = {
  maxBytes: MAX_BYTES,
  maxPutBytes: MAX_BYTES,
  parts: {
    minBytes: 1,
    maxBytes: MAX_BYTES,
    most: 10_000,
    equal: false,
    parallel: true,
    multipleOf: 1,
  },
  checksums: ['crc32c', 'sha-256', 'crc64nvme', 'md5'],
  partChecksums: ['crc32c', 'sha-256', 'crc64nvme', 'md5'],
  createOnly: true,
  replaceOnly: true,
  conditionalParts: true,
  conditionalDelete: true,
  tags: true,
  storageClasses: false,
  metadataHyphens: true,
  backslashes: true,
  keysInKeys: true,
  copy: 'server',
  presign: [],
  presignPost: false,
  presignParts: false,
  listParts: true,
  listUploads: true,
}

/** One bucket's objects as a driver. Every call is one step, so that no two of them mix. */
export function createMemoryBucket({ objects, uploads, find, clock }: MemoryBucket): BlobDriver {
  let versions = 0

  function write(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    options: Omit<DriverWrite, 'signal'> & { readonly ifMatch?: string | undefined },
    upload?: string,
  ): StoredBlob {
    const { properties, tags = {}, ifMatch, ifNoneMatch } = options
    const current = objects.get(key)
    if (
      (ifNoneMatch === '*' && current !== undefined) ||
      (ifMatch !== undefined && current?.info.etag !== ifMatch)
    )
      throw new StorageError('precondition_failed', 'Cannot write object: another one is there')
    const info: BlobInfo = {
      key,
      size: bytes.length,
      etag: `${(++versions).toString(16).padStart(8, '0')}`,
      lastModified: clock.now(),
      contentType: properties.contentType,
      cacheControl: properties.cacheControl ?? null,
      contentDisposition: properties.contentDisposition ?? null,
      contentEncoding: properties.contentEncoding ?? null,
      contentLanguage: properties.contentLanguage ?? null,
      metadata: properties.metadata ?? {},
      storageClass: null,
      versionId: null,
      checksums: { crc32c: checksumOf('crc32c', bytes) },
    }
    objects.set(key, { info, bytes, tags, upload })
    return info
  }

  function uploadOf({ id }: { readonly id: string }): MemoryUpload {
    const upload = uploads.get(id)
    if (upload !== undefined) return upload
    throw new StorageError('upload_not_found', 'Cannot find upload: it was ended')
  }

  function objectOf(key: string, action: string): MemoryObject {
    const object = objects.get(key)
    if (object !== undefined) return object
    throw new StorageError('not_found', `Cannot ${action} object: there is none under this key`)
  }

  return {
    capabilities: memoryCapabilities,
    head: async (key) => objects.get(key)?.info ?? null,
    async get(key, { range, ifMatch, ifNoneMatch }) {
      const object = objects.get(key)
      if (object === undefined) return null
      const { info, bytes } = object
      if (ifMatch !== undefined && info.etag !== ifMatch)
        throw new StorageError('precondition_failed', 'Cannot read object: it is another one')
      if (ifNoneMatch === info.etag) return { notModified: true, etag: info.etag }
      const span = range === undefined ? null : spanOf(range, info.size)
      if (range !== undefined && span === null)
        throw new StorageError(
          'range_not_satisfiable',
          'Cannot read object: the range begins behind its end',
        )
      const part = span === null ? bytes.slice() : bytes.slice(span.start, span.end + 1)
      return { ...info, body: streamOf(part), range: span, decoded: false }
    },
    async put(key, bytes, { checksum, ...options }) {
      compare(bytes, checksum)
      return write(key, bytes.slice(), options)
    },
    async delete(key, { ifMatch }) {
      const current = objects.get(key)
      if (ifMatch !== undefined && current !== undefined && current.info.etag !== ifMatch)
        throw new StorageError('precondition_failed', 'Cannot delete object: it is another one')
      objects.delete(key)
    },
    async deleteMany(keys) {
      for (const key of keys) objects.delete(key)
      return []
    },
    async page(options) {
      return pageOf(
        [...objects.values()].map(({ info }) => info),
        options,
      )
    },
    async copy(from, to, { properties, ifNoneMatch, source }) {
      const found = find(from.bucket).get(from.key)
      if (found === undefined || found.info.etag !== source.etag)
        throw new StorageError('precondition_failed', 'Cannot copy object: it is another one')
      const kept = found.info
      const copied = {
        contentType: kept.contentType,
        ...(kept.cacheControl !== null && { cacheControl: kept.cacheControl }),
        ...(kept.contentDisposition !== null && { contentDisposition: kept.contentDisposition }),
        ...(kept.contentEncoding !== null && { contentEncoding: kept.contentEncoding }),
        ...(kept.contentLanguage !== null && { contentLanguage: kept.contentLanguage }),
        metadata: kept.metadata,
      }
      const { tags } = found
      return write(to, found.bytes, {
        properties: properties ?? copied,
        tags,
        ifNoneMatch,
        storageClass: undefined,
      })
    },
    getTags: async (key) => objectOf(key, 'read tags of').tags,
    async setTags(key, tags) {
      objects.set(key, { ...objectOf(key, 'tag'), tags })
    },
    async createUpload(key, { properties, tags, storageClass, ifNoneMatch }) {
      const id = `upload-${++versions}`
      const options = { properties, tags, storageClass, ifNoneMatch }
      uploads.set(id, { key, startedAt: clock.now(), write: options, parts: new Map() })
      return { id }
    },
    async putPart(upload, { number, bytes }, { checksum }) {
      const { parts } = uploadOf(upload)
      compare(bytes, checksum)
      parts.set(number, bytes.slice())
      return { number, size: bytes.length, etag: md5Hex(bytes) }
    },
    async parts(upload) {
      return [...uploadOf(upload).parts]
        .map(([number, bytes]) => ({ number, size: bytes.length, etag: md5Hex(bytes) }))
        .toSorted((a, b) => a.number - b.number)
    },
    async completeUpload(upload, parts, { ifMatch }) {
      const kept = uploadOf(upload)
      const pieces = parts.map(({ number, etag }) => {
        const piece = kept.parts.get(number)
        if (piece !== undefined && md5Hex(piece) === etag) return piece
        throw new StorageError('upload_conflict', 'Cannot complete upload: a part is another one')
      })
      const stored = write(kept.key, joined(pieces), { ...kept.write, ifMatch }, upload.id)
      uploads.delete(upload.id)
      return stored
    },
    async findCompleted({ key, id }) {
      const object = objects.get(key)
      return object?.upload === id ? object.info : null
    },
    async abortUpload({ id }) {
      uploads.delete(id)
    },
    async pageUploads({ prefix }) {
      return {
        uploads: [...uploads]
          .map(([id, { key, startedAt }]) => ({ key, id, startedAt }))
          .filter(({ key }) => key.startsWith(prefix)),
        cursor: null,
      }
    },
  }
}

function compare(bytes: Uint8Array, checksum: ExpectedChecksum | null): void {
  if (checksum === null || checksumOf(checksum.algorithm, bytes) === checksum.value) return
  throw new StorageError('checksum_mismatch', 'Cannot write object: its checksum is another one')
}

function md5Hex(bytes: Uint8Array): string {
  const md5 = createMd5()
  md5.update(bytes)
  return encodeHex(md5.digest())
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

function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, (at += 65_536)))
    },
  })
}
