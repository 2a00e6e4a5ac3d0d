import { expectEqual, expectRejection, expectTrue, type Law } from '../../conformance.ts'
import type { RateLimit } from '../rate-limit-store.ts'
import {
  admitted,
  ask,
  expectDeniedFor,
  HOUR_MS,
  left,
  MINUTE_MS,
  passes,
  STILL,
  toWindow,
  type RateLimitStoreHarness,
} from './law-steps.ts'

const base = { name: 'n', limit: 10, windowMs: MINUTE_MS } as const
const gcra: RateLimit = { ...base, algorithm: 'gcra' }
const fixed: RateLimit = { ...base, algorithm: 'fixed-window' }
const sliding: RateLimit = { ...base, algorithm: 'sliding-window' }
const log: RateLimit = { ...base, algorithm: 'sliding-log' }
const ban: RateLimit = {
  algorithm: 'ban',
  name: 'ban',
  limit: 3,
  windowMs: MINUTE_MS,
  banMs: HOUR_MS,
  maxBanMs: 3 * HOUR_MS,
  forgetMs: 24 * HOUR_MS,
}

/** What each algorithm promises, to the millisecond where the clock stands still. */
export const algorithmLaws: readonly Law<RateLimitStoreHarness>[] = [
  {
    name: 'every algorithm takes a cost that equals its limit, and then nothing',
    async run({ open }) {
      for (const limit of [gcra, fixed, sliding, log]) {
        const store = await open()
        expectEqual((await ask(store, { ...limit, cost: 10 })).remaining, 0, limit.algorithm)
        expectEqual((await ask(store, limit)).allowed, false, limit.algorithm)
        await expectRejection(
          () => ask(store, { ...limit, cost: 11 }),
          (error) => error instanceof RangeError,
          `${limit.algorithm} to refuse what can never fit`,
        )
      }
    },
  },
  {
    name: 'every algorithm admits exactly the limit of 2,000 concurrent requests',
    async run(harness) {
      for (const { algorithm } of [gcra, fixed, sliding, log]) {
        const store = await harness.open()
        // Wide enough that nothing is earned back, and not at a window's end.
        const limit = { algorithm, name: 'n', limit: 100, windowMs: 24 * HOUR_MS } as RateLimit
        if (harness.now() % (24 * HOUR_MS) > 23 * HOUR_MS) await harness.advance(2 * HOUR_MS)
        expectEqual(await admitted(store, limit, 2000), 100, algorithm)
      }
    },
  },
  {
    name: 'gcra loses no fraction of a unit, however many times it is asked',
    needs: [STILL],
    async run({ open, advance }) {
      for (const [limit, windowMs] of [
        [3, 1000],
        [7, 60_000],
        [999, 1001],
      ] as const) {
        const store = await open()
        const exact: RateLimit = { algorithm: 'gcra', name: 'n', limit, windowMs, burst: 1 }
        await ask(store, exact)
        let waitedMs = 0
        for (let count = 1; count <= 200; count++) {
          const { retryAfterMs } = await ask(store, exact)
          waitedMs += retryAfterMs
          await advance(retryAfterMs)
          expectEqual((await ask(store, exact)).allowed, true, 'the wait to be long enough')
          // A request passes at the first ms at which it is earned, counted from the ms before.
          expectTrue(waitedMs >= (count * windowMs) / limit, 'nothing to be granted')
        }
        expectTrue(waitedMs < (200 * windowMs) / limit + 200, 'no ms to be lost twice')
      }
    },
  },
  {
    name: 'gcra earns back without pause: half a window gives half, to the unit',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      await ask(store, { ...gcra, cost: 10 })
      await advance(MINUTE_MS / 2)
      expectEqual(await left(store, gcra), 5)
      await advance(5999)
      expectEqual(await left(store, gcra), 5)
      await advance(1)
      expectEqual(await left(store, gcra), 6)
    },
  },
  {
    name: 'gcra says to the millisecond when a request passes and when the limit is as if unused',
    needs: [STILL],
    async run(harness) {
      const store = await harness.open()
      await ask(store, { ...gcra, cost: 10 })
      const { nextAfterMs, resetAfterMs } = await ask(store, { ...gcra, cost: 0 })
      expectEqual([nextAfterMs, resetAfterMs], [6000, 60_000])
      await expectDeniedFor(harness, store, gcra, 6000)
      await expectDeniedFor(harness, store, { ...gcra, cost: 3 }, 18_000)
    },
  },
  {
    name: 'gcra books ahead up to maxWaitMs, each request behind the one before',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      const limit: RateLimit = { ...gcra, burst: 1, maxWaitMs: 12_000 }
      const waits: number[] = []
      for (let count = 0; count < 3; count++) waits.push((await ask(store, limit)).waitMs)
      expectEqual(waits, [0, 6000, 12_000])
      const denied = await ask(store, limit)
      expectEqual([denied.allowed, denied.retryAfterMs, denied.remaining], [false, 6000, 0])
      const impatient = await ask(store, { ...limit, maxWaitMs: 0 })
      expectEqual([impatient.allowed, impatient.retryAfterMs], [false, 18_000])
      await advance(6000)
      expectEqual((await ask(store, limit)).waitMs, 12_000)
    },
  },
  {
    name: 'gcra books for a later moment, from which on requests follow at its rate',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      const limit: RateLimit = { ...gcra, burst: 2, maxWaitMs: 60_000 }
      const turn = async (notBeforeMs: number): Promise<number> =>
        Math.max(notBeforeMs, (await ask(store, { ...limit, notBeforeMs })).waitMs)
      const turns = [await turn(30_000), await turn(30_000), await turn(30_000), await turn(0)]
      expectEqual(turns, [30_000, 30_000, 36_000, 42_000])
      await advance(48_000)
      expectEqual([await turn(0), await turn(0)], [0, 6000])
      const denied = await ask(store, { ...limit, maxWaitMs: 5000, notBeforeMs: 5000 })
      expectEqual([denied.allowed, denied.waitMs], [false, 0])
    },
  },
  {
    name: 'a fixed window ends at a multiple of its length, not a millisecond earlier',
    needs: [STILL],
    async run(harness) {
      const store = await harness.open()
      await toWindow(harness, MINUTE_MS)
      await harness.advance(17_000)
      expectEqual(await passes(store, { ...fixed, cost: 5 }, 3), [true, true, false])
      await expectDeniedFor(harness, store, fixed, 43_000)
      expectEqual((await ask(store, { ...fixed, cost: 0 })).resetAfterMs, MINUTE_MS)
    },
  },
  {
    name: 'a sliding window weighs the one before by the exact fraction that it still covers',
    needs: [STILL],
    async run(harness) {
      const store = await harness.open()
      await toWindow(harness, MINUTE_MS)
      await ask(store, { ...sliding, cost: 10 })
      await harness.advance(90_000)
      expectEqual(await left(store, sliding), 5)
      await ask(store, { ...sliding, cost: 5 })
      await expectDeniedFor(harness, store, sliding, 6000)
      // 10 of the earlier window weigh 4 now, 6 are of this one.
      await expectDeniedFor(harness, store, { ...sliding, cost: 4 }, 24_000)
      // A third of 7 counts as 3, once nothing of before weighs.
      await harness.advance(2 * MINUTE_MS)
      await toWindow(harness, MINUTE_MS)
      await ask(store, { ...sliding, cost: 7 })
      await harness.advance(100_000)
      expectEqual(await left(store, sliding), 7)
    },
  },
  {
    name: 'a sliding log admits never more than the limit in any window',
    needs: [STILL],
    async run(harness) {
      const store = await harness.open()
      await toWindow(harness, MINUTE_MS)
      await ask(store, { ...log, cost: 4 })
      await harness.advance(20_000)
      await ask(store, { ...log, cost: 6 })
      await expectDeniedFor(harness, store, log, 40_000)
      expectEqual(await left(store, log), 3)
      await expectDeniedFor(harness, store, { ...log, cost: 4 }, 20_000)
      expectEqual((await ask(store, { ...log, cost: 0 })).resetAfterMs, MINUTE_MS)
    },
  },
  {
    name: 'a calendar limit begins anew with each period, and nothing passes over its end',
    needs: [STILL],
    async run({ open, advance, now }) {
      const store = await open()
      const start = now()
      const periods = [start - 5000, start + 1000, start + 9000]
      const limit: RateLimit = { algorithm: 'calendar', name: 'n', limit: 2, periods }
      expectEqual(await passes(store, limit, 3), [true, true, false])
      const denied = await ask(store, limit)
      expectEqual([denied.retryAfterMs, denied.resetAfterMs], [1000, 1000])
      await advance(999)
      expectEqual((await ask(store, limit)).allowed, false)
      await advance(1)
      const next = await ask(store, limit)
      expectEqual([next.allowed, next.remaining, next.resetAfterMs], [true, 1, 8000])
      await advance(8000)
      await expectRejection(
        () => ask(store, limit),
        (error) => error instanceof Error && error.name === 'BackendError',
        'a clock outside of the periods to be an error',
      )
    },
  },
  {
    name: 'a ban begins with the last offence that is allowed, and gets longer each time',
    needs: [STILL],
    async run({ open, advance }) {
      const store = await open()
      const look = async (): Promise<number> => (await ask(store, { ...ban, cost: 0 })).retryAfterMs
      expectEqual((await ask(store, ban)).remaining, 2)
      await advance(MINUTE_MS)
      expectEqual((await ask(store, { ...ban, cost: 2 })).remaining, 1)
      expectEqual(await look(), 0)
      await ask(store, ban)
      expectEqual(await look(), HOUR_MS)
      const again = await ask(store, { ...ban, cost: 5 })
      expectEqual([again.allowed, again.retryAfterMs], [false, HOUR_MS])
      for (const hours of [2, 3, 3]) {
        await advance(await look())
        expectEqual((await ask(store, { ...ban, cost: 100 })).nextAfterMs, hours * HOUR_MS)
      }
      await advance(27 * HOUR_MS)
      await ask(store, { ...ban, cost: 3 })
      expectEqual(await look(), HOUR_MS)
      await store.reset('s', [ban])
      expectEqual(await look(), 0)
    },
  },
]
