import { expectEqual, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import { expectCode, getAll, keysOf } from './law-steps.ts'

const PROPERTIES = {
  contentType: 'text/x-law',
  cacheControl: 'no-store',
  contentDisposition: 'attachment',
  metadata: { origin: 'Zürich' },
} as const

/** Copying and moving. */
export const copyLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'copy() makes an object of its own with all that is stored beside the bytes',
    async run({ open }) {
      const store = await open()
      const from = 'ö & b/%20+?.txt'
      await store.put(from, 'bytes', PROPERTIES)
      const copied = await store.copy(from, 'copy of ö')
      expectEqual([copied.key, copied.size], ['copy of ö', 5])
      await store.delete(from)
      const content = await getAll(store, 'copy of ö')
      expectEqual(await content.text(), 'bytes')
      const { contentType, cacheControl, contentDisposition, metadata } = content
      expectEqual({ contentType, cacheControl, contentDisposition, metadata }, PROPERTIES)
      expectEqual(content.etag, copied.etag)
    },
  },
  {
    name: 'copy() with properties replaces all of them, also those of the object itself',
    async run({ open }) {
      const store = await open()
      await store.put('a', 'bytes', PROPERTIES)
      const changed = { contentType: 'text/plain', metadata: { now: 'other' } }
      for (const to of ['b', 'a']) {
        await store.copy('a', to, changed)
        const content = await getAll(store, to)
        const { contentType, cacheControl, metadata } = content
        expectEqual({ contentType, cacheControl, metadata }, { ...changed, cacheControl: null })
        expectEqual(await content.text(), 'bytes')
      }
    },
  },
  {
    name: 'copy() takes from another bucket of the account',
    async run({ openTwo }) {
      const [one, two] = await openTwo()
      await one.put('a', 'bytes', PROPERTIES)
      await two.copy({ bucket: one.bucket, key: 'a' }, 'b')
      expectEqual(await (await getAll(two, 'b')).text(), 'bytes')
      expectEqual((await two.head('b'))?.metadata, PROPERTIES.metadata)
      expectEqual(await keysOf(one), ['a'])
    },
  },
  {
    name: 'copy() rejects where there is nothing, or something else than was asked for',
    async run({ open }) {
      const store = await open()
      await expectCode('not_found', () => store.copy('no', 'a'))
      const { etag } = await store.put('a', 'one')
      await store.put('a', 'two')
      await expectCode('precondition_failed', () => store.copy('a', 'b', { ifSourceMatch: etag }))
      expectEqual(await keysOf(store), ['a'])
    },
  },
  {
    name: "copy() with ifNoneMatch '*' takes the place of nothing",
    needs: ['createOnly', 'conditionalParts'],
    async run({ open }) {
      const store = await open()
      await store.put('a', 'one')
      await store.put('b', 'two')
      await expectCode('precondition_failed', () => store.copy('a', 'b', { ifNoneMatch: '*' }))
      await store.copy('a', 'c', { ifNoneMatch: '*' })
      expectEqual(await (await getAll(store, 'b')).text(), 'two')
      expectEqual(await (await getAll(store, 'c')).text(), 'one')
    },
  },
  {
    name: 'move() leaves the object under its new key alone, and nothing where there was nothing',
    async run({ open }) {
      const store = await open()
      await store.put('a', 'bytes', PROPERTIES)
      await store.move('a', 'folder/b')
      expectEqual(await keysOf(store), ['folder/b'])
      expectEqual((await store.head('folder/b'))?.contentType, PROPERTIES.contentType)
      await expectCode('not_found', () => store.move('a', 'c'))
      const refused = await store.move('folder/b', 'folder/b').then(
        () => 'moved',
        (error: unknown) => (error as Error).name,
      )
      expectEqual([refused, await keysOf(store)], ['RangeError', ['folder/b']])
    },
  },
]
