import { expectEqual, expectTrue, type Law } from '../../conformance.ts'
import type { RateLimit } from '../rate-limit-store.ts'
import {
  ask,
  HOUR_MS,
  left,
  MINUTE_MS,
  passes,
  STILL,
  toWindow,
  type RateLimitStoreHarness,
} from './law-steps.ts'

const minute = { name: 'n', windowMs: MINUTE_MS } as const
const windows = ['gcra', 'fixed-window', 'sliding-window', 'sliding-log'] as const

function limitOf(algorithm: (typeof windows)[number], limit: number, windowMs = MINUTE_MS) {
  return { ...minute, algorithm, limit, windowMs } as RateLimit
}

/** What holds when clocks step back and when limits change. */
export const timeLaws: readonly Law<RateLimitStoreHarness>[] = [
  {
    name: 'a clock that steps back grants nothing and takes nothing',
    needs: [STILL],
    async run(harness) {
      for (const algorithm of windows) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await harness.advance(30_000)
        const limit = limitOf(algorithm, 10)
        const remaining: number[] = []
        for (let step = 0; step < 3; step++) {
          remaining.push((await ask(store, limit)).remaining)
          harness.step(-1000)
        }
        expectEqual(remaining, [9, 8, 7], algorithm)
      }
    },
  },
  {
    name: 'a clock that steps back prolongs no wait, however far it steps',
    needs: [STILL],
    async run(harness) {
      for (const algorithm of windows) {
        for (const backMs of [1000, 20_000, MINUTE_MS, 10 * HOUR_MS]) {
          const store = await harness.open()
          await toWindow(harness, HOUR_MS)
          await harness.advance(20_000)
          const limit = limitOf(algorithm, 10)
          await ask(store, { ...limit, cost: 10 })
          const { retryAfterMs } = await ask(store, limit)
          harness.step(-backMs)
          expectEqual(
            (await ask(store, limit)).retryAfterMs,
            retryAfterMs,
            `the wait of ${algorithm} after ${backMs} ms back`,
          )
          await harness.advance(retryAfterMs - 1)
          expectEqual((await ask(store, limit)).allowed, false, `${algorithm} before the wait ends`)
          await harness.advance(1)
          expectEqual((await ask(store, limit)).allowed, true, `${algorithm} when it has`)
        }
      }
    },
  },
  {
    name: 'a clock that steps back over the beginning of a period stays in the later one',
    needs: [STILL],
    async run({ open, advance, step, now }) {
      const store = await open()
      const start = now()
      const periods = [start - HOUR_MS, start + 1000, start + HOUR_MS, start + 2 * HOUR_MS]
      const limit: RateLimit = { algorithm: 'calendar', name: 'n', limit: 2, periods }
      await ask(store, limit)
      await advance(1000)
      expectEqual(await passes(store, limit, 3), [true, true, false])
      step(-900)
      expectEqual((await ask(store, limit)).allowed, false)
      await advance(HOUR_MS - 100)
      expectEqual((await ask(store, limit)).remaining, 1)
    },
  },
  {
    name: 'a slot outlives a clock that steps back by no more than its lease',
    needs: [STILL],
    async run({ open, advance, step }) {
      const store = await open()
      const limit: RateLimit = { algorithm: 'concurrency', name: 'n', limit: 1, leaseMs: MINUTE_MS }
      await ask(store, limit, { operation: 'a' })
      step(-HOUR_MS)
      expectEqual((await ask(store, limit, { operation: 'b' })).retryAfterMs, MINUTE_MS)
      await advance(MINUTE_MS - 1)
      expectEqual((await ask(store, limit, { operation: 'b' })).allowed, false)
      await advance(1)
      expectEqual((await ask(store, limit, { operation: 'b' })).allowed, true)
    },
  },
  {
    name: 'a limit that is lowered or raised while in use neither goes negative nor locks out',
    needs: [STILL],
    async run(harness) {
      for (const algorithm of windows) {
        for (const [before, after] of [
          [100, 10],
          [10, 100],
        ] as const) {
          const store = await harness.open()
          await toWindow(harness, HOUR_MS)
          await ask(store, { ...limitOf(algorithm, before), cost: before })
          const limit = limitOf(algorithm, after)
          const look = await ask(store, { ...limit, cost: 0 })
          expectTrue(look.remaining >= 0 && look.remaining <= after, 'what is left to be sane')
          const { allowed, retryAfterMs } = await ask(store, limit)
          const interval = MINUTE_MS / after
          expectTrue(
            allowed || retryAfterMs <= MINUTE_MS + interval,
            `no longer wait than under the new limit alone, got ${retryAfterMs} of ${algorithm}`,
          )
          await harness.advance(2 * MINUTE_MS)
          expectEqual(await left(store, limit), after, `${algorithm} after two windows`)
        }
      }
    },
  },
  {
    name: 'a window that is shortened makes nobody wait longer than it is',
    needs: [STILL],
    async run(harness) {
      for (const algorithm of windows) {
        const store = await harness.open()
        await toWindow(harness, HOUR_MS)
        await ask(store, { ...limitOf(algorithm, 100, HOUR_MS), cost: 100 })
        const limit = limitOf(algorithm, 10, 1000)
        const { allowed, retryAfterMs } = await ask(store, limit)
        expectTrue(
          allowed || retryAfterMs <= 1000 + 100,
          `no longer wait than the new window, got ${retryAfterMs} of ${algorithm}`,
        )
        await harness.advance(2000)
        expectEqual(await left(store, limit), 10, algorithm)
      }
    },
  },
]
