import { STORE_LIMITS, type AtomicStore, type StorePartition } from './atomic-store.ts'
import { expectEqual, expectRejection, expectTrue, type Law } from '../conformance.ts'

/** What an adapter supplies to have {@link atomicStoreLaws} run against it. */
export interface AtomicStoreHarness {
  /** Opens a store whose partitions are empty. Called once a law. */
  open(): Promise<AtomicStore>
  /** Lets the store's clock advance. */
  advance(ms: number): Promise<void>
}

const isRangeError = (error: unknown): boolean => error instanceof RangeError

/** What every {@link AtomicStore} keeps to; an adapter is correct when it passes them. */
export const atomicStoreLaws: readonly Law<AtomicStoreHarness>[] = [
  {
    name: 'get() answers null for a key never written',
    async run({ open }) {
      expectEqual(await (await open()).partition('p').get('k'), null)
    },
  },
  {
    name: 'commit() writes every value of the change under one version',
    async run({ open }) {
      const part = (await open()).partition('p')
      const value = { text: 'ü€😀\u0000"', n: -1.5e300, list: [true, null, {}], '': '' }
      const version = await committed(
        part.commit({
          set: [
            { key: 'a', value },
            { key: 'b', value: null },
          ],
        }),
      )
      expectEqual(await part.get('a'), { key: 'a', value, version })
      expectEqual(await part.get('b'), { key: 'b', value: null, version })
    },
  },
  {
    name: 'commit() keeps empty lists apart from empty objects',
    async run({ open }) {
      const part = (await open()).partition('p')
      await committed(part.commit({ set: [{ key: 'k', value: { list: [], object: {} } }] }))
      expectEqual((await part.get('k'))?.value, { list: [], object: {} })
    },
  },
  {
    name: 'commit() refuses all of a change whose check names another version, and says what is there',
    async run({ open }) {
      const part = (await open()).partition('p')
      const first = await committed(part.commit({ set: [{ key: 'k', value: 1 }] }))
      const second = await committed(
        part.commit({ check: [{ key: 'k', version: first }], set: [{ key: 'k', value: 2 }] }),
      )
      const refused = await part.commit({
        check: [
          { key: 'absent', version: null },
          { key: 'k', version: first },
        ],
        set: [{ key: 'other', value: 3 }],
        delete: ['k'],
      })
      expectEqual(refused, {
        ok: false,
        key: 'k',
        current: { key: 'k', value: 2, version: second },
      })
      expectEqual(await part.get('other'), null)
      expectEqual((await part.get('k'))?.value, 2)
    },
  },
  {
    name: 'commit() with a null check creates a key only once',
    async run({ open }) {
      const part = (await open()).partition('p')
      const create = { check: [{ key: 'k', version: null }], set: [{ key: 'k', value: 1 }] }
      const version = await committed(part.commit(create))
      expectEqual(await part.commit(create), {
        ok: false,
        key: 'k',
        current: { key: 'k', value: 1, version },
      })
    },
  },
  {
    name: 'commit() checks without writing when nothing is set or deleted',
    async run({ open }) {
      const part = (await open()).partition('p')
      const version = await committed(part.commit({ set: [{ key: 'k', value: 1 }] }))
      expectTrue((await part.commit({ check: [{ key: 'k', version }] })).ok, 'the check to hold')
      const refused = await part.commit({ check: [{ key: 'gone', version }] })
      expectEqual(refused, { ok: false, key: 'gone', current: null })
      expectEqual((await part.get('k'))?.version, version)
    },
  },
  {
    name: 'commit() deletes keys and ignores absent ones',
    async run({ open }) {
      const part = (await open()).partition('p')
      await committed(
        part.commit({
          set: [
            { key: 'a', value: 1 },
            { key: 'b', value: 2 },
          ],
        }),
      )
      await committed(part.commit({ delete: ['a', 'never'] }))
      expectEqual(await part.get('a'), null)
      expectEqual(keys(await part.list()), ['b'])
    },
  },
  {
    name: 'commit() gives versions that grow over deletion, expiry and emptiness of the partition',
    async run({ open, advance }) {
      const part = (await open()).partition('p')
      const versions: number[] = []
      for (let round = 0; round < 4; round++) {
        versions.push(
          await committed(part.commit({ set: [{ key: 'k', value: round, expiresInMs: 1000 }] })),
        )
        if (round % 2 === 0) versions.push(await committed(part.commit({ delete: ['k'] })))
        else await advance(1000)
      }
      for (const [index, version] of versions.entries()) {
        expectTrue(Number.isSafeInteger(version) && version > 0, 'versions to be positive integers')
        expectTrue(
          index === 0 || version > (versions[index - 1] ?? 0),
          'each version to be above the one before',
        )
      }
    },
  },
  {
    name: 'get() answers null from the moment of expiry on, and a null check then holds',
    async run({ open, advance }) {
      const part = (await open()).partition('p')
      await committed(part.commit({ set: [{ key: 'k', value: 1, expiresInMs: 60_000 }] }))
      await advance(59_000)
      expectEqual((await part.get('k'))?.value, 1)
      await advance(1_000)
      expectEqual(await part.get('k'), null)
      expectEqual(keys(await part.list()), [])
      expectTrue(
        (await part.commit({ check: [{ key: 'k', version: null }], set: [{ key: 'k', value: 2 }] }))
          .ok,
        'the key to be free',
      )
      expectEqual((await part.get('k'))?.value, 2)
    },
  },
  {
    name: 'commit() sets a lifetime anew, and takes it away when none is given',
    async run({ open, advance }) {
      const part = (await open()).partition('p')
      await committed(
        part.commit({
          set: [
            { key: 'longer', value: 1, expiresInMs: 60_000 },
            { key: 'ever', value: 1, expiresInMs: 60_000 },
          ],
        }),
      )
      await advance(30_000)
      await committed(
        part.commit({
          set: [
            { key: 'longer', value: 2, expiresInMs: 60_000 },
            { key: 'ever', value: 2 },
          ],
        }),
      )
      await advance(59_000)
      expectEqual(keys(await part.list()), ['ever', 'longer'])
      await advance(31_536_000_000)
      expectEqual(keys(await part.list()), ['ever'])
    },
  },
  {
    name: 'a key whose lifetime was taken away survives a commit past the old expiry',
    async run({ open, advance }) {
      const part = (await open()).partition('p')
      await committed(part.commit({ set: [{ key: 'k', value: 1, expiresInMs: 1000 }] }))
      await committed(part.commit({ set: [{ key: 'k', value: 2 }] }))
      await advance(1000)
      await committed(part.commit({ set: [{ key: 'other', value: 1, expiresInMs: 1000 }] }))
      await advance(1000)
      await committed(part.commit({ delete: ['nothing'] }))
      expectEqual((await part.get('k'))?.value, 2)
    },
  },
  {
    name: 'getMany() answers for each key in order: its entry, or null when it is absent or has expired',
    async run({ open, advance }) {
      const store = await open()
      const part = store.partition('p')
      const version = await committed(
        part.commit({
          set: [
            { key: 'a', value: { n: 1 } },
            { key: 'b\u0000', value: null },
            { key: 'gone', value: 2, expiresInMs: 1000 },
          ],
        }),
      )
      const ofA = { key: 'a', value: { n: 1 }, version }
      expectEqual(await part.getMany(['b\u0000', 'absent', 'a', 'b', 'gone', 'a']), [
        { key: 'b\u0000', value: null, version },
        null,
        ofA,
        null,
        { key: 'gone', value: 2, version },
        ofA,
      ])
      await advance(1000)
      expectEqual(await part.getMany(['gone', 'a']), [null, ofA])
      expectEqual(await part.getMany([]), [])
      expectEqual(await store.partition('other').getMany(['a']), [null])
    },
  },
  {
    name: 'getMany() answers at least one of several large entries, and each in its turn',
    async run({ open }) {
      const part = (await open()).partition('p')
      const value = 'x'.repeat(1_000_000)
      const keys = Array.from({ length: 12 }, (_, index) => `k${index}`)
      for (const key of keys) await committed(part.commit({ set: [{ key, value }] }))
      const read: string[] = []
      for (let calls = 0; read.length < keys.length; calls++) {
        expectTrue(calls < keys.length, 'at least one entry a call')
        for (const entry of await part.getMany(keys.slice(read.length))) {
          expectEqual((entry?.value as string | undefined)?.length, value.length)
          read.push(entry?.key ?? '')
        }
      }
      expectEqual(read, keys)
    },
  },
  {
    name: 'getMany() takes the largest number of keys, and refuses more or malformed ones',
    async run({ open }) {
      const part = (await open()).partition('p')
      await committed(part.commit({ set: [{ key: 'k1', value: 1 }] }))
      const keys = Array.from({ length: STORE_LIMITS.operations }, (_, index) => `k${index}`)
      const entries = await part.getMany(keys)
      expectEqual([entries.length, entries[0], entries[1]?.value], [keys.length, null, 1])
      for (const wrong of [[...keys, 'k'], [''], ['k', '\ud800'], ['x'.repeat(513)]])
        await expectRejection(() => part.getMany(wrong), isRangeError, 'wrong keys')
    },
  },
  {
    name: 'list() pages through a prefix in UTF-8 order, both ways, each key once',
    async run({ open }) {
      const part = (await open()).partition('p')
      const inside = [
        'a/',
        'a/\u0000',
        'a/\u0000b',
        'a/\u0001',
        'a/\u0001b',
        'a/!',
        'a/1',
        'a/10',
        'a/2',
        'a/z',
        'a/é',
        'a/\uffee',
        'a/😀',
      ]
      for (const key of ['a', 'a.', 'a0', 'b/1', ...inside.toReversed()])
        await committed(part.commit({ set: [{ key, value: key }] }))
      expectEqual(await pageThrough(part, 'a/', 2, false), inside)
      expectEqual(await pageThrough(part, 'a/', 4, true), inside.toReversed())
      expectEqual(keys(await part.list({ prefix: 'a/', limit: inside.length })), inside)
      expectEqual((await part.list({ prefix: 'none' })).cursor, null)
    },
  },
  {
    name: 'list() goes on from any key given as the cursor, whether it is there or not',
    async run({ open }) {
      const part = (await open()).partition('p')
      for (const key of ['a/1', 'a/3', 'a/5', 'b/1'])
        await committed(part.commit({ set: [{ key, value: 0 }] }))
      for (const [cursor, after, before] of [
        ['a/3', ['a/5'], ['a/1']],
        ['a/4', ['a/5'], ['a/3', 'a/1']],
        ['a', ['a/1', 'a/3', 'a/5'], []],
        ['a/9', [], ['a/5', 'a/3', 'a/1']],
        ['c', [], ['a/5', 'a/3', 'a/1']],
      ] as const) {
        expectEqual(keys(await part.list({ prefix: 'a/', cursor })), after)
        expectEqual(keys(await part.list({ prefix: 'a/', cursor, reverse: true })), before)
      }
    },
  },
  {
    name: 'list() takes the characters of a prefix literally',
    async run({ open }) {
      const part = (await open()).partition('p')
      for (const key of ['a%b', 'a_b', 'aXb', 'a*b', 'a[b]', '[a', '(a'])
        await committed(part.commit({ set: [{ key, value: 0 }] }))
      expectEqual(keys(await part.list({ prefix: 'a%' })), ['a%b'])
      expectEqual(keys(await part.list({ prefix: 'a_' })), ['a_b'])
      expectEqual(keys(await part.list({ prefix: 'a*' })), ['a*b'])
      expectEqual(keys(await part.list({ prefix: '[' })), ['[a'])
    },
  },
  {
    name: 'list() pages over expired keys without ending early',
    async run({ open, advance }) {
      const part = (await open()).partition('p')
      for (let index = 0; index < 9; index++) {
        await committed(
          part.commit({
            set: [{ key: `k${index}`, value: index, ...(index % 3 > 0 && { expiresInMs: 1000 }) }],
          }),
        )
      }
      await advance(1000)
      expectEqual(await pageThrough(part, '', 2, false), ['k0', 'k3', 'k6'])
    },
  },
  {
    name: 'partition() keeps partitions apart, whatever their names',
    async run({ open }) {
      const store = await open()
      const names = ['p', 'p:', 'p}', '{p', 'P', 'p/k', 'ü€', 'p\'"', 'p '.repeat(100)]
      for (const name of names)
        await committed(store.partition(name).commit({ set: [{ key: 'k', value: name }] }))
      for (const name of names) expectEqual((await store.partition(name).get('k'))?.value, name)
    },
  },
  {
    name: 'commit() lets exactly one of many concurrent writers through',
    async run({ open }) {
      const part = (await open()).partition('p')
      const version = await committed(part.commit({ set: [{ key: 'k', value: 0 }] }))
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          part.commit({ check: [{ key: 'k', version }], set: [{ key: 'k', value: index + 1 }] }),
        ),
      )
      expectEqual(results.filter((result) => result.ok).length, 1)
    },
  },
  {
    name: 'commit() refuses what is over the limits, and writes nothing',
    async run({ open }) {
      const store = await open()
      const part = store.partition('p')
      const ok = { key: 'fine', value: 1 }
      const many = Array.from({ length: STORE_LIMITS.operations + 1 }, (_, index) => ({
        key: `k${index}`,
        value: 0,
      }))
      await expectRejection(
        async () => store.partition(''),
        isRangeError,
        'an empty partition name to be refused',
      )
      await expectRejection(
        async () => store.partition('é'.repeat(257)),
        isRangeError,
        'a long partition name to be refused',
      )
      await expectRejection(async () => part.get(''), isRangeError, 'an empty key to be refused')
      await expectRejection(
        async () => part.commit({ set: [ok, { key: 'half a pair \ud83d', value: 1 }] }),
        isRangeError,
        'a key without UTF-8 to be refused',
      )
      await expectRejection(
        async () => part.commit({ set: [ok, { key: 'é'.repeat(257), value: 1 }] }),
        isRangeError,
        'a long key to be refused',
      )
      await expectRejection(
        async () =>
          part.commit({ set: [ok, { key: 'big', value: 'x'.repeat(STORE_LIMITS.valueBytes) }] }),
        isRangeError,
        'a long value to be refused',
      )
      await expectRejection(
        async () => part.commit({ set: many }),
        isRangeError,
        'too many operations to be refused',
      )
      await expectRejection(
        async () => part.commit({ set: [ok], delete: ['fine'] }),
        isRangeError,
        'a key written twice to be refused',
      )
      await expectRejection(
        async () => part.commit({ set: [{ ...ok, expiresInMs: 0 }] }),
        isRangeError,
        'a lifetime of 0 to be refused',
      )
      await expectRejection(
        async () => part.list({ limit: 1001 }),
        isRangeError,
        'a long page to be refused',
      )
      expectEqual(keys(await part.list()), [])
    },
  },
  {
    name: 'commit() takes a value of the largest size and the largest number of operations',
    async run({ open }) {
      const part = (await open()).partition('p')
      const value = 'x'.repeat(STORE_LIMITS.valueBytes - 2)
      await committed(part.commit({ set: [{ key: 'big', value }] }))
      expectTrue((await part.get('big'))?.value === value, 'the largest value to come back')
      const set = Array.from({ length: STORE_LIMITS.operations }, (_, index) => ({
        key: `k${String(index).padStart(3, '0')}`,
        value: index,
      }))
      await committed(part.commit({ set }))
      expectEqual(
        (await part.list({ prefix: 'k', limit: 1000 })).entries.length,
        STORE_LIMITS.operations,
      )
    },
  },
]

async function committed(commit: ReturnType<StorePartition['commit']>): Promise<number> {
  const result = await commit
  expectTrue(result.ok, 'the commit to go through')
  return result.version
}

function keys(page: { readonly entries: readonly { readonly key: string }[] }): string[] {
  return page.entries.map((entry) => entry.key)
}

async function pageThrough(
  part: StorePartition,
  prefix: string,
  limit: number,
  reverse: boolean,
): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null = null
  for (let page = 0; page < 50; page++) {
    const result = await part.list({ prefix, limit, reverse, ...(cursor !== null && { cursor }) })
    expectTrue(result.entries.length <= limit, 'a page to be within its limit')
    seen.push(...keys(result))
    cursor = result.cursor
    if (cursor === null) return seen
  }
  throw new Error('list() did not end')
}
