import { checkInteger } from '../../../primitives/check-range.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { StorageError } from '../storage-error.ts'
import type { BlobContext } from './blob-context.ts'
import type { UploadPage } from './blob-driver.ts'
import { checkBlobKey, checkBlobPrefix } from './blob-key.ts'
import { PROPERTY_NAMES } from './blob-properties.ts'
import { completeUpload } from './complete-upload.ts'
import type { MultipartUploads } from './multipart-uploads.ts'
import { commitOf } from './put-parts.ts'
import { need } from './need.ts'
import { checkWriteTerms, partBytesFor } from './write-terms.ts'

/** The steps of an upload on top of a driver, with what is checked in each. */
export function createUploads({ driver, call, now }: BlobContext): MultipartUploads {
  const { capabilities } = driver

  return {
    async create(key, options = {}) {
      checkOptions(
        'create upload',
        options,
        [],
        [...PROPERTY_NAMES, 'tags', 'storageClass', 'ifNoneMatch', 'size', 'partBytes', 'signal'],
      )
      checkBlobKey(key, capabilities)
      const { size, signal } = options
      const terms = checkWriteTerms(options, capabilities)
      if (terms.ifNoneMatch !== undefined) need(capabilities, 'conditionalParts')
      const partBytes = partBytesFor(size, options.partBytes, capabilities)
      if (size !== undefined) checkInteger('create upload', 'size', size, 0, capabilities.maxBytes)
      const written = { ...terms, ifMatch: undefined, size, checksum: null }
      const { id } = await call(signal, (current) =>
        driver.createUpload(key, { ...written, signal: current }),
      )
      return { key, id, partBytes, commit: commitOf(terms) }
    },
    async putPart(upload, part, { signal } = {}) {
      const { number, bytes, last } = part
      const { partBytes } = upload
      checkInteger('write part', 'number', number, 1, capabilities.parts.most)
      const fits = last ? bytes.length <= partBytes : bytes.length === partBytes
      if (!fits)
        throw new RangeError(
          `Cannot write part: it has ${bytes.length} bytes, ${last ? 'at most ' : ''}${partBytes} expected`,
        )
      const offset = (number - 1) * partBytes
      return call(signal, (current) =>
        driver.putPart(upload, part, { offset, checksum: null, whole: null, signal: current }),
      )
    },
    parts: (upload, { signal } = {}) =>
      call(signal, (current) => driver.parts(upload, { signal: current })),
    async complete(upload, parts, options = {}) {
      checkOptions('complete upload', options, [], ['again', 'signal'])
      const { signal, again = false } = options
      const ordered = parts.toSorted((a, b) => a.number - b.number)
      const { partBytes } = upload
      const whole = ordered.every(
        ({ number, size }, index) =>
          number === index + 1 && (size === partBytes || index === ordered.length - 1),
      )
      if (!whole || ordered.length === 0)
        throw new StorageError(
          'upload_conflict',
          'Cannot complete upload: its parts are not 1 to the last, each but the last full',
        )
      return completeUpload({ driver, call }, upload, ordered, {
        ifMatch: undefined,
        checksum: null,
        again,
        signal,
      })
    },
    async presignPart(upload, options) {
      const { presignBlobPart } = await import('./presign-blob.ts')
      return presignBlobPart(driver, upload, options, now())
    },
    async abort(upload, { signal } = {}) {
      await call(signal, (current) => driver.abortUpload(upload, { signal: current }))
    },
    async sweep(options) {
      checkOptions('sweep uploads', options, ['before'], ['after', 'prefix', 'key', 'signal'])
      const { before, after = -Infinity, key: only, signal } = options
      const prefix = checkBlobPrefix(only ?? options.prefix ?? '')
      const { pageUploads } = driver
      if (pageUploads === undefined)
        throw new StorageError('unsupported', 'Cannot sweep uploads: this store cannot list them')
      let swept = 0
      let cursor: string | null = null
      do {
        const at: string | null = cursor
        const found: UploadPage = await call(signal, (current) =>
          pageUploads({ prefix, cursor: at, signal: current }),
        )
        for (const { key, id, startedAt } of found.uploads) {
          // Some stores leave the prefix unread.
          if (startedAt >= before || startedAt < after || !key.startsWith(prefix)) continue
          if (only !== undefined && key !== only) continue
          const upload = { key, id, partBytes: 0, commit: {} }
          await call(signal, (current) => driver.abortUpload(upload, { signal: current }))
          swept++
        }
        cursor = found.cursor
      } while (cursor !== null)
      return swept
    },
  }
}
