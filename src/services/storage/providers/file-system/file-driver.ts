import { encodeHex } from '../../../../primitives/hex.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver, DriverWrite } from '../../blobs/blob-driver.ts'
import type { BlobInfo, StoredBlob } from '../../blobs/blob-store.ts'
import { spanOf } from '../../blobs/byte-range.ts'
import { checksumOf, type ExpectedChecksum } from '../../blobs/checksum.ts'
import type { UploadedPart } from '../../blobs/multipart-uploads.ts'
import { StorageError } from '../../storage-error.ts'
import type { FileFolder, OpenFile } from './file-folder.ts'
import { fileError, fileErrorCode, type FileHandle, type FileModule } from './file-modules.ts'
import { walkFiles } from './walk-files.ts'

const MAX_BYTES = 2 ** 50
const CHUNK_BYTES = 65_536

/** What files can do. */
const fileCapabilities: BlobCapabilities = {
  maxBytes: MAX_BYTES,
  maxPutBytes: 2 ** 31 - 1,
  parts: {
    minBytes: 1,
    maxBytes: 2 ** 31 - 1,
    most: 100_000,
    equal: true,
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
  keysInKeys: false,
  copy: 'server',
  presign: [],
  presignPost: false,
  presignParts: false,
  listParts: true,
  listUploads: true,
}

/** What {@link createFileDriver} works with. */
export interface FileDriverOptions {
  readonly files: FileModule
  readonly folder: FileFolder
  /** Folders of other buckets. */
  readonly folderOf: (bucket: string) => FileFolder
  readonly clock: Clock
  readonly random: RandomSource
}

/** What stands beside the parts of an upload. */
interface UploadNotes extends Pick<DriverWrite, 'properties' | 'tags' | 'ifNoneMatch'> {
  readonly key: string
  readonly startedAt: number
}

/** One folder as a driver. */
export function createFileDriver(options: FileDriverOptions): BlobDriver {
  const { files, folder, folderOf, clock, random } = options
  const uploadPath = (id: string, ...names: readonly string[]): string =>
    folder.own('uploads', checkId(id), ...names)

  function infoOf(key: string, { size, modifiedAt, notes }: OpenFile): BlobInfo {
    const { etag, properties } = notes
    return {
      key,
      size,
      etag,
      lastModified: modifiedAt,
      contentType: properties.contentType ?? 'application/octet-stream',
      cacheControl: properties.cacheControl ?? null,
      contentDisposition: properties.contentDisposition ?? null,
      contentEncoding: properties.contentEncoding ?? null,
      contentLanguage: properties.contentLanguage ?? null,
      metadata: properties.metadata ?? {},
      storageClass: null,
      versionId: null,
      checksums: {},
    }
  }

  async function head(key: string): Promise<BlobInfo | null> {
    const file = await folder.open(key)
    if (file === null) return null
    await file.handle.close()
    return infoOf(key, file)
  }

  async function commit(
    key: string,
    path: string,
    size: number,
    {
      properties,
      tags = {},
      ifMatch,
      ifNoneMatch,
      upload,
    }: Omit<DriverWrite, 'signal' | 'storageClass'> & {
      readonly ifMatch: string | undefined
      readonly upload?: string
    },
  ): Promise<StoredBlob> {
    try {
      const notes = { properties, tags, upload }
      const { etag } = await folder.commit(key, path, notes, { ifMatch, ifNoneMatch })
      const { contentType } = properties
      return { key, size, etag, contentType, versionId: null, checksums: {} }
    } catch (error) {
      await files.unlink(path).catch(() => undefined)
      throw error
    }
  }

  async function readUpload(id: string): Promise<UploadNotes> {
    try {
      // Only this room writes there.
      return JSON.parse(await files.readFile(uploadPath(id, 'upload.json'), 'utf8')) as UploadNotes
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT') throw error
      throw new StorageError('upload_not_found', 'Cannot find upload: it was ended')
    }
  }

  async function readParts(id: string): Promise<readonly UploadedPart[]> {
    const entries = await files.readdir(uploadPath(id), { withFileTypes: true })
    const parts: UploadedPart[] = []
    for (const { name } of entries)
      if (name.startsWith('part-'))
        parts.push(JSON.parse(await files.readFile(uploadPath(id, name), 'utf8')) as UploadedPart)
    return parts.toSorted((a, b) => a.number - b.number)
  }

  const driver: BlobDriver = {
    capabilities: fileCapabilities,
    head,
    async get(key, { range, ifMatch, ifNoneMatch }) {
      const file = await folder.open(key)
      if (file === null) return null
      const info = infoOf(key, file)
      const span = range === undefined ? null : spanOf(range, info.size)
      const problem =
        ifMatch !== undefined && info.etag !== ifMatch
          ? new StorageError('precondition_failed', 'Cannot read object: it is another one')
          : range !== undefined && span === null
            ? new StorageError('range_not_satisfiable', 'Cannot read object: it ends before')
            : null
      if (problem !== null || info.etag === ifNoneMatch) {
        await file.handle.close()
        if (problem !== null) throw problem
        return { notModified: true, etag: info.etag }
      }
      const { start, end } = span ?? { start: 0, end: info.size - 1 }
      const body = await bodyOf(file.handle, start, end + 1)
      return { ...info, range: span, decoded: false, body }
    },
    async put(key, bytes, { checksum, ...write }) {
      compare(bytes, checksum)
      const path = await folder.newFile()
      await writeAll(await files.open(path, 'wx'), bytes, 0)
      return commit(key, path, bytes.length, write)
    },
    delete: (key, { ifMatch }) => folder.remove(key, ifMatch),
    async page({ limit, signal, ...asked }) {
      const blobs: BlobInfo[] = []
      const prefixes: string[] = []
      let last: string | null = null
      for await (const { key, prefix } of walkFiles(files, folder.root, asked)) {
        signal.throwIfAborted()
        if (blobs.length + prefixes.length === limit) return { blobs, prefixes, cursor: last }
        last = key ?? prefix
        if (prefix !== undefined) prefixes.push(prefix)
        const info = key === undefined ? null : await head(key)
        if (info !== null) blobs.push(info)
      }
      return { blobs, prefixes, cursor: null }
    },
    async copy(from, to, { properties, ifNoneMatch, source }) {
      const file = await folderOf(from.bucket).open(from.key)
      if (file === null || file.notes.etag !== source.etag) {
        await file?.handle.close()
        throw new StorageError('precondition_failed', 'Cannot copy object: it is another one')
      }
      const path = await folder.newFile()
      const { handle, size, notes } = file
      try {
        const target = await files.open(path, 'wx')
        await pour(handle, target, size)
      } finally {
        await handle.close()
      }
      const kept = { contentType: 'application/octet-stream', ...notes.properties }
      const write = { properties: properties ?? kept, tags: notes.tags, ifNoneMatch }
      return commit(to, path, size, { ...write, ifMatch: undefined })
    },
    async getTags(key) {
      const file = await folder.open(key)
      await file?.handle.close()
      if (file !== null) return file.notes.tags
      throw new StorageError('not_found', 'Cannot read tags: there is no object under this key')
    },
    async setTags(key, tags) {
      if (await folder.note(key, (notes) => ({ ...notes, tags }))) return
      throw new StorageError('not_found', 'Cannot tag object: there is none under this key')
    },
    async createUpload(key, { properties, tags, ifNoneMatch }) {
      const id = encodeHex(random.bytes(16))
      await files.mkdir(uploadPath(id), { recursive: true })
      const notes: UploadNotes = { key, startedAt: clock.now(), properties, tags, ifNoneMatch }
      await (await files.open(uploadPath(id, 'data'), 'wx')).close()
      await files.writeFile(uploadPath(id, 'upload.json'), JSON.stringify(notes))
      return { id }
    },
    async putPart({ id }, { number, bytes }, { offset, checksum }) {
      await readUpload(id)
      compare(bytes, checksum)
      await writeAll(await files.open(uploadPath(id, 'data'), 'r+'), bytes, offset)
      const part = { number, size: bytes.length, etag: checksumOf('crc32c', bytes) }
      const path = uploadPath(id, `part-${number}`)
      await files.writeFile(uploadPath(id, `draft-${number}`), JSON.stringify(part))
      await files.rename(uploadPath(id, `draft-${number}`), path)
      return part
    },
    async parts({ id }) {
      await readUpload(id)
      return readParts(id)
    },
    async completeUpload({ id }, parts, { ifMatch, size }) {
      const notes = await readUpload(id)
      const kept = await readParts(id)
      const same = parts.every(({ number, etag, size: bytes }) =>
        kept.some((part) => part.number === number && part.etag === etag && part.size === bytes),
      )
      if (!same)
        throw new StorageError('upload_conflict', 'Cannot complete upload: a part is another one')
      const path = await folder.newFile()
      const data = uploadPath(id, 'data')
      const handle = await files.open(data, 'r+')
      await handle.truncate(size)
      await handle.close()
      // Linked, not moved: a condition that does not hold leaves the upload as it is.
      await files.link(data, path)
      const stored = await commit(notes.key, path, size, { ...notes, ifMatch, upload: id })
      await files.rm(uploadPath(id), { recursive: true, force: true })
      return stored
    },
    async findCompleted({ key, id }) {
      const file = await folder.open(key)
      await file?.handle.close()
      return file?.notes.upload === id ? infoOf(key, file) : null
    },
    async abortUpload({ id }) {
      await files.rm(uploadPath(id), { recursive: true, force: true })
    },
    async pageUploads({ prefix }) {
      const entries = await files
        .readdir(folder.own('uploads'), { withFileTypes: true })
        .catch((error: unknown) => {
          if (fileErrorCode(error) === 'ENOENT') return []
          throw error
        })
      const uploads: { key: string; id: string; startedAt: number }[] = []
      for (const { name: id } of entries) {
        const notes = await readUpload(id).catch(() => null)
        if (notes?.key.startsWith(prefix) === true)
          uploads.push({ key: notes.key, id, startedAt: notes.startedAt })
      }
      return { uploads, cursor: null }
    },
  }
  return translated(driver)
}

/** Every method with the file system's errors as a store's. */
function translated(driver: BlobDriver): BlobDriver {
  const entries = Object.entries(driver).map(([name, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [name, value]
    const method = async (...args: readonly unknown[]): Promise<unknown> => {
      try {
        return await (Reflect.apply(value, driver, args) as Promise<unknown>)
      } catch (error) {
        throw fileError(error)
      }
    }
    return [name, method]
  })
  // The same methods with the same arguments and results.
  return Object.fromEntries(entries) as BlobDriver
}

function checkId(id: string): string {
  if (/^[0-9a-f]{32}$/.test(id)) return id
  throw new StorageError('upload_not_found', 'Cannot find upload: its id is none of this store')
}

function compare(bytes: Uint8Array, checksum: ExpectedChecksum | null): void {
  if (checksum === null || checksumOf(checksum.algorithm, bytes) === checksum.value) return
  throw new StorageError('checksum_mismatch', 'Cannot write object: its checksum is another one')
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
      done += bytesWritten
    }
  } finally {
    await handle.close()
  }
}

