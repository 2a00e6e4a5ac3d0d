import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { BlobStore, PageBlobsOptions } from '../blob-store.ts'
import { keysOf } from './law-steps.ts'

/** Keys in their order. */
const ORDERED = ['Z', 'a', 'a-b', 'a.txt', 'b/1', 'b/2/x', 'b/2/y', 'b/3', 'c', 'é', '日本']

/** Finding objects. */
export const listLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'list() gives every object once, in the order of keys, with its size and etag',
    async run({ open }) {
      const store = await open()
      expectEqual(await keysOf(store), [])
      for (const key of ORDERED.toReversed()) await store.put(key, key)
      expectEqual(await keysOf(store), ORDERED)
      for await (const { key, size, etag } of store.list()) {
        const head = await store.head(key)
        expectEqual([size, etag], [head?.size, head?.etag], key)
      }
    },
  },
  {
    name: 'list() orders by UTF-8, which is not the order of JavaScript',
    needs: ['utf8Order'],
    async run({ open }) {
      const store = await open()
      for (const key of ['😀', '\ufb01', 'a']) await store.put(key, key)
      expectEqual(await keysOf(store), ['a', '\ufb01', '😀'])
      const { cursor } = await store.page({ limit: 2 })
      const rest = await store.page({ limit: 2, cursor: cursor ?? 'none' })
      expectEqual(
        rest.blobs.map(({ key }) => key),
        ['😀'],
      )
    },
  },
  {
    name: 'page() gives pages of the size asked for until none is left, each object once',
    async run({ open }) {
      const store = await open()
      for (const key of ORDERED) await store.put(key, key)
      for (const limit of [1, 2, 5, ORDERED.length, 1000]) {
        const pages = await allPages(store, { limit })
        expectEqual(
          pages.flatMap(({ blobs }) => blobs.map(({ key }) => key)),
          ORDERED,
          `keys in pages of ${limit}`,
        )
        expectTrue(
          pages.every(({ blobs }) => blobs.length <= limit),
          `pages of at most ${limit}`,
        )
      }
    },
  },
  {
    name: 'page() with a prefix gives what begins with it',
    async run({ open }) {
      const store = await open()
      for (const key of ORDERED) await store.put(key, key)
      expectEqual(await keysOf(store, { prefix: 'b/' }), ['b/1', 'b/2/x', 'b/2/y', 'b/3'])
      expectEqual(await keysOf(store, { prefix: 'a' }), ['a', 'a-b', 'a.txt'])
      expectEqual(await keysOf(store, { prefix: 'é' }), ['é'])
      expectEqual(await keysOf(store, { prefix: 'nothing' }), [])
    },
  },
  {
    name: 'page() with a delimiter gives what lies directly there, and each folder once, across pages',
    async run({ open }) {
      const store = await open()
      for (const key of ORDERED) await store.put(key, key)
      for (const limit of [1, 2, 3, 1000]) {
        const top = await allPages(store, { delimiter: '/', limit })
        expectEqual(
          top.flatMap(({ blobs }) => blobs.map(({ key }) => key)),
          ORDERED.filter((key) => !key.includes('/')),
          `keys in pages of ${limit}`,
        )
        expectEqual(
          top.flatMap(({ prefixes }) => prefixes),
          ['b/'],
          `prefixes in pages of ${limit}`,
        )
        const inside = await allPages(store, { delimiter: '/', prefix: 'b/', limit })
        expectEqual(
          inside
            .flatMap(({ blobs, prefixes }) => [...blobs.map(({ key }) => key), ...prefixes])
            .toSorted(),
          ['b/1', 'b/2/', 'b/3'],
        )
      }
      expectEqual(await keysOf(store, { delimiter: '/', prefix: 'b/' }), ['b/1', 'b/3'])
    },
  },
  {
    name: 'page() refuses a limit, a cursor or a delimiter that is none',
    async run({ open }) {
      const store = await open()
      const wrong: readonly unknown[] = [
        { limit: 0 },
        { limit: 1001 },
        { limit: 1.5 },
        { limit: '5' },
        { delimiter: ':' },
        { cursor: '' },
        { cursor: 7 },
        { max: 5 },
      ]
      for (const options of wrong) {
        const refused = await store.page(options as PageBlobsOptions).then(
          () => false,
          (error: unknown) => error instanceof RangeError || error instanceof TypeError,
        )
        expectTrue(refused, `${JSON.stringify(options)} to be refused`)
      }
    },
  },
  {
    name: 'list() goes on while what it has listed is removed',
    async run({ open }) {
      const store = await open()
      for (let index = 0; index < 30; index++) await store.put(`k${index}`, 'x')
      let seen = 0
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<BlobStore['page']>> = await store.page({
          limit: 7,
          ...(cursor !== null && { cursor }),
        })
        seen += page.blobs.length
        await store.deleteMany(page.blobs.map(({ key }) => key))
        cursor = page.cursor
      } while (cursor !== null)
      expectEqual([seen, await keysOf(store)], [30, []])
    },
  },
]

async function allPages(
  store: BlobStore,
  options: PageBlobsOptions,
): Promise<Awaited<ReturnType<BlobStore['page']>>[]> {
  const pages: Awaited<ReturnType<BlobStore['page']>>[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<BlobStore['page']>> = await store.page({
      ...options,
      ...(cursor !== null && { cursor }),
    })
    pages.push(page)
    cursor = page.cursor
  } while (cursor !== null && pages.length < 100)
  return pages
}
