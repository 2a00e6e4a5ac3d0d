import { decodeBase64, encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeHex } from '../../../../primitives/hex.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import type { CheckedProperties } from '../../blobs/blob-properties.ts'
import type { BlobInfo } from '../../blobs/blob-store.ts'
import type { BlobUpload } from '../../blobs/multipart-uploads.ts'
import { spanOf } from '../../blobs/byte-range.ts'
import type { ExpectedChecksum } from '../../blobs/checksum.ts'
import { StorageError, type StorageErrorCode } from '../../storage-error.ts'
import type { R2BucketLike, R2HttpMetadataLike, R2ObjectLike, R2UploadLike } from './r2-binding.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** What a binding can do. */
const r2Capabilities: BlobCapabilities = {
  maxBytes: 5000 * GIB,
  maxPutBytes: 5 * GIB,
  parts: {
    minBytes: 5 * MIB,
    maxBytes: 5 * GIB,
    most: 10_000,
    equal: true,
    parallel: true,
    multipleOf: 1,
  },
  checksums: ['sha-256', 'md5'],
  partChecksums: [],
  createOnly: true,
  replaceOnly: true,
  conditionalParts: false,
  conditionalDelete: false,
  tags: false,
  storageClasses: true,
  metadataHyphens: true,
  backslashes: true,
  keysInKeys: true,
  copy: 'stream',
  presign: [],
  presignPost: false,
  presignParts: false,
  listParts: false,
  listUploads: false,
}

/** What R2 calls its failures, in parentheses at the end of a message. */
const CODES: Readonly<Record<string, StorageErrorCode>> = {
  '10007': 'not_found',
  '10011': 'upload_conflict',
  '10012': 'failed',
  '10020': 'invalid_key',
  '10024': 'upload_not_found',
  '10025': 'upload_conflict',
  '10029': 'upload_conflict',
  '10031': 'precondition_failed',
  '10037': 'checksum_mismatch',
  '10039': 'range_not_satisfiable',
  '10043': 'throttled',
  '10048': 'upload_conflict',
  '10054': 'throttled',
  '10058': 'throttled',
  '100100': 'too_large',
}

/**
 * Metadata that says which upload made an object, and is not shown. The etags of R2's parts do not
 * say what the etag of their object will be, so that nothing else proves that an upload was
 * completed whose answer was lost, or whose process died.
 */
const MADE_BY = 'reuse-upload'

/** A bucket's binding as a driver. An upload's id is our own name for it, a dot, and R2's. */
export function createR2Driver(
  bucket: R2BucketLike,
  random: Pick<RandomSource, 'bytes'>,
): BlobDriver {
  function resumed({ key, id }: BlobUpload): R2UploadLike {
    return bucket.resumeMultipartUpload(key, id.slice(id.indexOf('.') + 1))
  }

  async function head(key: string): Promise<BlobInfo | null> {
    const object = await asked(() => bucket.head(key))
    return object === null ? null : infoOf(object)
  }

  return {
    capabilities: r2Capabilities,
    head: (key, { versionId }) => head(noVersion(key, versionId)),
    async get(key, { range, ifMatch, ifNoneMatch, versionId }) {
      noVersion(key, versionId)
      // The last bytes are counted from the size, which has to be asked for.
      const known = range !== undefined && 'suffix' in range ? await head(key) : undefined
      if (known === null) return null
      const last = range === undefined || known === undefined ? null : spanOf(range, known.size)
      if (known !== undefined && last === null) throw behindTheEnd()
      const part = last === null ? range : { offset: last.start, length: last.end - last.start + 1 }
      const etagMatches = ifMatch ?? known?.etag
      const conditions = {
        ...(etagMatches !== undefined && { etagMatches }),
        ...(ifNoneMatch !== undefined && { etagDoesNotMatch: ifNoneMatch }),
      }
      const found = await asked(() =>
        bucket.get(key, {
          ...(part !== undefined && 'offset' in part && { range: part }),
          ...(Object.keys(conditions).length > 0 && { onlyIf: conditions }),
        }),
      )
      if (found === null) return null
      if ('body' in found && found.body !== undefined) {
        const span = part === undefined ? null : spanOf(part, found.size)
        if (part !== undefined && span === null) {
          await found.body.cancel()
          throw behindTheEnd()
        }
        return { ...infoOf(found), body: found.body, range: span, decoded: false }
      }
      if (ifNoneMatch === found.etag && (ifMatch === undefined || ifMatch === found.etag))
        return { notModified: true, etag: found.etag }
      throw new StorageError('precondition_failed', 'Cannot read object: it is another one')
    },
    async put(key, bytes, { properties, storageClass, ifMatch, ifNoneMatch, checksum }) {
      const onlyIf = {
        ...(ifMatch !== undefined && { etagMatches: ifMatch }),
        ...(ifNoneMatch !== undefined && { etagDoesNotMatch: ifNoneMatch }),
      }
      const stored = await asked(() =>
        bucket.put(key, bytes, {
          ...metadataOf(properties),
          ...(storageClass !== undefined && { storageClass }),
          ...(Object.keys(onlyIf).length > 0 && { onlyIf }),
          ...digestOf(checksum),
        }),
      )
      if (stored !== null) return infoOf(stored)
      throw new StorageError('precondition_failed', 'Cannot write object: another one is there')
    },
    delete: (key, { versionId }) => asked(() => bucket.delete(noVersion(key, versionId))),
    async deleteMany(keys) {
      await asked(() => bucket.delete([...keys]))
      return []
    },
    async page({ prefix, delimiter, cursor, limit }) {
      const found = await asked(() =>
        bucket.list({
          limit,
          ...(prefix !== '' && { prefix }),
          ...(delimiter !== undefined && { delimiter }),
          ...(cursor !== null && { cursor }),
        }),
      )
      if (found.truncated && found.cursor === undefined)
        throw new StorageError('failed', 'Cannot list objects: there are more, but no way to them')
      return {
        blobs: found.objects.map(({ key, size, etag, uploaded }) => ({
          key,
          size,
          etag,
          lastModified: uploaded.getTime(),
        })),
        prefixes: found.delimitedPrefixes,
        cursor: found.truncated ? (found.cursor ?? null) : null,
      }
    },
    async createUpload(key, { properties, storageClass }) {
      const name = encodeHex(random.bytes(8))
      const { httpMetadata, customMetadata } = metadataOf(properties)
      const { uploadId } = await asked(() =>
        bucket.createMultipartUpload(key, {
          httpMetadata,
          customMetadata: { ...customMetadata, [MADE_BY]: name },
          ...(storageClass !== undefined && { storageClass }),
        }),
      )
      return { id: `${name}.${uploadId}` }
    },
    async putPart(upload, { number, bytes }) {
      const { etag } = await asked(() => resumed(upload).uploadPart(number, bytes))
      return { number, size: bytes.length, etag }
    },
    async parts() {
      throw new StorageError('unsupported', 'Cannot list parts: an R2 binding does not tell them')
    },
    async completeUpload(upload, parts) {
      const listed = parts.map(({ number: partNumber, etag }) => ({ partNumber, etag }))
      return infoOf(await asked(() => resumed(upload).complete(listed)))
    },
    async findCompleted({ key, id }, _, { size }) {
      const found = await asked(() => bucket.head(key))
      const same = found?.size === size && found.customMetadata?.[MADE_BY] === id.split('.')[0]
      return found !== null && same ? infoOf(found) : null
    },
    async abortUpload(upload) {
      try {
        await asked(() => resumed(upload).abort())
      } catch (error) {
        if (!(error instanceof StorageError && error.code === 'upload_not_found')) throw error
      }
    },
  }
}

