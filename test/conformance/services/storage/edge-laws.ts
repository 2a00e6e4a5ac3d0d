import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { memory } from '../../../../src/runtime/backends/memory/index.ts'
import { expectEqual, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { uploadDirect } from '../../../../src/services/storage/browser/index.ts'
import {
  bytesOf,
  expectBytes,
  expectCode,
  keysOf,
  streamOf,
} from '../../../../src/services/storage/blobs/laws/law-steps.ts'
import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import { createCdnUrls } from '../../../../src/services/storage/cdn/cdn-urls.ts'
import { cloudFrontSigner } from '../../../../src/services/storage/cdn/cloudfront-signer.ts'
import { createEncryptedBlobs } from '../../../../src/services/storage/encryption/encrypted-blobs.ts'
import { createFileKeys } from '../../../../src/services/storage/pipeline/file-key.ts'
import { createUploadPipeline } from '../../../../src/services/storage/pipeline/upload-pipeline.ts'
import { createDirectUploads } from '../../../../src/services/storage/tickets/direct-uploads.ts'
import { createFileTickets } from '../../../../src/services/storage/tickets/file-tickets.ts'
import { createTusHandler } from '../../../../src/services/storage/tus/create-tus-handler.ts'
import { createUploadSessions } from '../../../../src/services/storage/uploads/create-upload-sessions.ts'
import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'

/** A store, and how its presigned requests are sent. */
export interface EdgeHarness {
  open(): Promise<{ readonly store: BlobStore; readonly fetch: FetchClient }>
  readonly partBytes: number
}

const SECRET = 'a secret of some length'
const TUS = { 'tus-resumable': '1.0.0' }
const OFFSET_TYPE = { 'content-type': 'application/offset+octet-stream' }

/** What stands on stores, with the streams, the requests and the cryptography of each runtime. */
export const edgeLaws: readonly Law<EdgeHarness>[] = [
  {
    name: 'tus: parts that were uploaded one by one are concatenated, streamed and with checksums',
    async run({ open, partBytes }) {
      const { store } = await open()
      const handle = createTusHandler({
        uploads: createUploadSessions({ backend: memory(), store, partBytes }),
        path: '/files',
        begin: () => ({ key: 'whole' }),
      })
      const send = async (
        method: string,
        path: string,
        headers: Record<string, string>,
        body?: Uint8Array<ArrayBuffer>,
      ): Promise<Response> => {
        const url = `https://tus.example${path}`
        const init = body && { body: streamOf(body, 70_001), duplex: 'half' }
        return handle(new Request(url, { method, headers: { ...TUS, ...headers }, ...init }))
      }
      const bytes = bytesOf(partBytes + 1000)
      const cuts = [0, 1500, bytes.length]
      const paths: string[] = []
      for (let index = 0; index < 2; index++) {
        const piece = bytes.slice(cuts[index], cuts[index + 1])
        const length = { 'upload-length': String(piece.length) }
        const begun = await send('POST', '/files', { ...length, 'upload-concat': 'partial' })
        const path = begun.headers.get('location') ?? ''
        paths.push(path)
        const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', piece))
        const headers = {
          ...OFFSET_TYPE,
          'upload-offset': '0',
          'upload-checksum': `sha256 ${encodeBase64(sha256)}`,
        }
        const stored = await send('PATCH', path, headers, piece)
        expectEqual([begun.status, stored.status], [201, 204])
      }
      const final = await send('POST', '/files', { 'upload-concat': `final;${paths.join(' ')}` })
      expectEqual(final.status, 201)
      await expectBytes(store, 'whole', bytes)
      expectEqual(await keysOf(store), ['whole'])
    },
  },
  {
    name: 'tickets store a stream and serve a range, and are refused once they are changed',
    async run({ open }) {
      const { store } = await open()
      const url = 'https://files.example/t'
      const tickets = createFileTickets({ store, url, secret: SECRET })
      const write = tickets.sign('a b/ü.bin', { method: 'PUT', maxBytes: 300_000 })
      const send = async (body: Uint8Array<ArrayBuffer>): Promise<number> => {
        const init = { method: 'PUT', body: streamOf(body), duplex: 'half' }
        return (await tickets.handle(new Request(write.url, init))).status
      }
      expectEqual(await send(bytesOf(300_001)), 413)
      expectEqual(await send(bytesOf(300_000)), 201)
      const read = tickets.sign('a b/ü.bin').url
      const part = await tickets.handle(new Request(read, { headers: { range: 'bytes=-4' } }))
      expectEqual(
        [part.status, [...new Uint8Array(await part.arrayBuffer())]],
        [206, [...bytesOf(300_000).slice(-4)]],
      )
      expectEqual((await tickets.handle(new Request(`${read}A`))).status, 403)
    },
  },
  {
    name: 'a browser uploads in parts, to the store itself where it can',
    async run({ open, partBytes }) {
      const { store, fetch } = await open()
      const url = 'https://api.example/uploads'
      const direct = createDirectUploads({ store, url, secret: SECRET })
      const bytes = bytesOf(Math.max(2 * partBytes, 10 * 2 ** 20) + 77)
      const upload = await direct.begin({ key: 'a', size: bytes.length })
      let loaded = 0
      await uploadDirect(upload, new Blob([bytes]), {
        onProgress: (now) => void (loaded = now),
        async fetch(to, init) {
          if (to === url) return direct.handle(new Request(to, init))
          const body = new Uint8Array(await new Response(init.body).arrayBuffer())
          return fetch(to, { ...init, body })
        },
      })
      expectEqual(loaded, bytes.length)
      await expectBytes(store, 'a', bytes)
    },
  },
  {
    name: 'what is encrypted comes back, whole and in ranges, and not once it was changed',
    async run({ open }) {
      const { store } = await open()
      const keys = { one: bytesOf(32) }
      const blobs = createEncryptedBlobs({ store, keys, current: 'one', chunkBytes: 4096 })
      const plain = bytesOf(100_000)
      await blobs.put('a', streamOf(plain, 3001))
      const range = { offset: 8000, length: 9000 }
      const part = await (await blobs.get('a', { range }))?.bytes()
      expectEqual([...(part ?? [])], [...plain.slice(8000, 17_000)])
      const all = await (await blobs.get('a'))?.bytes()
      expectEqual(all?.length === plain.length && all.every((byte, at) => byte === plain[at]), true)
      const stored = (await (await store.get('a'))?.bytes()) ?? new Uint8Array()
      stored[50_000] = (stored[50_000] ?? 0) ^ 1
      await store.put('a', stored)
      await expectCode('not_authentic', async () => (await blobs.get('a'))?.bytes())
    },
  },
  {
    name: 'a file goes from quarantine to where it is published, streamed and once',
    async run({ open }) {
      const { store } = await open()
      const pipeline = createUploadPipeline({
        backend: memory(),
        quarantine: { store, prefix: 'in/' },
        published: store,
        types: ['text/csv'],
        maxBytes: 1_000_000,
        sniff: () => undefined,
        scanner: 'none',
        key: createFileKeys('files/{sha256}{ext}'),
      })
      const text = 'a,b\n'.repeat(50_000)
      await store.put('in/1', text, { contentType: 'text/csv' })
      const result = await pipeline.process('in/1')
      expectEqual(await pipeline.process('in/1'), result)
      const [key, ...others] = await keysOf(store)
      expectEqual(others, [])
      expectEqual(key, result.state === 'published' ? result.key : result.state)
      expectEqual(await (await store.get(key ?? ''))?.text(), text)
    },
  },
  {
    name: 'CloudFront URLs carry a signature of their policy by the key',
    async run() {
      for (const hash of ['SHA-1', 'SHA-256'] as const) {
        const algorithm = {
          name: 'RSASSA-PKCS1-v1_5',
          hash,
          modulusLength: 2048,
          publicExponent: new Uint8Array([1, 0, 1]),
        }
        const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
        const pkcs8 = await crypto.subtle.exportKey('pkcs8', pair.privateKey)
        const body = encodeBase64(new Uint8Array(pkcs8))
        const privateKey = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`
        const signer = cloudFrontSigner({ keyPairId: 'K2JCJMDEHXQW5F', privateKey, hash })
        const cdn = createCdnUrls({ baseUrl: 'https://cdn.example', signer })
        const { url, expiresAt } = await cdn.signed('a b.png')
        const resource = cdn.url('a b.png')
        const policy = `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${expiresAt / 1000}}}}]}`
        const text = new URL(url).searchParams.get('Signature') ?? ''
        const given = atob(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'))
        const signature = Uint8Array.from(given, (char) => char.charCodeAt(0))
        const message = new TextEncoder().encode(policy)
        const holds = await crypto.subtle.verify(algorithm.name, pair.publicKey, signature, message)
        expectEqual(holds, true, hash)
      }
    },
  },
]
