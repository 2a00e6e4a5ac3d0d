import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { BlobUpload, UploadedPart } from '../multipart-uploads.ts'
import { bytesOf, expectBytes, expectCode, keysOf, MIB } from './law-steps.ts'

const PART = 5 * MIB

/** Uploads step by step, as whoever spreads one over processes does it. */
export const uploadLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'an upload is JSON, goes on in another process, and becomes an object when completed',
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(2 * PART + 1000)
      const options = { contentType: 'text/x-law', metadata: { who: 'Zoë' }, partBytes: PART }
      const upload = await store.uploads.create('a', options)
      expectEqual([upload.key, upload.partBytes], ['a', PART])
      const kept = JSON.stringify(upload)
      const parts: string[] = []
      for (let number = 1; number <= 3; number++) {
        // As read from wherever it was kept, by another process.
        const again = JSON.parse(kept) as BlobUpload
        const piece = bytes.slice((number - 1) * PART, number * PART)
        expectEqual(await store.exists('a'), false, `whether it is there before part ${number}`)
        const part = await store.uploads.putPart(again, {
          number,
          bytes: piece,
          last: number === 3,
        })
        expectEqual([part.number, part.size], [number, piece.length])
        parts.push(JSON.stringify(part))
      }
      const again = parts.map((part) => JSON.parse(part) as UploadedPart)
      const stored = await store.uploads.complete(upload, again)
      expectEqual([stored.key, stored.size], ['a', bytes.length])
      await expectBytes(store, 'a', bytes)
      const head = await store.head('a')
      expectEqual(
        [head?.contentType, head?.metadata, head?.etag],
        ['text/x-law', { who: 'Zoë' }, stored.etag],
      )
    },
  },
  {
    name: 'parts() answers what the store has, after each part',
    needs: ['listParts'],
    async run({ open }) {
      const store = await open()
      const upload = await store.uploads.create('a', { partBytes: PART })
      expectEqual(await store.uploads.parts(upload), [])
      for (let number = 1; number <= 2; number++) {
        await store.uploads.putPart(upload, { number, bytes: bytesOf(PART, number), last: false })
        const parts = await store.uploads.parts(upload)
        expectEqual(
          parts.map(({ number: at, size }) => [at, size]),
          Array.from({ length: number }, (_, index) => [index + 1, PART]),
        )
      }
      const parts = await store.uploads.parts(upload)
      await store.uploads.complete(upload, parts)
      const whole = new Uint8Array(2 * PART)
      whole.set(bytesOf(PART, 1))
      whole.set(bytesOf(PART, 2), PART)
      await expectBytes(store, 'a', whole)
    },
  },
  {
    name: 'parts may come in any order, and again',
    needs: ['parallelParts'],
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(2 * PART + 7)
      const upload = await store.uploads.create('a', { partBytes: PART })
      const put = (number: number, seed = 0): Promise<UploadedPart> => {
        const piece = bytes.slice((number - 1) * PART, number * PART)
        return store.uploads.putPart(upload, {
          number,
          bytes: seed === 0 ? piece : bytesOf(piece.length, seed),
          last: number === 3,
        })
      }
      await put(2, 9)
      const [third, first] = [await put(3), await put(1)]
      const second = await put(2)
      await store.uploads.complete(upload, [third, first, second])
      await expectBytes(store, 'a', bytes)
    },
  },
  {
    name: 'complete() refuses parts that leave a gap, and none at all',
    async run({ open }) {
      const store = await open()
      const upload = await store.uploads.create('a', { partBytes: PART })
      const part = await store.uploads.putPart(upload, {
        number: 1,
        bytes: bytesOf(PART),
        last: false,
      })
      await expectCode('upload_conflict', () => store.uploads.complete(upload, []))
      await expectCode('upload_conflict', () =>
        store.uploads.complete(upload, [{ ...part, number: 2 }]),
      )
      await expectCode('upload_conflict', () =>
        store.uploads.complete(upload, [
          { ...part, size: 5 },
          { ...part, number: 2 },
        ]),
      )
      await store.uploads.abort(upload)
      expectEqual(await keysOf(store), [])
    },
  },
  {
    name: 'putPart() refuses a part of another size than the upload has',
    async run({ open }) {
      const store = await open()
      const upload = await store.uploads.create('a', { partBytes: PART })
      const wrong = [
        { number: 1, bytes: bytesOf(PART - 1), last: false },
        { number: 1, bytes: bytesOf(PART + 1), last: true },
        { number: 0, bytes: bytesOf(PART), last: false },
        { number: 1.5, bytes: bytesOf(PART), last: false },
      ]
      for (const part of wrong) {
        const refused = await store.uploads.putPart(upload, part).then(
          () => false,
          (error: unknown) => error instanceof RangeError,
        )
        expectTrue(refused, `part ${part.number} of ${part.bytes.length} to be refused`)
      }
      await store.uploads.abort(upload)
    },
  },
  {
    name: 'abort() drops an upload, also twice; what goes on with it then finds it gone',
    needs: ['abortUploads'],
    async run({ open }) {
      const store = await open()
      const upload = await store.uploads.create('a', { partBytes: PART })
      const part = await store.uploads.putPart(upload, {
        number: 1,
        bytes: bytesOf(PART),
        last: false,
      })
      await store.uploads.abort(upload)
      await store.uploads.abort(upload)
      await expectCode('upload_not_found', () => store.uploads.complete(upload, [part]))
      expectEqual(await keysOf(store), [])
    },
  },
  {
    name: 'complete() finds the object where an earlier process completed it and died',
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(PART + 5)
      const upload = await store.uploads.create('a', { partBytes: PART, metadata: { who: 'me' } })
      const parts = [
        await store.uploads.putPart(upload, {
          number: 1,
          bytes: bytes.slice(0, PART),
          last: false,
        }),
        await store.uploads.putPart(upload, { number: 2, bytes: bytes.slice(PART), last: true }),
      ]
      const stored = await store.uploads.complete(upload, parts)
      const again = await store.uploads.complete(upload, parts, { again: true })
      expectEqual([again.key, again.size], [stored.key, stored.size])
      await expectBytes(store, 'a', bytes)
      expectEqual((await store.head('a'))?.metadata, { who: 'me' })
    },
  },
  {
    name: 'sweep() aborts what was begun before and never ended',
    needs: ['listUploads'],
    async run({ open }) {
      const store = await open()
      const upload = await store.uploads.create('folder/a b', { partBytes: PART })
      await store.uploads.putPart(upload, { number: 1, bytes: bytesOf(PART), last: false })
      await store.uploads.create('other', { partBytes: PART })
      expectEqual(await store.uploads.sweep({ before: 0 }), 0)
      expectEqual(await store.uploads.sweep({ before: Infinity, after: Infinity }), 0)
      expectEqual(await store.uploads.sweep({ before: Infinity, key: 'folder/a' }), 0)
      expectEqual(await store.uploads.sweep({ before: Infinity, prefix: 'folder/' }), 1)
      expectEqual(await store.uploads.sweep({ before: Infinity }), 1)
      expectEqual(await store.uploads.sweep({ before: Infinity }), 0)
      await expectCode('upload_not_found', () => store.uploads.parts(upload))
    },
  },
]
