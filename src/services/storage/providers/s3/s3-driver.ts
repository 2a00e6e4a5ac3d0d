import { percentDecode } from '../../../../primitives/percent.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver } from '../../blobs/blob-driver.ts'
import { rangeHeader } from '../../blobs/byte-range.ts'
import { openBodyOf, unquoted } from '../../http/entity-headers.ts'
import { wholeXml, xmlElements, xmlValue } from '../../http/read-xml.ts'
import { StorageError } from '../../storage-error.ts'
import type { S3Client } from './s3-client.ts'
import { quoted } from './s3-objects.ts'
import { confirmBySize, headOf, infoOf } from './s3-reading.ts'
import type { S3Extras } from './s3-extras.ts'
import { createS3Writer } from './s3-writer.ts'

/** One bucket of S3, or of what speaks like it, as a driver. */
export function createS3Driver(client: S3Client, capabilities: BlobCapabilities): BlobDriver {
  const { send, ask, refuse } = client
  const { remove, ...writer } = createS3Writer(client, capabilities, confirmBySize(client))
  const extras = async (): Promise<S3Extras> =>
    (await import('./s3-extras.ts')).createS3Extras(client, writer.put)

  return {
    ...writer,
    head: (key, { versionId, signal }) => headOf(client, key, versionId, signal),
    async get(key, { range, ifMatch, ifNoneMatch, versionId, signal }) {
      const headers = {
        range: range && rangeHeader(range),
        'if-match': quoted(ifMatch),
        'if-none-match': quoted(ifNoneMatch),
        'accept-encoding': 'identity',
        'x-amz-checksum-mode': range === undefined ? 'ENABLED' : undefined,
      }
      const response = await send({ method: 'GET', key, query: { versionId }, headers }, signal)
      const { status, headers: given } = response
      if (response.ok) return { ...infoOf(key, given), ...openBodyOf(response, range) }
      if (status === 304) {
        await response.body?.cancel()
        return { notModified: true, etag: unquoted(given.get('etag')) || (ifNoneMatch ?? '') }
      }
      return refuse(response, signal).catch((error: unknown) => {
        if (error instanceof StorageError && error.code === 'not_found') return null
        throw error
      })
    },
    delete: (key, { ifMatch, versionId, signal }) =>
      remove(key, { versionId }, { 'if-match': quoted(ifMatch) }, signal),
    async page({ prefix, delimiter, cursor, limit, signal }) {
      const query = {
        'list-type': '2',
        'encoding-type': 'url',
        'max-keys': String(limit),
        prefix: prefix || undefined,
        delimiter,
        'continuation-token': cursor ?? undefined,
      }
      const answer = await ask({ method: 'GET', query }, signal)
      const text = wholeXml(answer.text, 'ListBucketResult')
      // Only where the store says that it did; a plus is a space there, and a plus is encoded.
      const encoded = xmlValue(text, 'EncodingType') === 'url'
      const valueOf = (entry: string, tag: string): string => {
        const value = xmlValue(entry, tag) ?? ''
        return encoded ? percentDecode(value.replaceAll('+', ' ')) : value
      }
      const next = xmlValue(text, 'NextContinuationToken')
      const more = xmlValue(text, 'IsTruncated') === 'true'
      if (more && !next)
        throw new StorageError('failed', 'Cannot list objects: there are more, but no way to them')
      return {
        blobs: xmlElements(text, 'Contents').map((entry) => ({
          key: valueOf(entry, 'Key'),
          size: Number(xmlValue(entry, 'Size')),
          etag: unquoted(xmlValue(entry, 'ETag')),
          lastModified: Date.parse(xmlValue(entry, 'LastModified') ?? ''),
        })),
        prefixes: xmlElements(text, 'CommonPrefixes').map((entry) => valueOf(entry, 'Prefix')),
        cursor: more ? next : null,
      }
    },
    parts: async (...args) => (await extras()).parts(...args),
    findCompleted: async (...args) => (await extras()).findCompleted(...args),
    copy: async (...args) => (await extras()).copy(...args),
    deleteMany: async (...args) => (await extras()).deleteMany(...args),
    getTags: async (...args) => (await extras()).getTags(...args),
    setTags: async (...args) => (await extras()).setTags(...args),
    pageUploads: async (...args) => (await extras()).pageUploads(...args),
  }
}
