import { encodeBase64 } from '../../../../primitives/base64.ts'
import { createMd5 } from '../../../../primitives/md5.ts'
import { percentEncode, percentEncodePath } from '../../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { BlobDriver, DriverCopy } from '../../blobs/blob-driver.ts'
import type { BlobInfo, BlobLocation, StoredBlob } from '../../blobs/blob-store.ts'
import { multipartEtag } from '../../blobs/multipart-etag.ts'
import type { UploadedPart } from '../../blobs/multipart-uploads.ts'
import { propertiesOf } from '../../blobs/properties-of.ts'
import { unquoted } from '../../http/entity-headers.ts'
import { encodeXml, wholeXml, xmlElements, xmlValue } from '../../http/read-xml.ts'
import { StorageError } from '../../storage-error.ts'
import type { S3Client } from './s3-client.ts'
import { propertyHeaders, storedOf } from './s3-objects.ts'
import { confirmBySize, headOf } from './s3-reading.ts'
import { beginUpload, endUpload, goneWithUpload } from './s3-uploads.ts'

const GIB = 2 ** 30
/** The most that one request copies. */
const MAX_COPY_BYTES = 5 * GIB
const COPY_PART_BYTES = GIB

/** What few callers need of a bucket, loaded when it is called. */
export type S3Extras = Required<
  Pick<
    BlobDriver,
    'copy' | 'deleteMany' | 'getTags' | 'setTags' | 'parts' | 'findCompleted' | 'pageUploads'
  >
>

