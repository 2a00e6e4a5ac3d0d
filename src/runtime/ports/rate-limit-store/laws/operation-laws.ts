import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { RateLimit, RateLimitStore } from '../rate-limit-store.ts'
import {
  ask,
  HOUR_MS,
  left,
  MINUTE_MS,
  STILL,
  toWindow,
  type RateLimitStoreHarness,
} from './law-steps.ts'

const base = { name: 'n', limit: 10, windowMs: HOUR_MS } as const
const gcra: RateLimit = { ...base, algorithm: 'gcra' }
const counted: readonly RateLimit[] = [
  { ...base, algorithm: 'fixed-window' },
  { ...base, algorithm: 'sliding-window' },
  { ...base, algorithm: 'sliding-log' },
]
const slots: RateLimit = { algorithm: 'concurrency', name: 'slots', limit: 2, leaseMs: MINUTE_MS }

async function settleTo(
  store: RateLimitStore,
  limit: RateLimit,
  cost: number,
  operation = 'op',
): Promise<number | null> {
  const settled = await store.settle('s', [{ ...limit, cost }], operation)
  return settled?.[0]?.remaining ?? null
}

/** What operations, settlements and slots promise. */
export const operationLaws: readonly Law<RateLimitStoreHarness>[] = [
  {
    name: 'an operation that is asked for again passes and costs once',
    async run(harness) {
      for (const limit of [gcra, ...counted]) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await ask(store, { ...limit, cost: 9 }, { operation: 'a' })
        for (let again = 0; again < 3; again++) {
          const { allowed, remaining } = await ask(store, { ...limit, cost: 9 }, { operation: 'a' })
          expectEqual([allowed, remaining], [true, 1], limit.algorithm)
        }
        expectEqual((await ask(store, { ...limit, cost: 2 }, { operation: 'b' })).allowed, false)
        expectEqual((await ask(store, limit, { operation: 'b' })).allowed, true)
      }
    },
  },
  {
    name: 'an operation is forgotten after its time, and costs again',
    async run(harness) {
      const { open, advance } = harness
      const store = await open()
      await toWindow(harness, 24 * HOUR_MS)
      const limit: RateLimit = { ...base, algorithm: 'fixed-window', windowMs: 24 * HOUR_MS }
      await ask(store, limit, { operation: 'a', rememberMs: MINUTE_MS })
      await advance(MINUTE_MS - 10_000)
      expectEqual((await ask(store, limit, { operation: 'a' })).remaining, 9)
    },
  },
  {
    name: 'settle() corrects what an operation took, both ways and more than once',
    async run(harness) {
      for (const limit of [gcra, ...counted]) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await ask(store, limit, { operation: 'op' })
        const left: (number | null)[] = []
        for (const cost of [5, 2, 2, 10, 3, 1]) left.push(await settleTo(store, limit, cost))
        expectEqual(left, [5, 8, 8, 0, 7, 9], limit.algorithm)
      }
    },
  },
  {
    name: 'settle() takes what does not fit down to nothing left, and gives back only what it took',
    async run(harness) {
      for (const limit of [gcra, ...counted]) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await ask(store, { ...limit, cost: 8 })
        await ask(store, limit, { operation: 'op' })
        expectEqual(await settleTo(store, limit, 6), 0, limit.algorithm)
        expectEqual(await settleTo(store, limit, 0), 2, limit.algorithm)
      }
    },
  },
  {
    name: 'settle() with cost 0 gives back once, and forgets the operation',
    async run(harness) {
      for (const limit of [gcra, ...counted]) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await ask(store, { ...limit, cost: 4 })
        await ask(store, { ...limit, cost: 3 }, { operation: 'op' })
        expectEqual(await settleTo(store, limit, 0), 6, limit.algorithm)
        expectEqual(await settleTo(store, limit, 0), null, limit.algorithm)
        expectEqual((await ask(store, { ...limit, cost: 3 }, { operation: 'op' })).remaining, 3)
      }
    },
  },
  {
    name: 'settle() knows no operation that took nothing',
    async run({ open }) {
      const store = await open()
      expectEqual(await settleTo(store, gcra, 0), null)
      await ask(store, { ...gcra, cost: 10 })
      await ask(store, gcra, { operation: 'op' })
      expectEqual(await settleTo(store, gcra, 0), null, 'one that was denied')
      await ask(store, { ...gcra, cost: 0 }, { operation: 'op' })
      await ask(store, gcra, { operation: 'op', look: true })
      expectEqual(await settleTo(store, gcra, 0), null, 'one that only looked')
      expectEqual(await left(store, { ...gcra, name: 'never' }), 10)
    },
  },
  {
    name: 'settle() gives nothing back into another window',
    needs: [STILL],
    async run(harness) {
      for (const limit of counted) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        const remembered = { operation: 'op', rememberMs: 10 * HOUR_MS }
        await ask(store, { ...limit, cost: 3 }, remembered)
        await harness.advance(2 * HOUR_MS)
        await ask(store, { ...limit, cost: 5 })
        expectEqual(await settleTo(store, limit, 0), 5, limit.algorithm)
      }
    },
  },
  {
    name: 'settle() of a sliding window gives back from the earlier window what was taken there',
    needs: [STILL],
    async run(harness) {
      const store = await harness.open()
      const limit: RateLimit = { ...base, algorithm: 'sliding-window' }
      await toWindow(harness, HOUR_MS)
      await ask(store, { ...limit, cost: 8 }, { operation: 'op', rememberMs: 3 * HOUR_MS })
      await harness.advance(1.5 * HOUR_MS)
      await ask(store, { ...limit, cost: 2 })
      expectEqual(await left(store, limit), 4)
      expectEqual(await settleTo(store, limit, 4), 6)
      expectEqual(await settleTo(store, limit, 0), 8)
    },
  },
  {
    name: 'settle() of gcra gives nothing back that has been earned back since',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      const remembered = { operation: 'op', rememberMs: 10 * HOUR_MS }
      await ask(store, { ...gcra, cost: 4 }, remembered)
      await advance(0.3 * HOUR_MS)
      await ask(store, { ...gcra, cost: 9 })
      // Of its four one is not earned back yet.
      expectEqual(await left(store, gcra), 0)
      expectEqual(await settleTo(store, gcra, 0), 1)
    },
  },
  {
    name: 'a slot is held until it is given back or its lease ends',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      const take = async (operation: string): Promise<boolean> =>
        (await ask(store, slots, { operation })).allowed
      expectEqual([await take('a'), await take('b'), await take('c')], [true, true, false])
      expectEqual((await ask(store, { ...slots, cost: 0 })).nextAfterMs, MINUTE_MS)
      expectEqual(await settleTo(store, slots, 0, 'a'), 1)
      expectEqual([await take('c'), await take('d')], [true, false])
      await advance(MINUTE_MS - 1)
      expectEqual([await take('b'), await take('d')], [true, false])
      await advance(1)
      // c's lease is over, b has renewed its own.
      expectEqual([await take('d'), await take('e')], [true, false])
    },
  },
  {
    name: 'a slot that is given back late or twice frees nobody else’s',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      await ask(store, slots, { operation: 'a' })
      await advance(MINUTE_MS)
      await ask(store, slots, { operation: 'b' })
      await ask(store, slots, { operation: 'c' })
      expectEqual(await settleTo(store, slots, 0, 'a'), null)
      expectEqual((await ask(store, slots, { operation: 'd' })).allowed, false)
      expectEqual(await settleTo(store, slots, 0, 'b'), 1)
      expectEqual(await settleTo(store, slots, 0, 'b'), null)
      expectEqual(await left(store, slots), 1)
    },
  },
  {
    name: 'a slot is taken together with other limits, or nothing is',
    async run({ open }) {
      const store = await open()
      const both = (operation: string) => store.consume('s', [slots, gcra], { operation })
      await both('a')
      await both('b')
      const third = await both('c')
      expectEqual(
        third.map(({ allowed, remaining }) => [allowed, remaining]),
        [
          [false, 0],
          [true, 8],
        ],
      )
      const none = [slots, gcra].map((limit) => ({ ...limit, cost: 0 }))
      const given = await store.settle('s', none, 'b')
      expectEqual(
        given?.map(({ remaining }) => remaining),
        [1, 9],
      )
      expectTrue(
        (await both('c')).every(({ allowed }) => allowed),
        'the slot to be free',
      )
    },
  },
  {
    name: 'operations that are malformed are refused, and what needs one and has none',
    async run({ open }) {
      const store = await open()
      const isRangeError = (error: unknown): boolean => error instanceof RangeError
      const bad: readonly (() => Promise<unknown>)[] = [
        () => ask(store, slots),
        () => ask(store, gcra, { operation: '' }),
        () => ask(store, gcra, { operation: 'a b' }),
        () => ask(store, gcra, { operation: 'x'.repeat(129) }),
        () => ask(store, gcra, { operation: 'x', rememberMs: 999 }),
        () => ask(store, gcra, { rememberMs: 1000 }),
        () => store.settle('s', [gcra], ''),
        () => store.settle('s', [{ ...gcra, cost: 11 }], 'op'),
        () => store.settle('', [gcra], 'op'),
      ]
      for (const act of bad) await expectRejection(act, isRangeError, 'a RangeError')
      expectEqual((await ask(store, gcra, { operation: 'x'.repeat(128) })).allowed, true)
    },
  },
]
