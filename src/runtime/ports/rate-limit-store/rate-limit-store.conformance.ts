import { expectEqual, expectRejection, expectTrue, type Law } from '../conformance.ts'
import { algorithmLaws } from './laws/algorithm-laws.ts'
import type { RateLimitStoreHarness } from './laws/law-steps.ts'
import { operationLaws } from './laws/operation-laws.ts'
import { severalSubjectLaws } from './laws/several-subject-laws.ts'
import { timeLaws } from './laws/time-laws.ts'
import type { RateLimit } from './rate-limit-store.ts'

export type { RateLimitStoreHarness } from './laws/law-steps.ts'

/** Wide windows, so that the real time that passes during a law never earns a request back. */
const hourly: RateLimit = { algorithm: 'gcra', name: 'hourly', limit: 3, windowMs: 3_600_000 }

const coreLaws: readonly Law<RateLimitStoreHarness>[] = [
  {
    name: 'consume() allows a burst, then denies until a request has been earned back',
    async run({ open, advance }) {
      const store = await open()
      const remaining: number[] = []
      for (let index = 0; index < 3; index++) {
        const [decision] = await store.consume('s', [hourly])
        expectTrue(decision?.allowed === true && decision.retryAfterMs === 0, 'the burst to pass')
        remaining.push(decision.remaining)
      }
      expectEqual(remaining, [2, 1, 0])
      const [denied] = await store.consume('s', [hourly])
      expectEqual([denied?.allowed, denied?.remaining], [false, 0])
      const wait = denied?.retryAfterMs ?? 0
      expectTrue(wait > 1_190_000 && wait <= 1_200_000, 'the wait to be the third of an hour')
      await advance(wait)
      expectEqual((await store.consume('s', [hourly]))[0]?.allowed, true)
      expectEqual((await store.consume('s', [hourly]))[0]?.allowed, false)
    },
  },
  {
    name: 'consume() charges nothing for a denied request',
    async run({ open, advance }) {
      const store = await open()
      await store.consume('s', [{ ...hourly, cost: 2 }])
      for (let index = 0; index < 5; index++)
        expectEqual((await store.consume('s', [{ ...hourly, cost: 2 }]))[0]?.allowed, false)
      expectEqual((await store.consume('s', [hourly]))[0]?.allowed, true)
      await advance(3_600_000)
      expectEqual((await store.consume('s', [{ ...hourly, cost: 3 }]))[0]?.allowed, true)
    },
  },
  {
    name: 'consume() charges all of several limits or none',
    async run({ open }) {
      const store = await open()
      const narrow: RateLimit = { ...hourly, name: 'narrow', limit: 1 }
      expectEqual(
        (await store.consume('s', [hourly, narrow])).map((d) => d.allowed),
        [true, true],
      )
      const second = await store.consume('s', [hourly, narrow])
      expectEqual(
        second.map((d) => [d.name, d.allowed]),
        [
          ['hourly', true],
          ['narrow', false],
        ],
      )
      expectEqual((await store.consume('s', [hourly]))[0]?.remaining, 1)
    },
  },
  {
    name: 'consume() only looks when the cost is 0',
    async run({ open }) {
      const store = await open()
      for (let index = 0; index < 3; index++)
        expectEqual((await store.consume('s', [{ ...hourly, cost: 0 }]))[0]?.remaining, 3)
      await store.consume('s', [hourly])
      expectEqual((await store.consume('s', [{ ...hourly, cost: 0 }]))[0]?.remaining, 2)
    },
  },
  {
    name: 'consume() keeps a burst smaller than the limit',
    async run({ open, advance }) {
      const store = await open()
      const smooth: RateLimit = { ...hourly, limit: 60, burst: 2 }
      const allowed = async (): Promise<boolean | undefined> =>
        (await store.consume('s', [smooth]))[0]?.allowed
      expectEqual([await allowed(), await allowed(), await allowed()], [true, true, false])
      await advance(60_000)
      expectEqual([await allowed(), await allowed()], [true, false])
    },
  },
  {
    name: 'consume() keeps subjects and names apart',
    async run({ open }) {
      const store = await open()
      const one: RateLimit = { ...hourly, limit: 1 }
      for (const subject of ['a', 'a:', 'a}', '{a', 'ä'])
        expectEqual((await store.consume(subject, [one]))[0]?.allowed, true)
      expectEqual((await store.consume('a', [{ ...one, name: 'other' }]))[0]?.allowed, true)
      expectEqual((await store.consume('a', [one]))[0]?.allowed, false)
    },
  },
  {
    name: 'consume() admits exactly the limit of many concurrent requests',
    async run({ open }) {
      const store = await open()
      const decisions = await Promise.all(
        Array.from({ length: 200 }, () => store.consume('s', [{ ...hourly, limit: 20 }])),
      )
      expectEqual(decisions.filter(([decision]) => decision?.allowed).length, 20)
    },
  },
  {
    name: 'reset() forgets what was consumed',
    async run({ open }) {
      const store = await open()
      await store.consume('s', [{ ...hourly, cost: 3 }])
      await store.consume('s', [{ ...hourly, name: 'other' }])
      await store.reset('s', [hourly])
      await store.reset('never seen', [hourly])
      expectEqual((await store.consume('s', [{ ...hourly, cost: 0 }]))[0]?.remaining, 3)
      const [other] = await store.consume('s', [{ ...hourly, name: 'other', cost: 0 }])
      expectEqual(other?.remaining, 2)
    },
  },
  {
    name: 'consume() takes the longest subject and name, whatever their characters',
    async run({ open }) {
      const store = await open()
      const name = 'n€\u0000😀 !=:{}'.padEnd(64, '~')
      const subject = 'ü'.repeat(256)
      for (const one of [subject, `${subject.slice(1)}:`])
        expectEqual((await store.consume(one, [{ ...hourly, name, cost: 3 }]))[0]?.allowed, true)
      expectEqual((await store.consume(subject, [{ ...hourly, name }]))[0]?.allowed, false)
      await expectRejection(
        async () => store.consume(`${subject}x`, [hourly]),
        (error) => error instanceof RangeError,
        'a longer subject to be refused',
      )
    },
  },
  {
    name: 'consume() only looks when asked to, and says whether the request would pass',
    async run({ open }) {
      const store = await open()
      await store.consume('s', [{ ...hourly, cost: 2 }])
      const look = async (cost: number) =>
        (await store.consume('s', [{ ...hourly, cost }], { look: true }))[0]
      expectEqual([(await look(1))?.allowed, (await look(2))?.allowed], [true, false])
      expectEqual((await look(1))?.remaining, 1)
    },
  },
  {
    name: 'consume() refuses malformed limits',
    async run({ open }) {
      const store = await open()
      const bad: readonly (readonly RateLimit[])[] = [
        [],
        [{ ...hourly, limit: 0 }],
        [{ ...hourly, limit: 1.5 }],
        [{ ...hourly, windowMs: Number.NaN }],
        [{ ...hourly, windowMs: 31_622_400_001 }],
        [{ ...hourly, burst: 0 }],
        [{ ...hourly, maxWaitMs: -1 }],
        [{ ...hourly, notBeforeMs: 1 }],
        [{ ...hourly, maxWaitMs: 5, notBeforeMs: 1.5 }],
        [{ ...hourly, reserve: 3 }],
        [{ ...hourly, reserve: 2, cost: 2 }],
        [{ ...hourly, limit: 1e9 + 7, windowMs: 31_622_399_999 }],
        [{ ...hourly, algorithm: 'sliding-log', limit: 1001 }],
        [{ algorithm: 'calendar', name: 'n', limit: 1, periods: [5] }],
        [{ algorithm: 'calendar', name: 'n', limit: 1, periods: [5, 5] }],
        [{ algorithm: 'concurrency', name: 'n', limit: 1001, leaseMs: 1, cost: 0 }],
        [{ ...hourly, algorithm: 'other' as 'gcra' }],
        Array.from({ length: 17 }, (_, index) => ({ ...hourly, name: `${index}` })),
        [{ ...hourly, cost: -1 }],
        [{ ...hourly, cost: 4 }],
        [{ ...hourly, name: '' }],
        [hourly, hourly],
      ]
      for (const limits of bad) {
        await expectRejection(
          async () => store.consume('s', limits),
          (error) => error instanceof RangeError,
          'a malformed limit to be refused',
        )
      }
      await expectRejection(
        async () => store.consume('', [hourly]),
        (error) => error instanceof RangeError,
        'an empty subject to be refused',
      )
      await expectRejection(
        async () => store.consume('half a pair \ud83d', [hourly]),
        (error) => error instanceof RangeError,
        'a subject without UTF-8 to be refused',
      )
      expectEqual((await store.consume('s', [{ ...hourly, cost: 0 }]))[0]?.remaining, 3)
    },
  },
]

/** What every `RateLimitStore` keeps to; an adapter is correct when it passes them. */
export const rateLimitStoreLaws: readonly Law<RateLimitStoreHarness>[] = [
  ...coreLaws,
  ...algorithmLaws,
  ...operationLaws,
  ...timeLaws,
  ...severalSubjectLaws,
]
