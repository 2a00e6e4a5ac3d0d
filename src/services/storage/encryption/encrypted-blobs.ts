import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { openBody, type BlobBody } from '../blobs/blob-body.ts'
import type {
  BlobContent,
  BlobStore,
  CallOptions,
  GetOptions,
  PutOptions,
  StoredBlob,
} from '../blobs/blob-store.ts'
import { checkByteRange, spanOf } from '../blobs/byte-range.ts'
import { StorageError } from '../storage-error.ts'
import {
  HEADER_BYTES,
  objectKey,
  plainSize,
  readHeader,
  SALT_BYTES,
  sealedSize,
  TAG_BYTES,
  writeHeader,
  type SealedHeader,
} from './sealed-format.ts'
import { openStream, sealStream } from './seal-stream.ts'

/** Options of {@link createEncryptedBlobs}. */
export interface EncryptedBlobsOptions {
  readonly store: BlobStore
  /**
   * Master keys of 32 random bytes by their ids, or what finds one, as in a vault. Old ones stay as
   * long as anything is encrypted with them.
   */
  readonly keys: Readonly<Record<string, Uint8Array>> | ((id: string) => Promise<Uint8Array | null>)
  /** The id of the key that encrypts what is written now, 1 to 64 bytes; it is stored in clear. */
  readonly current: string
  /** Bytes that are read before any of them can be believed, 1 KiB to 16 MiB. Default 64 KiB. */
  readonly chunkBytes?: number
  /**
   * Binds each object to its key, so that whoever can write the store cannot put one in another's
   * place. It can then be copied or moved only by reading and writing it. Default `true`.
   */
  readonly bindKey?: boolean
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

/** Objects that the store sees encrypted only. */
export interface EncryptedBlobs {
  /** As `BlobStore.put`, in constant memory; a checksum is of what is stored. */
  put(key: string, body: BlobBody, options?: PutOptions): Promise<StoredBlob>
  /**
   * As `BlobStore.get`, also with ranges: only the chunks that hold them are read.
   *
   * @throws StorageError `not_authentic` when it is not what was written here, which the stream
   *   fails with too; `access_denied` when its master key is not to be had
   */
  get(
    key: string,
    options?: Pick<GetOptions, 'range' | 'signal' | 'versionId'>,
  ): Promise<BlobContent | null>
  /** @returns What it is: the size is that of the plain bytes. `null` when there is none */
  head(key: string, options?: CallOptions): Promise<EncryptedInfo | null>
}

/** What an encrypted object is. */
export interface EncryptedInfo {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly lastModified: number
  readonly contentType: string
  /** The id of the master key. */
  readonly keyId: string
}

const DEFAULT_MAX_BYTES = 67_108_864

/**
 * Encrypts on the way to any store and decrypts on the way back: AES-256-GCM in chunks whose order
 * and end are authenticated, with a key for each object derived from a master key. Types, metadata
 * and sizes stay in clear.
 *
 * @example
 * const keys = { '2026': masterKey }
 * const store = storage.bucket('s3', 'notes')
 * const files = createEncryptedBlobs({ store, keys, current: '2026' })
 * await files.put('a.txt', 'hello')
 * const end = await files.get('a.txt', { range: { suffix: 3 } })
 *
 * @throws TypeError or RangeError when an option is missing, unknown or malformed
 */
export function createEncryptedBlobs(options: EncryptedBlobsOptions): EncryptedBlobs {
  const action = 'create encrypted blobs'
  const more = ['chunkBytes', 'bindKey', 'random'] as const
  checkOptions(action, options, ['store', 'keys', 'current'], more)
  checkParts(action, 'store', options.store, ['get', 'put', 'head'])
  const { store, keys, current, bindKey = true, random = systemRandom } = options
  const chunkBytes = checkInteger(action, 'chunkBytes', options.chunkBytes ?? 65_536, 1024, 2 ** 24)
  writeHeader(current, chunkBytes, new Uint8Array(SALT_BYTES))
  if (typeof keys !== 'function') {
    for (const [id, key] of Object.entries(keys)) checkMaster(id, key)
    if (!Object.hasOwn(keys, current)) throw new TypeError(`Cannot ${action}: no key is current`)
  }

  async function keyOf(header: SealedHeader, key: string): Promise<CryptoKey> {
    const { keyId } = header
    const found =
      typeof keys === 'function'
        ? await keys(keyId)
        : Object.hasOwn(keys, keyId)
          ? keys[keyId]
          : null
    if (found === null || found === undefined)
      throw new StorageError('access_denied', 'Cannot decrypt object: its master key is not here')
    return objectKey(checkMaster(keyId, found).slice(), header, bindKey ? key : '')
  }

  async function headerOf(
    key: string,
    given: Pick<GetOptions, 'signal' | 'versionId'>,
  ): Promise<{ readonly info: BlobContent; readonly header: SealedHeader } | null> {
    const range = { offset: 0, length: HEADER_BYTES }
    const content = await store.get(key, { ...given, range }).catch((error: unknown) => {
      // An empty object has no first bytes.
      if (error instanceof StorageError && error.code === 'range_not_satisfiable') return undefined
      throw error
    })
    if (content === null) return null
    const header = readHeader((await content?.bytes(HEADER_BYTES)) ?? new Uint8Array())
    return content === undefined ? null : { info: content, header }
  }

  return {
    async put(key, body, given = {}) {
      const header = writeHeader(current, chunkBytes, random.bytes(SALT_BYTES))
      const sealing = await keyOf(header, key)
      const { size = sizeOf(body), maxBytes, contentType = typeOf(body), ...rest } = given
      const stored = await store.put(key, sealStream(body, header, sealing), {
        ...rest,
        ...(contentType !== undefined && { contentType }),
        ...(size !== undefined && { size: sealedSize(size, chunkBytes) }),
        ...(maxBytes !== undefined && { maxBytes: sealedSize(maxBytes, chunkBytes) }),
      })
      return { ...stored, size: plainSize(stored.size, chunkBytes).size }
    },
    async get(key, given = {}) {
      checkOptions('read object', given, [], ['range', 'signal', 'versionId'])
      const { range, ...call } = given
      const found = await headerOf(key, call)
      if (found === null) return null
      const { info, header } = found
      const { size, chunks } = plainSize(info.size, header.chunkBytes)
      const span = range === undefined ? null : spanOf(checkByteRange(range), size)
      if (range !== undefined && span === null)
        throw new StorageError('range_not_satisfiable', 'Cannot read object: it ends before')
      const { start, end } = span ?? { start: 0, end: size - 1 }
      const first = Math.floor(start / header.chunkBytes)
      const last = Math.max(Math.floor(end / header.chunkBytes), first)
      const step = header.chunkBytes + TAG_BYTES
      const opening = await keyOf(header, key)
      const content = await store.get(key, {
        ...call,
        ifMatch: info.etag,
        range: { offset: HEADER_BYTES + first * step, length: (last - first + 1) * step },
      })
      if (content === null) return null
      const take = end - start + 1
      const skip = start - first * header.chunkBytes
      const opened = { first, chunks, skip, take }
      const body = openStream(content.body, header, opening, opened)
      const bytes = async (maxBytes = DEFAULT_MAX_BYTES): Promise<Uint8Array<ArrayBuffer>> => {
        const read = take > maxBytes ? null : await readBytes(body, maxBytes)
        if (read !== null) return read
        await body.cancel()
        throw new StorageError('too_large', `Cannot read object: over ${maxBytes} bytes`)
      }
      return {
        ...content,
        size,
        checksums: {},
        range: span,
        bodySize: take,
        body,
        bytes,
        text: async (maxBytes) => decodeUtf8(await bytes(maxBytes)),
      }
    },
    async head(key, { signal } = {}) {
      const found = await headerOf(key, { signal })
      if (found === null) return null
      const { etag, lastModified, contentType, size } = found.info
      const { keyId } = found.header
      const plain = plainSize(size, found.header.chunkBytes)
      return { key, size: plain.size, etag, lastModified, contentType, keyId }
    },
  }
}

function checkMaster(id: string, key: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key instanceof Uint8Array && key.length === 32) return key as Uint8Array<ArrayBuffer>
  throw new RangeError(`Cannot use master key ${JSON.stringify(id.slice(0, 64))}: no 32 bytes`)
}

/** Streams say nothing of their size. */
function sizeOf(body: BlobBody): number | undefined {
  if (body instanceof ReadableStream || body instanceof Request || body instanceof Response)
    return undefined
  return openBody(body).size ?? undefined
}

function typeOf(body: BlobBody): string | undefined {
  if (body instanceof Request || body instanceof Response)
    return body.headers.get('content-type') ?? undefined
  if (body instanceof Blob) return body.type || undefined
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : undefined
}