async function pour(from: FileHandle, to: FileHandle, size: number): Promise<void> {
  try {
    const buffer = new Uint8Array(CHUNK_BYTES * 16)
    for (let position = 0; position < size;) {
      const { bytesRead } = await from.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) throw new StorageError('failed', 'Cannot copy object: it became shorter')
      for (let done = 0; done < bytesRead;) {
        const written = await to.write(buffer, done, bytesRead - done, position + done)
        done += written.bytesWritten
      }
      position += bytesRead
    }
  } finally {
    await to.close()
  }
}

/** A short part is read at once, so that nothing stays open when nobody reads it. */
async function bodyOf(
  handle: FileHandle,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  let position = start

  async function next(): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = new Uint8Array(Math.min(CHUNK_BYTES, end - position))
    if (buffer.length === 0) return buffer
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
    position += bytesRead
    return buffer.subarray(0, bytesRead)
  }

  if (end - start <= CHUNK_BYTES) {
    try {
      const bytes = await next()
      return new ReadableStream({
        start(controller) {
          if (bytes.length > 0) controller.enqueue(bytes)
          controller.close()
        },
      })
    } finally {
      await handle.close()
    }
  }
  return new ReadableStream(
    {
      async pull(controller) {
        const bytes = await next()
        if (bytes.length > 0) controller.enqueue(bytes)
        if (bytes.length > 0 && position < end) return
        await handle.close()
        controller.close()
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  )
}