export function createS3Extras(client: S3Client, put: BlobDriver['put']): S3Extras {
  const { ask } = client
  const confirm = confirmBySize(client)

  async function copyParts(
    from: BlobLocation,
    to: string,
    options: DriverCopy,
  ): Promise<StoredBlob> {
    const { source, ifNoneMatch, signal } = options
    const properties = options.properties ?? propertiesOf(source)
    const write = { ...options, properties, tags: undefined }
    const id = await beginUpload(client, to, write, null)
    try {
      const parts: { number: number; etag: string }[] = []
      for (let start = 0; start < source.size; start += COPY_PART_BYTES) {
        const end = Math.min(start + COPY_PART_BYTES, source.size) - 1
        const number = parts.length + 1
        const headers = {
          ...sourceHeaders(from, source),
          'x-amz-copy-source-range': `bytes=${start}-${end}`,
        }
        const query = { partNumber: String(number), uploadId: id }
        const { text } = await ask({ method: 'PUT', key: to, query, headers }, signal)
        const etag = unquoted(xmlValue(text, 'ETag'))
        if (etag === '') throw new StorageError('failed', 'Cannot copy object: a part has no etag')
        parts.push({ number, etag })
      }
      const known = { size: source.size, contentType: properties.contentType }
      const headers = { 'if-none-match': ifNoneMatch }
      return await endUpload(client, confirm, { key: to, id }, parts, headers, known, signal)
    } catch (error) {
      const request = { method: 'DELETE', key: to, query: { uploadId: id } }
      await ask(request, new AbortController().signal).catch(() => undefined)
      throw error
    }
  }

  return {
    async deleteMany(keys, { signal }) {
      const objects = keys.map((key) => `<Object><Key>${encodeXml(key)}</Key></Object>`)
      const answer = await postXml(
        { method: 'POST', query: { delete: '' } },
        `<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`,
        signal,
      )
      const text = wholeXml(answer, 'DeleteResult')
      return xmlElements(text, 'Error').flatMap((error) => {
        const code = xmlValue(error, 'Code') ?? ''
        if (code === 'NoSuchKey') return []
        const known =
          code === 'AccessDenied'
            ? 'access_denied'
            : code === 'SlowDown'
              ? 'throttled'
              : 'unavailable'
        const why = new StorageError(known, 'Cannot delete object: the store refused it')
        return [{ key: xmlValue(error, 'Key') ?? '', error: why }]
      })
    },
    async copy(from, to, options) {
      const { properties, source, signal, ifNoneMatch } = options
      // Copying in one request knows no such condition, completing an upload and writing do.
      if (ifNoneMatch && source.size === 0)
        return put(to, new Uint8Array(), {
          ...options,
          properties: properties ?? propertiesOf(source),
          tags: undefined,
          ifMatch: undefined,
          checksum: null,
        })
      if (ifNoneMatch || source.size > MAX_COPY_BYTES) return copyParts(from, to, options)
      const headers = {
        ...sourceHeaders(from, source),
        'x-amz-metadata-directive': properties === null ? 'COPY' : 'REPLACE',
        ...(properties !== null && propertyHeaders(properties)),
        'x-amz-storage-class': options.storageClass,
      }
      const answer = await ask({ method: 'PUT', key: to, headers }, signal)
      const contentType = properties?.contentType ?? source.contentType
      const known = { key: to, size: source.size, contentType }
      return storedOf(confirm, known, xmlValue(answer.text, 'ETag'), answer.headers, signal)
    },
    async getTags(key, { signal }) {
      const request = { method: 'GET', key, query: { tagging: '' } }
      const text = wholeXml((await ask(request, signal)).text, 'Tagging')
      const pairs = xmlElements(text, 'Tag').map((tag): [string, string] => [
        xmlValue(tag, 'Key') ?? '',
        xmlValue(tag, 'Value') ?? '',
      ])
      return Object.fromEntries(pairs)
    },
    async setTags(key, tags, { signal }) {
      const listed = Object.entries(tags).map(
        ([name, value]) =>
          `<Tag><Key>${encodeXml(name)}</Key><Value>${encodeXml(value)}</Value></Tag>`,
      )
      await postXml(
        { method: 'PUT', key, query: { tagging: '' } },
        `<Tagging><TagSet>${listed.join('')}</TagSet></Tagging>`,
        signal,
      )
    },
    async parts({ key, id: uploadId }, { signal }) {
      const parts: UploadedPart[] = []
      let marker: string | null = '0'
      while (marker !== null) {
        const query: Record<string, string> = { uploadId, 'part-number-marker': marker }
        const request = { method: 'GET', key, query }
        const answer = await ask(request, signal).catch(goneWithUpload)
        const text = wholeXml(answer.text, 'ListPartsResult')
        for (const part of xmlElements(text, 'Part'))
          parts.push({
            number: Number(xmlValue(part, 'PartNumber')),
            size: Number(xmlValue(part, 'Size')),
            etag: unquoted(xmlValue(part, 'ETag')),
          })
        const next = xmlValue(text, 'NextPartNumberMarker')
        marker = xmlValue(text, 'IsTruncated') === 'true' && next !== marker ? next : null
      }
      return parts
    },
    async findCompleted({ key }, parts, { size, signal }) {
      const found = await headOf(client, key, undefined, signal)
      return found?.size === size && found.etag === multipartEtag(parts) ? found : null
    },
    async pageUploads({ prefix, cursor, signal }) {
      const [keyMarker, uploadIdMarker] = cursor === null ? [] : (JSON.parse(cursor) as string[])
      const query = {
        uploads: '',
        prefix: prefix || undefined,
        'key-marker': keyMarker || undefined,
        'upload-id-marker': uploadIdMarker || undefined,
      }
      const answer = await ask({ method: 'GET', query }, signal)
      const text = wholeXml(answer.text, 'ListMultipartUploadsResult')
      const next = ['NextKeyMarker', 'NextUploadIdMarker'].map((tag) => xmlValue(text, tag) ?? '')
      const more = xmlValue(text, 'IsTruncated') === 'true'
      if (more && (next[0] === '' || JSON.stringify(next) === cursor))
        throw new StorageError('failed', 'Cannot list uploads: there are more, but no way to them')
      return {
        uploads: xmlElements(text, 'Upload').map((upload) => ({
          key: xmlValue(upload, 'Key') ?? '',
          id: xmlValue(upload, 'UploadId') ?? '',
          startedAt: Date.parse(xmlValue(upload, 'Initiated') ?? ''),
        })),
        cursor: more ? JSON.stringify(next) : null,
      }
    },
  }

  /** Sends XML with its MD5, which some stores insist on. @returns The answer */
  async function postXml(
    request: {
      readonly method: string
      readonly key?: string
      readonly query: Record<string, string>
    },
    xml: string,
    signal: AbortSignal,
  ): Promise<string> {
    const body = encodeUtf8(xml)
    const md5 = createMd5()
    md5.update(body)
    const headers = {
      'content-md5': encodeBase64(md5.digest()),
      'content-type': 'application/xml',
    }
    return (await ask({ ...request, headers, body }, signal)).text
  }
}

function sourceHeaders(
  { bucket, key }: BlobLocation,
  { etag, versionId }: BlobInfo,
): Record<string, string> {
  const version = versionId === null ? '' : `?versionId=${percentEncode(versionId)}`
  return {
    'x-amz-copy-source': `/${bucket}/${percentEncodePath(key)}${version}`,
    'x-amz-copy-source-if-match': `"${etag}"`,
  }
}
