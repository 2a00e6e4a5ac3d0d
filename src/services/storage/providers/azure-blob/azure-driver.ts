import { decodeBase64, encodeBase64 } from '../../../../primitives/base64.ts'
import { encodeHex } from '../../../../primitives/hex.ts'
import { percentEncode } from '../../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { waitFor } from '../../../../runtime/coordination/wait-for.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../../runtime/ports/platform/random-source.ts'
import type { BlobCapabilities } from '../../blobs/blob-capabilities.ts'
import type { BlobDriver, DriverWrite } from '../../blobs/blob-driver.ts'
import {
  decodeMetadata,
  encodeMetadata,
  type CheckedProperties,
} from '../../blobs/blob-properties.ts'
import type { BlobInfo, StoredBlob } from '../../blobs/blob-store.ts'
import { rangeHeader, spanOf } from '../../blobs/byte-range.ts'
import type { BlobUpload } from '../../blobs/multipart-uploads.ts'
import { entityHeaders, openBodyOf, readEntity, unquoted } from '../../http/entity-headers.ts'
import { encodeXml, wholeXml, xmlElements, xmlValue } from '../../http/read-xml.ts'
import { StorageError } from '../../storage-error.ts'
import type { AzureClient } from './azure-client.ts'

const MIB = 2 ** 20
const POLL_MS = 500
const MOST_POLLS = 7200
const BLOCK_DIGITS = 6

/** What Azure's block blobs can do. */
const azureCapabilities: BlobCapabilities = {
  maxBytes: 50_000 * 4000 * MIB,
  maxPutBytes: 5000 * MIB,
  parts: {
    minBytes: 1,
    maxBytes: 4000 * MIB,
    most: 50_000,
    equal: true,
    parallel: true,
    multipleOf: 1,
  },
  checksums: ['md5'],
  partChecksums: ['md5'],
  createOnly: true,
  replaceOnly: true,
  conditionalParts: true,
  conditionalDelete: true,
  tags: true,
  storageClasses: true,
  metadataHyphens: false,
  backslashes: false,
  keysInKeys: true,
  copy: 'server',
  presign: ['GET', 'HEAD', 'PUT', 'DELETE'],
  presignPost: false,
  presignParts: false,
  listParts: true,
  listUploads: false,
}