function infoOf(object: R2ObjectLike): BlobInfo {
  const { key, size, etag, uploaded, checksums, httpMetadata = {} } = object
  const { [MADE_BY]: _, ...metadata } = object.customMetadata ?? {}
  return {
    key,
    size,
    etag,
    lastModified: uploaded.getTime(),
    contentType: httpMetadata.contentType ?? 'application/octet-stream',
    cacheControl: httpMetadata.cacheControl ?? null,
    contentDisposition: httpMetadata.contentDisposition ?? null,
    contentEncoding: httpMetadata.contentEncoding ?? null,
    contentLanguage: httpMetadata.contentLanguage ?? null,
    metadata,
    storageClass: object.storageClass ?? null,
    versionId: null,
    checksums: {
      ...(checksums.md5 !== undefined && { md5: encodeBase64(new Uint8Array(checksums.md5)) }),
      ...(checksums.sha256 !== undefined && {
        'sha-256': encodeBase64(new Uint8Array(checksums.sha256)),
      }),
    },
  }
}

function metadataOf({ metadata, ...headers }: CheckedProperties): {
  readonly httpMetadata: R2HttpMetadataLike
  readonly customMetadata?: Record<string, string>
} {
  return { httpMetadata: headers, ...(metadata && { customMetadata: { ...metadata } }) }
}

function digestOf(checksum: ExpectedChecksum | null): { md5?: ArrayBuffer; sha256?: ArrayBuffer } {
  if (checksum === null) return {}
  const bytes = decodeBase64(checksum.value)
  if (bytes === null)
    throw new StorageError('checksum_mismatch', 'Cannot write object: its checksum is no base64')
  return checksum.algorithm === 'md5' ? { md5: bytes.buffer } : { sha256: bytes.buffer }
}

function behindTheEnd(): StorageError {
  return new StorageError('range_not_satisfiable', 'Cannot read object: it ends before the range')
}

function noVersion(key: string, versionId: string | undefined): string {
  if (versionId === undefined) return key
  throw new StorageError('unsupported', 'Cannot find version: R2 keeps none')
}

async function asked<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const number = /\((\d+)\)\s*$/.exec(message)?.[1] ?? ''
    const code = CODES[number]
    throw new StorageError(code ?? 'unavailable', `Cannot use R2 bucket: it failed (${number})`, {
      cause: error,
      mayHaveHappened: code === undefined,
    })
  }
}
