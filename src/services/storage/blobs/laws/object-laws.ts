import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import { checksumOf } from '../checksum.ts'
import { bytesOf, expectBytes, expectCode, getAll, keysOf, streamOf } from './law-steps.ts'

/** Writing, reading and removing one object. */
export const objectLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'get() answers the very bytes that put() was given, with their size and etag',
    async run({ open }) {
      const store = await open()
      const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
      const stored = await store.put('a.bin', bytes)
      expectEqual([stored.key, stored.size], ['a.bin', 300])
      await expectBytes(store, 'a.bin', bytes)
      const content = await getAll(store, 'a.bin')
      expectEqual([content.key, content.size, content.bodySize], ['a.bin', 300, 300])
      expectEqual([content.range, content.etag], [null, stored.etag])
      expectTrue(/^[^"]+$/.test(content.etag), `an etag without quotes, not ${content.etag}`)
      expectTrue(
        content.lastModified > 1_600_000_000_000 && content.lastModified < 10_000_000_000_000,
        `lastModified in ms, not ${content.lastModified}`,
      )
      expectEqual(await content.text().catch(() => 'no text'), 'no text')
      const head = await store.head('a.bin')
      expectEqual([head?.size, head?.etag], [300, stored.etag])
    },
  },
  {
    name: 'put() takes text, buffers, views, Blobs, streams, Requests and Responses, and their types',
    async run({ open }) {
      const store = await open()
      const bytes = new TextEncoder().encode('grüße')
      const bodies = {
        text: 'grüße',
        buffer: bytes.slice().buffer,
        view: new DataView(new Uint8Array([0, ...bytes, 0]).buffer, 1, bytes.length),
        blob: new Blob([bytes], { type: 'text/x-law' }),
        stream: streamOf(bytes, 2),
        response: new Response(bytes, { headers: { 'content-type': 'text/x-law' } }),
        request: new Request('http://law.example', { method: 'PUT', body: bytes }),
      } as const
      for (const [key, body] of Object.entries(bodies)) {
        await store.put(key, body)
        await expectBytes(store, key, bytes)
      }
      expectEqual((await store.head('blob'))?.contentType, 'text/x-law')
      expectEqual((await store.head('response'))?.contentType, 'text/x-law')
      expectEqual((await store.head('text'))?.contentType, 'text/plain; charset=utf-8')
      expectEqual((await store.head('stream'))?.contentType, 'application/octet-stream')
    },
  },
  {
    name: 'put() keeps what is stored beside the bytes, any text in metadata included',
    async run({ open }) {
      const store = await open()
      const properties = {
        contentType: 'text/html; charset="utf-8"',
        cacheControl: 'public, max-age=31536000, immutable',
        contentDisposition: `attachment; filename="a b.txt"; filename*=UTF-8''%C3%A9.txt`,
        contentLanguage: 'de-DE',
        metadata: { plain: 'text', odd: ' ä  100% %41 日本 😀 "q" \\ \n', empty: '' },
      }
      await store.put('a', 'x', properties)
      const content = await getAll(store, 'a')
      await content.body.cancel()
      for (const info of [await store.head('a'), content])
        expectEqual(
          {
            contentType: info?.contentType,
            cacheControl: info?.cacheControl,
            contentDisposition: info?.contentDisposition,
            contentLanguage: info?.contentLanguage,
            metadata: info?.metadata,
          },
          properties,
        )
      await store.put('b', 'x')
      const plain = await store.head('b')
      expectEqual(
        [plain?.cacheControl, plain?.contentDisposition, plain?.contentEncoding, plain?.metadata],
        [null, null, null, {}],
      )
    },
  },
  {
    name: 'put() refuses properties that no header can hold, and writes nothing',
    async run({ open }) {
      const store = await open()
      const wrong: readonly object[] = [
        { contentType: 'text/plain\r\nx-evil: 1' },
        { contentDisposition: 'attachment; filename="é"' },
        { cacheControl: '' },
        { contentType: 7 },
        { metadata: { Upper: 'x' } },
        { metadata: { ä: 'x' } },
        { metadata: { a: 7 } },
        { metadata: { a: '\ud800' } },
        { metadata: { a: 'x'.repeat(2100) } },
        { contentTpye: 'text/plain' },
      ]
      for (const options of wrong) {
        const refused = await store.put('a', 'x', options).then(
          () => false,
          (error: unknown) => error instanceof TypeError || error instanceof RangeError,
        )
        expectTrue(refused, `${JSON.stringify(options)} to be refused`)
      }
      for (const body of [7, null, undefined, {}, []] as unknown as string[]) {
        const refused = await store.put('a', body).then(
          () => false,
          (error: unknown) => error instanceof TypeError,
        )
        expectTrue(refused, `a body that is ${String(body)} to be refused`)
      }
      expectEqual(await keysOf(store), [])
    },
  },
  {
    name: 'put() writes an empty object, and an empty stream',
    async run({ open }) {
      const store = await open()
      await store.put('bytes', new Uint8Array())
      await store.put('stream', streamOf(new Uint8Array()))
      for (const key of ['bytes', 'stream']) {
        const content = await getAll(store, key)
        expectEqual([content.size, content.bodySize], [0, 0])
        expectEqual(await content.text(), '')
      }
    },
  },
  {
    name: 'put() takes the place of what was there, as a whole',
    async run({ open }) {
      const store = await open()
      const first = await store.put('a', 'one', {
        metadata: { of: 'one' },
        cacheControl: 'no-store',
      })
      const second = await store.put('a', 'two!')
      expectTrue(first.etag !== second.etag, 'another etag for other bytes')
      const content = await getAll(store, 'a')
      expectEqual(await content.text(), 'two!')
      expectEqual([content.metadata, content.cacheControl], [{}, null])
    },
  },
  {
    name: 'get() and head() answer null for what is not there, exists() false, delete() nothing',
    async run({ open }) {
      const store = await open()
      expectEqual([await store.get('no'), await store.head('no')], [null, null])
      expectEqual(await store.exists('no'), false)
      await store.delete('no')
      await store.put('a', 'x')
      expectEqual(await store.exists('a'), true)
      await store.delete('a')
      expectEqual([await store.get('a'), await store.exists('a')], [null, false])
    },
  },
  {
    name: 'deleteMany() removes what it is given, nothing else, and says so of each',
    async run({ open }) {
      const store = await open()
      const keys = ['a', 'b & <c>.txt', 'd/ä', 'e']
      for (const key of keys) await store.put(key, key)
      const result = await store.deleteMany(['a', 'b & <c>.txt', 'd/ä', 'never there', 'a'])
      expectEqual(result.failed, [])
      expectEqual(result.deleted.toSorted(), ['a', 'b & <c>.txt', 'd/ä', 'never there'])
      expectEqual(await keysOf(store), ['e'])
      expectEqual(await store.deleteMany([]), { deleted: [], failed: [] })
    },
  },
  {
    name: 'bytes() and text() read no more than they are allowed',
    async run({ open }) {
      const store = await open()
      await store.put('a', 'x'.repeat(1000))
      await expectCode('too_large', async () => (await getAll(store, 'a')).bytes(999))
      expectEqual((await (await getAll(store, 'a')).text(1000)).length, 1000)
    },
  },
  {
    name: 'put() compares the body with the checksum it is given, and writes nothing else',
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(5000)
      for (const algorithm of ['sha-256', 'crc32c', 'crc64nvme', 'md5'] as const) {
        const value = checksumOf(algorithm, bytes)
        await store.put(algorithm, bytes, { checksum: { algorithm, value } })
        await expectBytes(store, algorithm, bytes)
        await store.put(algorithm, streamOf(bytes), { checksum: { algorithm, value } })
        await expectCode('checksum_mismatch', () =>
          store.put('wrong', bytesOf(5000, 2), { checksum: { algorithm, value } }),
        )
      }
      for (const algorithm of store.capabilities.checksums)
        await store.put('computed', bytes, { checksum: algorithm })
      if (store.capabilities.checksums.length > 0)
        await store.put('computed', bytes, { checksum: 'auto' })
      expectEqual(await store.exists('wrong'), false)
    },
  },
  {
    name: 'setTags() replaces the tags that put() or itself has set, getTags() answers them',
    needs: ['tags'],
    async run({ open }) {
      const store = await open()
      await store.put('a', 'x', { tags: { kind: 'photo & more'.replace('&', '+'), empty: '' } })
      expectEqual(await store.getTags('a'), { kind: 'photo + more', empty: '' })
      await store.setTags('a', { state: 'clean' })
      expectEqual(await store.getTags('a'), { state: 'clean' })
      await store.setTags('a', {})
      expectEqual(await store.getTags('a'), {})
      await expectCode('not_found', () => store.getTags('no'))
      await expectCode('not_found', () => store.setTags('no', { a: 'b' }))
      expectEqual(await (await getAll(store, 'a')).text(), 'x')
    },
  },
  {
    name: 'a call whose signal has aborted rejects with its reason and does nothing',
    async run({ open }) {
      const store = await open()
      const signal = AbortSignal.abort(new Error('enough'))
      const calls = [
        () => store.put('a', 'x', { signal }),
        () => store.get('a', { signal }),
        () => store.head('a', { signal }),
        () => store.page({ signal }),
        () => store.delete('a', { signal }),
      ]
      for (const call of calls) {
        const reason = await call().then(
          () => 'done',
          (error: unknown) => (error as Error).message,
        )
        expectEqual(reason, 'enough')
      }
      expectEqual(await store.exists('a'), false)
    },
  },
]
