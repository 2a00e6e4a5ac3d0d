import { expectEqual, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { BlobStore } from '../blob-store.ts'
import { expectBytes, expectCode, getAll, keysOf } from './law-steps.ts'

/** Keys that some client somewhere has got wrong. */
const ODD_KEYS: readonly string[] = [
  'a b+c&d=e#f?g%20h.txt',
  '%2e%2e/x',
  '%',
  'a%2Fb',
  'grün/日本/😀.txt',
  // Two keys that look alike: composed and decomposed.
  'e\u0301',
  '\u00e9',
  'quote\'s "and" <tags> & &amp; ;,:@$!*()[]{}|^`~',
  '...',
  'a/.../b',
  '.hidden',
  '..a/b..',
  'dot.',
  ' space ',
  'a//b',
  'trailing/',
  '+',
  'NUL',
  'x'.repeat(300),
  `${'long/'.repeat(20)}${'ü'.repeat(462)}`,
]

/** Keys that nobody may use. */
const REFUSED = [
  '',
  '.',
  '..',
  '../secret',
  'a/../b',
  'a/./b',
  'a/..',
  './a',
  'a\\..\\b',
  'nul\0',
  'line\nbreak',
  'del\u007f',
  'c1\u0085',
  '\ud800',
  'a\udc00b',
  '\uffff',
  'x'.repeat(1025),
  'ü'.repeat(513),
  7,
  null,
  undefined,
  {},
] as readonly unknown[] as readonly string[]

/** What a key may be, and that it is the same key everywhere. */
export const keyLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'keys of any characters come back as they were, each with its own object',
    async run({ open }) {
      const store = await open()
      const encode = new TextEncoder()
      for (const key of ODD_KEYS) await store.put(key, `of ${key}`)
      for (const key of ODD_KEYS) {
        await expectBytes(store, key, encode.encode(`of ${key}`))
        const content = await getAll(store, key)
        expectEqual([content.key, await content.text()], [key, `of ${key}`])
        expectEqual((await store.head(key))?.key, key)
      }
      expectEqual((await keysOf(store)).toSorted(), [...ODD_KEYS].toSorted())
      for (const key of ODD_KEYS) await store.delete(key)
      expectEqual(await keysOf(store), [])
    },
  },
  {
    name: 'a backslash is a character as any other, or refused',
    async run({ open }) {
      const store = await open()
      if (store.capabilities.backslashes) {
        await store.put('a\\b', 'x')
        expectEqual(await keysOf(store), ['a\\b'])
      } else {
        await expectCode('invalid_key', () => store.put('a\\b', 'x'))
        await expectCode('invalid_key', () => store.get('a\\b'))
      }
      expectEqual(await store.exists('a/b'), false)
    },
  },
  {
    name: 'keys that begin alike up to a slash, or with one, stand beside each other',
    needs: ['keysInKeys'],
    async run({ open }) {
      const store = await open()
      const keys = ['/lead', 'a', 'a/', 'a/b', 'a/b/c']
      for (const key of keys) await store.put(key, key)
      for (const key of keys) expectEqual(await (await getAll(store, key)).text(), key)
      expectEqual(await keysOf(store), keys)
      await store.delete('a/b')
      expectEqual(
        await keysOf(store),
        keys.filter((key) => key !== 'a/b'),
      )
    },
  },
  {
    name: 'a key with dot segments, control characters, half a surrogate pair, or of no or too many bytes is refused by every call',
    async run({ open }) {
      const store = await open()
      await store.put('a', 'x')
      const calls: Readonly<Record<string, (key: string, of: BlobStore) => Promise<unknown>>> = {
        put: (key) => store.put(key, 'x'),
        get: (key) => store.get(key),
        head: (key) => store.head(key),
        exists: (key) => store.exists(key),
        delete: (key) => store.delete(key),
        deleteMany: (key) => store.deleteMany(['a', key]),
        copyFrom: (key) => store.copy({ bucket: store.bucket, key }, 'b'),
        copyTo: (key) => store.copy('a', key),
        move: (key) => store.move('a', key),
        getTags: (key) => store.getTags(key),
        setTags: (key) => store.setTags(key, {}),
        presign: (key) => store.presign(key),
        presignPost: (key) => store.presignPost(key, { maxBytes: 1 }),
        createUpload: (key) => store.uploads.create(key),
      }
      for (const key of REFUSED)
        for (const call of Object.values(calls))
          await expectCode('invalid_key', () => call(key, store))
      for (const prefix of ['../', 'a/../', '\ud800', 'a\0', 'x'.repeat(1025)])
        await expectCode('invalid_key', () => store.page({ prefix }))
      expectEqual(await keysOf(store), ['a'])
    },
  },
]
