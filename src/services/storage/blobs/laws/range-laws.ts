import { expectEqual, expectTrue, type Law } from '../../../../runtime/ports/conformance.ts'
import type { BlobStoreHarness } from '../blob-store.conformance.ts'
import type { ByteRange } from '../byte-range.ts'
import { expectCode, getAll } from './law-steps.ts'

/** Parts of an object. */
export const rangeLaws: readonly Law<BlobStoreHarness>[] = [
  {
    name: 'get() answers the part that was asked for, and which it is',
    async run({ open }) {
      const store = await open()
      await store.put('a', '0123456789')
      const cases: readonly (readonly [ByteRange, string, number, number])[] = [
        [{ offset: 0, length: 1 }, '0', 0, 0],
        [{ offset: 2, length: 3 }, '234', 2, 4],
        [{ offset: 7 }, '789', 7, 9],
        [{ offset: 0 }, '0123456789', 0, 9],
        [{ offset: 8, length: 100 }, '89', 8, 9],
        [{ offset: 9, length: 1 }, '9', 9, 9],
        [{ suffix: 1 }, '9', 9, 9],
        [{ suffix: 4 }, '6789', 6, 9],
        [{ suffix: 100 }, '0123456789', 0, 9],
      ]
      for (const [range, expected, start, end] of cases) {
        const content = await getAll(store, 'a', { range })
        expectEqual(
          [await content.text(), content.range, content.size, content.bodySize],
          [expected, { start, end }, 10, expected.length],
          JSON.stringify(range),
        )
      }
    },
  },
  {
    name: 'get() rejects with range_not_satisfiable, when the range begins behind the end',
    async run({ open }) {
      const store = await open()
      await store.put('a', '0123456789')
      await store.put('empty', '')
      await expectCode('range_not_satisfiable', () => store.get('a', { range: { offset: 10 } }))
      await expectCode('range_not_satisfiable', () =>
        store.get('a', { range: { offset: 11, length: 1 } }),
      )
      for (const range of [{ offset: 0 }, { suffix: 5 }])
        await expectCode('range_not_satisfiable', () => store.get('empty', { range }))
      expectEqual(await store.get('no', { range: { suffix: 1 } }), null)
    },
  },
  {
    name: 'get() refuses a range that is none',
    async run({ open }) {
      const store = await open()
      await store.put('a', '0123456789')
      const wrong: readonly unknown[] = [
        {},
        { offset: -1 },
        { offset: 1.5 },
        { offset: 0, length: 0 },
        { offset: 0, length: Number.NaN },
        { suffix: 0 },
        { suffix: -1 },
        { offset: 0, suffix: 1 },
        { offset: '1' },
      ]
      for (const range of wrong) {
        const refused = await store.get('a', { range: range as ByteRange }).then(
          () => false,
          (error: unknown) => error instanceof RangeError,
        )
        expectTrue(refused, `${JSON.stringify(range)} to be refused`)
      }
    },
  },
  {
    name: 'a body that is cancelled is no error, and the object can be read again',
    async run({ open }) {
      const store = await open()
      await store.put('a', new Uint8Array(300_000))
      await (await getAll(store, 'a')).body.cancel()
      const reader = (await getAll(store, 'a')).body.getReader()
      await reader.read()
      await reader.cancel('enough')
      expectEqual((await (await getAll(store, 'a')).bytes()).length, 300_000)
    },
  },
]
