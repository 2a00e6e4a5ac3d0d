import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { RateLimit } from '../rate-limit-store.ts'
import { ask, HOUR_MS, left, type RateLimitStoreHarness } from './law-steps.ts'

const own: RateLimit = { algorithm: 'gcra', name: 'own', limit: 3, windowMs: HOUR_MS }
const shared: RateLimit = { ...own, name: 'all', limit: 5, subject: 'everyone' }

/** What holds of limits that several subjects share. */
export const severalSubjectLaws: readonly Law<RateLimitStoreHarness>[] = [
  {
    name: 'consume() charges a limit of another subject together with the own ones, or none',
    async run({ open }) {
      const store = await open()
      for (const subject of ['a', 'b'])
        for (let count = 0; count < 2; count++)
          expectEqual(
            (await store.consume(subject, [own, shared])).map(({ allowed }) => allowed),
            [true, true],
          )
      expectEqual((await store.consume('c', [own, shared]))[1]?.remaining, 0)
      const denied = await store.consume('d', [own, shared])
      expectEqual(
        denied.map(({ name, allowed, remaining }) => [name, allowed, remaining]),
        [
          ['own', true, 3],
          ['all', false, 0],
        ],
      )
      expectTrue((denied[1]?.retryAfterMs ?? 0) > 0, 'a wait')
      expectEqual((await ask(store, { ...own, cost: 0 }, {}, 'd')).remaining, 3)
      expectEqual((await ask(store, { ...shared, cost: 0 }, {}, 'whoever')).remaining, 0)
    },
  },
  {
    name: 'consume() takes nothing from a shared limit when the own one denies',
    async run({ open }) {
      const store = await open()
      await ask(store, { ...own, cost: 3 })
      const [first, second] = await store.consume('s', [own, shared])
      expectEqual([first?.allowed, second?.allowed, second?.remaining], [false, true, 5])
      expectEqual(await left(store, shared), 5)
    },
  },
  {
    name: 'consume() never lets more through than a shared limit has, whoever asks at once',
    async run({ open }) {
      const store = await open()
      const wide = { ...shared, limit: 20 }
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => store.consume(`s${index}`, [own, wide])),
      )
      const passed = answers.filter((decisions) => decisions.every(({ allowed }) => allowed)).length
      expectTrue(passed <= 20 && passed > 0, `at most 20 to pass, got ${passed}`)
      expectEqual(await left(store, wide), 20 - passed)
    },
  },
  {
    name: 'operations, settle() and reset() reach limits of other subjects',
    async run({ open }) {
      const store = await open()
      const charge = () => store.consume('s', [own, shared], { operation: 'op' })
      await charge()
      expectEqual(
        (await charge()).map(({ remaining }) => remaining),
        [2, 4],
      )
      const costs = [
        { ...own, cost: 3 },
        { ...shared, cost: 2 },
      ]
      const settled = await store.settle('s', costs, 'op')
      expectEqual(
        settled?.map(({ name, remaining }) => [name, remaining]),
        [
          ['own', 0],
          ['all', 3],
        ],
      )
      await store.reset('s', [own, shared])
      expectEqual([await left(store, own), await left(store, shared)], [3, 5])
    },
  },
  {
    name: 'consume() takes the same name of two subjects, and refuses it twice of one',
    async run({ open }) {
      const store = await open()
      const twin = { ...own, subject: 'everyone' }
      expectEqual((await store.consume('s', [own, twin])).length, 2)
      await expectRejection(
        () => store.consume('s', [twin, twin]),
        (error) => error instanceof RangeError,
        'the same limit twice to be refused',
      )
    },
  },
  {
    name: 'consume() leaves a reserve for others',
    async run({ open }) {
      const store = await open()
      for (const algorithm of ['gcra', 'fixed-window', 'sliding-window', 'sliding-log'] as const) {
        const limit = { algorithm, name: algorithm, limit: 4, windowMs: 24 * HOUR_MS } as RateLimit
        const modest = { ...limit, reserve: 2 }
        const answers = [
          await ask(store, modest),
          await ask(store, modest),
          await ask(store, modest),
          await ask(store, limit),
        ]
        expectEqual(
          answers.map(({ allowed, remaining }) => [allowed, remaining]),
          [
            [true, 1],
            [true, 0],
            [false, 0],
            [true, 1],
          ],
          algorithm,
        )
      }
    },
  },
]
