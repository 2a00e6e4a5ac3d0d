import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { BlobStore, UploadProgress } from '../blob-store.ts'
import { checksumOf } from '../checksum.ts'
import { bytesOf, expectBytes, expectCode, keysOf, MIB, streamOf } from './law-steps.ts'

const PART = 5 * MIB

/** Bodies that are longer than a part, or whose length nobody knows. */
export const streamLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'put() writes streams of any length around whole parts, and tells how far it is',
    async run({ open }) {
      const store = await open()
      for (const length of [PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 70_001]) {
        const bytes = bytesOf(length)
        const told: UploadProgress[] = []
        const stored = await store.put('a', streamOf(bytes), {
          contentType: 'text/x-law',
          metadata: { length: String(length) },
          onProgress: (progress) => told.push(progress),
        })
        expectEqual(stored.size, length)
        await expectBytes(store, 'a', bytes)
        const head = await store.head('a')
        expectEqual(
          [head?.contentType, head?.metadata, head?.etag],
          ['text/x-law', { length: String(length) }, stored.etag],
        )
        expectEqual(told.at(-1)?.loaded, length)
        expectTrue(
          told.every(({ loaded }, index) => loaded > (told[index - 1]?.loaded ?? -1)),
          'progress to grow',
        )
      }
    },
  },
  {
    name: 'put() writes long bytes and Blobs in parts too, one or many at a time',
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(2 * PART + 12_345)
      for (const concurrency of [1, 4]) {
        await store.put('bytes', bytes, { concurrency })
        await expectBytes(store, 'bytes', bytes)
        await store.put('blob', new Blob([bytes]), { concurrency })
        await expectBytes(store, 'blob', bytes)
      }
    },
  },
  {
    name: 'put() compares the checksum of a whole stream that went in parts, before there is an object',
    async run({ open }) {
      const store = await open()
      const bytes = bytesOf(PART + 1000)
      for (const algorithm of ['sha-256', 'crc32c', 'crc64nvme', 'md5'] as const) {
        const value = checksumOf(algorithm, bytes)
        await store.put('a', streamOf(bytes), { checksum: { algorithm, value } })
        await expectCode('checksum_mismatch', () =>
          store.put('b', streamOf(bytesOf(PART + 1000, 2)), { checksum: { algorithm, value } }),
        )
      }
      const { checksums, partChecksums } = store.capabilities
      for (const algorithm of partChecksums)
        await store.put('a', streamOf(bytes), { checksum: algorithm })
      for (const algorithm of checksums.filter((name) => !partChecksums.includes(name)))
        await expectCode('unsupported', () =>
          store.put('b', streamOf(bytes), { checksum: algorithm }),
        )
      await expectBytes(store, 'a', bytes)
      await expectNothingLeft(store, ['a'])
    },
  },
  {
    name: 'put() rejects a body longer or shorter than was said or allowed, and leaves nothing',
    async run({ open }) {
      const store = await open()
      for (const length of [1000, PART + 1000]) {
        const bytes = bytesOf(length)
        await expectCode('size_mismatch', () =>
          store.put('a', streamOf(bytes), { size: length + 1 }),
        )
        await expectCode('size_mismatch', () =>
          store.put('a', streamOf(bytes), { size: length - 1 }),
        )
        await expectCode('size_mismatch', () => store.put('a', bytes, { size: length - 1 }))
        await expectCode('too_large', () =>
          store.put('a', streamOf(bytes), { maxBytes: length - 1 }),
        )
        await expectCode('too_large', () => store.put('a', bytes, { maxBytes: length - 1 }))
        await store.put('b', streamOf(bytes), { size: length, maxBytes: length })
        await expectBytes(store, 'b', bytes)
      }
      await expectNothingLeft(store, ['b'])
    },
  },
  {
    name: 'put() reads no endless stream beyond what is allowed',
    async run({ open }) {
      const store = await open()
      let pulled = 0
      let cancelled = false
      const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          pulled += 100_000
          controller.enqueue(new Uint8Array(100_000))
        },
        cancel() {
          cancelled = true
        },
      })
      await expectCode('too_large', () => store.put('a', endless, { maxBytes: 1_000_000 }))
      expectTrue(pulled <= PART + 1_000_000, `no more than a part to be read, not ${pulled}`)
      expectTrue(cancelled, 'the stream to be cancelled')
      await expectNothingLeft(store, [])
    },
  },
  {
    name: 'put() rejects with what its stream failed with, early or late, and leaves nothing',
    async run({ open }) {
      const store = await open()
      for (const good of [0, 1000, PART + 1000]) {
        let sent = 0
        const failing = new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            if (sent >= good) return controller.error(new Error('the source broke'))
            sent += 1000
            controller.enqueue(new Uint8Array(1000))
          },
        })
        const reason = await store.put('a', failing).then(
          () => 'written',
          (error: unknown) => (error as Error).message,
        )
        expectEqual(reason, 'the source broke')
      }
      await expectNothingLeft(store, [])
    },
  },
  {
    name: 'put() ends when its signal aborts, whatever its stream does, and leaves nothing',
    async run({ open }) {
      const store = await open()
      const stop = new AbortController()
      let sent = 0
      let waiting: () => void = () => undefined
      const stuck = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (sent < 2 * PART) {
            sent += MIB
            controller.enqueue(new Uint8Array(MIB))
            return
          }
          waiting()
          return new Promise(() => undefined)
        },
      })
      const reached = new Promise<void>((resolve) => (waiting = resolve))
      const written = store.put('a', stuck, { signal: stop.signal }).then(
        () => 'written',
        (error: unknown) => (error as Error).message,
      )
      await reached
      stop.abort(new Error('no longer wanted'))
      expectEqual(await written, 'no longer wanted')
      await expectNothingLeft(store, [])
    },
  },
]

/**
 * Throws unless there are exactly these objects and no upload under way, where that can be seen.
 */
async function expectNothingLeft(store: BlobStore, keys: readonly string[]): Promise<void> {
  expectEqual(await keysOf(store), keys)
  if (store.capabilities.listUploads)
    expectEqual(await store.uploads.sweep({ before: Infinity }), 0, 'uploads that were left')
}