/** One container as a driver. */
export function createAzureDriver(
  client: AzureClient,
  clock: Clock,
  random: RandomSource,
): BlobDriver {
  const { send, ask, refuse, urlOf } = client

  function infoOf(key: string, headers: Headers): BlobInfo {
    const md5 = headers.get('x-ms-blob-content-md5') ?? headers.get('content-md5')
    const ranged = headers.has('content-range') && !headers.has('x-ms-blob-content-md5')
    return {
      key,
      ...readEntity(headers),
      metadata: readMetadata(headers),
      storageClass: headers.get('x-ms-access-tier'),
      versionId: headers.get('x-ms-version-id'),
      checksums: md5 === null || ranged ? {} : { md5 },
    }
  }

  async function head(
    key: string,
    versionId: string | undefined,
    signal: AbortSignal,
  ): Promise<BlobInfo | null> {
    const response = await send({ method: 'HEAD', key, query: { versionid: versionId } }, signal)
    if (response.ok) return infoOf(key, response.headers)
    return absentOf(response)
  }

  /** @returns `null` when a blob is not there. @throws What else the answer means */
  async function absentOf(response: Response): Promise<null> {
    const code = response.headers.get('x-ms-error-code')
    if (response.status !== 404 || code === 'ContainerNotFound') return refuse(response)
    await response.body?.cancel()
    return null
  }

  function storedOf(key: string, headers: Headers, size: number, contentType: string): StoredBlob {
    const etag = unquoted(headers.get('etag'))
    const md5 = headers.get('content-md5')
    if (etag === '')
      throw new StorageError(
        'unavailable',
        'Cannot write object: the store did not say that it did',
        {
          mayHaveHappened: true,
        },
      )
    const versionId = headers.get('x-ms-version-id')
    return { key, size, etag, contentType, versionId, checksums: md5 === null ? {} : { md5 } }
  }

  async function blocksOf(
    { key, id }: BlobUpload,
    type: 'committed' | 'uncommitted',
    signal: AbortSignal,
  ): Promise<readonly { readonly number: number; readonly size: number }[]> {
    const query = { comp: 'blocklist', blocklisttype: type }
    const answer = await ask({ method: 'GET', key, query }, signal)
    const text = wholeXml(answer.text, 'BlockList')
    return xmlElements(text, 'Block').flatMap((block) => {
      const name = new TextDecoder().decode(
        decodeBase64(xmlValue(block, 'Name') ?? '') ?? undefined,
      )
      if (!name.startsWith(id)) return type === 'committed' ? [{ number: 0, size: 0 }] : []
      return [{ number: Number(name.slice(id.length)), size: Number(xmlValue(block, 'Size')) }]
    })
  }

  return {
    capabilities: azureCapabilities,
    head: (key, { versionId, signal }) => head(key, versionId, signal),
    async get(key, { range, ifMatch, ifNoneMatch, versionId, signal }) {
      // Azure does not count from the end, so the size is asked for first.
      const known =
        range !== undefined && 'suffix' in range ? await head(key, versionId, signal) : undefined
      if (known === null) return null
      const last = range === undefined || known === undefined ? null : spanOf(range, known.size)
      if (known !== undefined && last === null)
        throw new StorageError('range_not_satisfiable', 'Cannot read object: it is empty')
      const part = last === null ? range : { offset: last.start, length: last.end - last.start + 1 }
      const headers = {
        'x-ms-range': part && rangeHeader(part),
        'if-match': quoted(ifMatch ?? known?.etag),
        'if-none-match': quoted(ifNoneMatch),
      }
      const response = await send(
        { method: 'GET', key, query: { versionid: versionId }, headers },
        signal,
      )
      if (response.status === 304) {
        await response.body?.cancel()
        const etag = unquoted(response.headers.get('etag')) || (ifNoneMatch ?? '')
        return { notModified: true, etag }
      }
      if (!response.ok) return absentOf(response)
      return { ...infoOf(key, response.headers), ...openBodyOf(response, part) }
    },
    async put(key, bytes, { ifMatch, checksum, ...write }) {
      const headers = {
        ...writeHeaders(write),
        'x-ms-blob-type': 'BlockBlob',
        'content-md5': checksum?.value,
        'if-match': quoted(ifMatch),
        'if-none-match': write.ifNoneMatch,
      }
      const answer = await ask({ method: 'PUT', key, headers, body: bytes }, write.signal)
      return storedOf(key, answer.headers, bytes.length, write.properties.contentType)
    },
    async delete(key, { ifMatch, versionId, signal }) {
      const headers = {
        'if-match': quoted(ifMatch),
        'x-ms-delete-snapshots': versionId === undefined ? 'include' : undefined,
      }
      const response = await send(
        { method: 'DELETE', key, query: { versionid: versionId }, headers },
        signal,
      )
      if (!response.ok) await absentOf(response)
      else await response.body?.cancel()
    },
    async page({ prefix, delimiter, cursor, limit, signal }) {
      const query = {
        restype: 'container',
        comp: 'list',
        prefix: prefix || undefined,
        delimiter,
        marker: cursor ?? undefined,
        maxresults: String(limit),
      }
      const answer = await ask({ method: 'GET', query }, signal)
      const text = wholeXml(answer.text, 'EnumerationResults')
      return {
        blobs: xmlElements(text, 'Blob').map((entry) => ({
          key: xmlValue(entry, 'Name') ?? '',
          size: Number(xmlValue(entry, 'Content-Length')),
          etag: unquoted(xmlValue(entry, 'Etag')),
          lastModified: Date.parse(xmlValue(entry, 'Last-Modified') ?? ''),
        })),
        prefixes: xmlElements(text, 'BlobPrefix').map((entry) => xmlValue(entry, 'Name') ?? ''),
        cursor: xmlValue(text, 'NextMarker') || null,
      }
    },
    async copy(from, to, { properties, storageClass, ifNoneMatch, source, signal }) {
      const self = urlOf(from.key, from.bucket) === urlOf(to)
      const contentType = properties?.contentType ?? source.contentType
      if (!self) {
        const version =
          source.versionId === null ? '' : `?versionid=${percentEncode(source.versionId)}`
        const headers = {
          'x-ms-copy-source': urlOf(from.key, from.bucket) + version,
          'x-ms-source-if-match': quoted(source.etag),
          'if-none-match': ifNoneMatch,
          'x-ms-access-tier': storageClass,
          ...(properties !== null && metadataHeaders(properties)),
        }
        const { headers: answer } = await ask({ method: 'PUT', key: to, headers }, signal)
        let status = answer.get('x-ms-copy-status')
        for (let poll = 0; status === 'pending'; poll++) {
          if (poll === MOST_POLLS)
            throw new StorageError('unavailable', 'Cannot copy object: it takes too long')
          await waitFor(clock, POLL_MS, signal)
          const current = await send({ method: 'HEAD', key: to }, signal)
          if (!current.ok) return refuse(current)
          status = current.headers.get('x-ms-copy-status')
        }
        if (status !== 'success')
          throw new StorageError('failed', 'Cannot copy object: the store gave up')
      }
      // A copy takes the source's own headers along, so they are replaced after it.
      const copied = await head(to, undefined, signal)
      if (copied === null) throw new StorageError('failed', 'Cannot copy object: it is not there')
      if (properties === null) return { ...copied, key: to }
      const plain = entityHeaders(properties, 'x-ms-blob-')
      const changed = await ask(
        {
          method: 'PUT',
          key: to,
          query: { comp: 'properties' },
          headers: { ...plain, 'if-match': quoted(copied.etag) },
        },
        signal,
      )
      if (!self) return storedOf(to, changed.headers, copied.size, contentType)
      const { headers: last } = await ask(
        {
          method: 'PUT',
          key: to,
          query: { comp: 'metadata' },
          headers: {
            ...metadataHeaders(properties),
            'if-match': changed.headers.get('etag') ?? undefined,
          },
        },
        signal,
      )
      return storedOf(to, last, copied.size, contentType)
    },
    async getTags(key, { signal }) {
      const { text } = await ask({ method: 'GET', key, query: { comp: 'tags' } }, signal)
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
      const body = encodeUtf8(`<Tags><TagSet>${listed.join('')}</TagSet></Tags>`)
      await ask({ method: 'PUT', key, query: { comp: 'tags' }, body }, signal)
    },
    // Blocks need no beginning. Those of two writers are told apart by the id that they start with.
    createUpload: async () => ({ id: encodeHex(random.bytes(12)) }),
    async putPart({ key, id }, { number, bytes }, { checksum, signal }) {
      // A last part without bytes is none: Azure takes no such block.
      if (bytes.length > 0) {
        const query = { comp: 'block', blockid: blockId(id, number) }
        const headers = { 'content-md5': checksum?.value }
        await ask({ method: 'PUT', key, query, headers, body: bytes }, signal)
      }
      return { number, size: bytes.length, etag: blockId(id, number) }
    },
    async parts(upload, { signal }) {
      const blocks = await blocksOf(upload, 'uncommitted', signal).catch((error: unknown) => {
        // Neither an object nor a block of one is there yet.
        if (error instanceof StorageError && error.code === 'not_found') return []
        throw error
      })
      return blocks
        .map(({ number, size }) => ({ number, size, etag: blockId(upload.id, number) }))
        .toSorted((a, b) => a.number - b.number)
    },
    async completeUpload({ key, commit }, parts, { ifMatch, size, signal }) {
      const blocks = parts.flatMap((part) =>
        part.size === 0 ? [] : `<Latest>${part.etag}</Latest>`,
      )
      const body = encodeUtf8(`<BlockList>${blocks.join('')}</BlockList>`)
      const { contentType = 'application/octet-stream', tags, storageClass, ifNoneMatch } = commit
      const properties = { ...commit, contentType }
      const headers = {
        ...writeHeaders({ properties, tags, storageClass }),
        'if-match': quoted(ifMatch),
        'if-none-match': ifNoneMatch,
      }
      const answer = await ask(
        { method: 'PUT', key, query: { comp: 'blocklist' }, headers, body },
        signal,
      )
      return storedOf(key, answer.headers, size, contentType)
    },
    async findCompleted(upload, parts, { signal }) {
      const found = await head(upload.key, undefined, signal)
      if (found === null) return null
      const committed = await blocksOf(upload, 'committed', signal)
      const wanted = parts.filter((part) => part.size > 0)
      const same =
        committed.length === wanted.length &&
        committed.every(({ number, size }, index) => {
          const part = wanted[index]
          return number === part?.number && size === part.size
        })
      return same ? found : null
    },
    // There is no way to drop blocks but to write the blob; Azure does it after a week.
    abortUpload: async () => undefined,
  }
}

function blockId(id: string, number: number): string {
  return encodeBase64(encodeUtf8(`${id}${String(number).padStart(BLOCK_DIGITS, '0')}`))
}

function writeHeaders({
  properties,
  tags,
  storageClass,
}: Pick<DriverWrite, 'properties' | 'tags' | 'storageClass'>): Record<string, string | undefined> {
  return {
    ...entityHeaders(properties, 'x-ms-blob-'),
    ...metadataHeaders(properties),
    'x-ms-access-tier': storageClass,
    'x-ms-tags':
      tags &&
      Object.entries(tags)
        .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
        .join('&'),
  }
}

/** Metadata as headers of a request. */
export function metadataHeaders({
  metadata = {},
}: Pick<CheckedProperties, 'metadata'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [`x-ms-meta-${name}`, encodeMetadata(value)]),
  )
}

function readMetadata(headers: Headers): Readonly<Record<string, string>> {
  const metadata: [string, string][] = []
  for (const [name, value] of headers)
    if (name.startsWith('x-ms-meta-')) metadata.push([name.slice(10), decodeMetadata(value)])
  return Object.fromEntries(metadata)
}

function quoted(etag: string | undefined): string | undefined {
  return etag === undefined ? undefined : `"${etag}"`
}
