import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { PutOptions } from '../blob-store.ts'
import { StorageError } from '../../storage-error.ts'
import { bytesOf, expectCode, getAll, keysOf, MIB, streamOf } from './law-steps.ts'

/** What is done only where something holds. */
export const conditionLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'get() with ifMatch answers that object or rejects, with ifNoneMatch any but that one',
    async run({ open }) {
      const store = await open()
      const { etag } = await store.put('a', 'one')
      expectEqual(await (await getAll(store, 'a', { ifMatch: etag })).text(), 'one')
      expectEqual(await (await getAll(store, 'a', { ifMatch: `"${etag}"` })).text(), 'one')
      const same = await store.get('a', { ifNoneMatch: etag })
      expectEqual([same?.notModified, same?.etag], [true, etag])
      await store.put('a', 'other')
      await expectCode('precondition_failed', () => store.get('a', { ifMatch: etag }))
      const changed = await store.get('a', { ifNoneMatch: etag })
      expectEqual(changed?.notModified === undefined && (await changed?.text()), 'other')
      // Some say that nothing is there, others that it is not this.
      const absent = await store.get('no', { ifMatch: etag }).catch((error: unknown) => error)
      expectTrue(
        absent === null ||
          (absent instanceof StorageError && absent.code === 'precondition_failed'),
        'no object where there is none',
      )
    },
  },
  {
    name: "put() with ifNoneMatch '*' writes only where nothing is",
    needs: ['createOnly'],
    async run({ open }) {
      const store = await open()
      await store.put('a', 'one', { ifNoneMatch: '*' })
      await expectCode('precondition_failed', () => store.put('a', 'two', { ifNoneMatch: '*' }))
      expectEqual(await (await getAll(store, 'a')).text(), 'one')
      const all = Array.from({ length: 5 }, (_, index) =>
        store.put('c', `writer ${index}`, { ifNoneMatch: '*' }).then(
          () => 1,
          () => 0,
        ),
      )
      const won = (await Promise.all(all)).filter((one) => one === 1)
      expectEqual(won.length, 1, 'writers that were the first')
    },
  },
  {
    name: 'conditions hold for what comes in parts too, or are refused',
    async run({ open }) {
      const store = await open()
      const large = bytesOf(5 * MIB + 1)
      const { etag } = await store.put('a', 'one')
      const put = (key: string, options: PutOptions): Promise<unknown> =>
        store.put(key, streamOf(large), options)
      if (!store.capabilities.conditionalParts) {
        await expectCode('unsupported', () => put('b', { ifNoneMatch: '*' }))
        await expectCode('unsupported', () => put('a', { ifMatch: etag }))
        await expectCode('unsupported', () => store.uploads.create('b', { ifNoneMatch: '*' }))
        expectEqual(await keysOf(store), ['a'])
        return
      }
      await expectCode('precondition_failed', () => put('a', { ifNoneMatch: '*' }))
      expectEqual(await (await getAll(store, 'a')).text(), 'one')
      await put('b', { ifNoneMatch: '*' })
      await expectCode('precondition_failed', () => put('b', { ifMatch: etag }))
      await put('a', { ifMatch: etag })
      expectEqual((await store.head('a'))?.size, large.length)
    },
  },
  {
    name: 'put() with ifMatch replaces that object alone',
    needs: ['replaceOnly'],
    async run({ open }) {
      const store = await open()
      const first = await store.put('a', 'one')
      const second = await store.put('a', 'two', { ifMatch: first.etag })
      await expectCode('precondition_failed', () =>
        store.put('a', 'three', { ifMatch: first.etag }),
      )
      await expectCode('precondition_failed', () => store.put('no', 'x', { ifMatch: first.etag }))
      await store.put('a', 'four', { ifMatch: `"${second.etag}"` })
      expectEqual(await (await getAll(store, 'a')).text(), 'four')
      expectEqual(await keysOf(store), ['a'])
    },
  },
  {
    name: 'delete() with ifMatch removes that object alone',
    needs: ['conditionalDelete'],
    async run({ open }) {
      const store = await open()
      const first = await store.put('a', 'one')
      const second = await store.put('a', 'two')
      await expectCode('precondition_failed', () => store.delete('a', { ifMatch: first.etag }))
      expectEqual(await store.exists('a'), true)
      await store.delete('a', { ifMatch: second.etag })
      expectEqual(await store.exists('a'), false)
    },
  },
]
