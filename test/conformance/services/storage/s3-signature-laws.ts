import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { BlobStore } from '../../../../src/services/storage/blobs/blob-store.ts'
import type { S3Options } from '../../../../src/services/storage/providers/s3/s3.ts'
import { StorageError } from '../../../../src/services/storage/storage-error.ts'

/** What a server that checks signatures supplies. */
export interface SignatureHarness {
  open(changes?: Partial<S3Options>): Promise<BlobStore>
  readonly fetch: FetchClient
}

/** Signatures as a server reads them that is not ours. */
export const signatureLaws: readonly Law<SignatureHarness>[] = [
  {
    name: 'requests are signed as the server expects, whatever the key, the metadata and the body',
    async run({ open }) {
      const store = await open()
      for (const key of ['plain', "a b+c&d=e'(x)*!~", 'grün/日本/😀.txt', 'a/b/c', '%41']) {
        const metadata = { kind: `of ${key}` }
        await store.put(key, `of ${key}`, { metadata, cacheControl: 'no-store' })
        expectEqual(await (await store.get(key))?.text(), `of ${key}`)
        expectEqual((await store.head(key))?.metadata, metadata)
        await store.delete(key)
        expectEqual(await store.head(key), null)
      }
    },
  },
  {
    name: 'parts of a large object are signed as the server expects',
    async run({ open }) {
      const store = await open()
      const body = new Blob([new Uint8Array(5_242_880), new Uint8Array([1, 2, 3])])
      await store.put('large', body)
      const content = await store.get('large')
      expectEqual((await content?.bytes())?.subarray(-3), new Uint8Array([1, 2, 3]))
    },
  },
  {
    name: 'presigned requests are taken until they are changed or expire',
    async run({ open, fetch }) {
      const store = await open()
      const key = 'a b/ü+&.txt'
      const write = await store.presign(key, { method: 'PUT', contentType: 'text/x-law' })
      const { method, url, headers } = write
      const body = new TextEncoder().encode('hello')
      expectEqual((await fetch(url, { method, headers, body })).status, 200)
      const read = await store.presign(key, { contentType: 'text/plain', expiresIn: '1m' })
      const response = await fetch(read.url, { method: 'GET' })
      expectEqual([response.status, await response.text()], [200, 'hello'])
      const others = [
        read.url.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000'),
        read.url.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
        read.url.replace('%C3%BC', 'u'),
      ]
      for (const other of others) {
        const refused = await fetch(other, { method: 'GET' })
        await refused.body?.cancel()
        expectEqual(refused.status, 403, other)
      }
      const wrong = await fetch(read.url, { method: 'DELETE' })
      await wrong.body?.cancel()
      expectEqual(wrong.status, 403)
    },
  },
  {
    name: 'presigned parts are taken, each as its own number alone',
    async run({ open, fetch }) {
      const store = await open()
      const upload = await store.uploads.create('a b/ü', { partBytes: 5_242_880 })
      const bytes = new Uint8Array(1000).fill(7)
      const place = { number: 1, bytes: bytes.length }
      const { method, url, headers } = await store.uploads.presignPart(upload, place)
      const other = url.replace('partNumber=1', 'partNumber=2')
      const refused = await fetch(other, { method, headers, body: bytes })
      await refused.body?.cancel()
      expectEqual(refused.status, 403)
      const taken = await fetch(url, { method, headers, body: bytes })
      await taken.body?.cancel()
      const etag = taken.headers.get('etag')?.replaceAll('"', '') ?? ''
      expectEqual([taken.status, etag.length], [200, 32])
      await store.uploads.complete(upload, [{ number: 1, size: bytes.length, etag }])
      expectEqual(await (await store.get('a b/ü'))?.bytes(), bytes)
    },
  },
  {
    name: 'another secret is refused as access_denied',
    async run({ open }) {
      await expectRejection(
        () => open({ secretAccessKey: 'another' }),
        (error) => error instanceof StorageError && error.code === 'access_denied',
        'access_denied',
      )
    },
  },
]
