import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { Backend } from '../../../../src/runtime/ports/backend.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import {
  checkRateLimit,
  ConcurrencyLimiter,
  FixedWindowLimiter,
  GcraLimiter,
  SlidingWindowLimiter,
  TokenBucketLimiter,
  type RateLimiter,
} from '../../../../src/services/rate-limiting/index.ts'

/** A backend, and the clock of the process beside it. */
export interface RateLimitingHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
  /** The store's clock, ms since 1970. */
  now(): number
}

/** What an adapter needs for laws that hold to the millisecond. */
const STILL = 'a clock that stands still'

const DAY_MS = 86_400_000

/** Each kind of limiter, with a budget of ten a day: nothing comes back while a law runs. */
function limitersOf(backend: Backend, clock: Clock): readonly (readonly [string, RateLimiter])[] {
  const common = { backend, clock, timeout: '1m' } as const
  const window = { ...common, limit: 10, window: '1d' } as const
  return [
    [
      'token bucket',
      new TokenBucketLimiter({ ...common, capacity: 10, refill: 10, interval: '1d' }),
    ],
    ['sliding window', new SlidingWindowLimiter(window)],
    ['sliding log', new SlidingWindowLimiter({ ...window, algorithm: 'log' })],
    ['fixed window', new FixedWindowLimiter(window)],
    ['gcra', new GcraLimiter(window)],
  ]
}

/** Not near the end of a day, where windows end. */
async function toMorning({ advance, now }: RateLimitingHarness): Promise<void> {
  await advance(DAY_MS - (now() % DAY_MS) + 3_600_000)
}

/** What limiters and `checkRateLimit` promise on every backend. */
export const limiterLaws: readonly Law<RateLimitingHarness>[] = [
  {
    name: 'check() takes a cost equal to the limit, denies what comes next, and peek() takes nothing',
    async run(harness) {
      await toMorning(harness)
      for (const [name, limiter] of limitersOf(await harness.open(), harness.clock)) {
        const key = `user:${name}`
        expectEqual((await limiter.peek(key, { cost: 10 })).allowed, true, name)
        const taken = await limiter.check(key, { cost: 10 })
        expectEqual([taken.allowed, taken.limit, taken.remaining], [true, 10, 0], name)
        const denied = await limiter.check(key)
        expectEqual([denied.allowed, denied.remaining], [false, 0], name)
        expectTrue(denied.retryAfterMs > 0 && denied.resetAt > harness.clock.now(), name)
        await expectRejection(
          () => limiter.check(key, { cost: 11 }),
          (error) => error instanceof RangeError,
          `${name} to refuse what can never fit`,
        )
      }
    },
  },
  {
    name: 'a denied request takes nothing, also when it is denied again and again',
    async run(harness) {
      await toMorning(harness)
      for (const [name, limiter] of limitersOf(await harness.open(), harness.clock)) {
        await limiter.check('k', { cost: 8 })
        for (let count = 0; count < 5; count++)
          expectEqual((await limiter.check('k', { cost: 3 })).allowed, false, name)
        expectEqual((await limiter.check('k', { cost: 2 })).allowed, true, name)
      }
    },
  },
  {
    name: 'reset() forgets one key, whatever others are like it',
    async run(harness) {
      await toMorning(harness)
      const keys = ['user', 'user:1', 'user*', 'u?er', '[user]', 'user\\', 'user:1:2', '__proto__']
      for (const [name, limiter] of limitersOf(await harness.open(), harness.clock)) {
        for (const key of keys) await limiter.check(key, { cost: 10 })
        await limiter.reset('user*')
        await limiter.reset('u')
        for (const key of keys)
          expectEqual((await limiter.check(key)).allowed, key === 'user*', `${name} of ${key}`)
      }
    },
  },
  {
    name: 'keys of any characters have budgets of their own',
    async run(harness) {
      await toMorning(harness)
      const limiter = new FixedWindowLimiter({
        ...{ backend: await harness.open(), clock: harness.clock, timeout: '1m' },
        ...{ limit: 1, window: '1d' },
      })
      const longest = 'k'.repeat(480)
      const keys = [
        ...[
          'a',
          'A',
          'ä',
          'a\u0308',
          'a ',
          ' a',
          'a:',
          ':a',
          'a}',
          '{a',
          '{a}',
          'a%',
          '%61',
          'a\u0000',
        ],
        ...['constructor', 'toString', '0', '-0', '1e3', 'null', '😀', '€'.repeat(160)],
        ...[longest, `${longest.slice(1)}:`, 'a\nb', 'a b', 'a!b'],
      ]
      for (const key of keys) expectEqual((await limiter.check(key)).allowed, true, key)
      for (const key of keys) expectEqual((await limiter.check(key)).allowed, false, key)
      for (const key of ['', `${longest}k`, '€'.repeat(161), 'half \ud83d'])
        await expectRejection(
          () => limiter.check(key),
          (error) => error instanceof RangeError,
          'a malformed key to be refused',
        )
    },
  },
  {
    name: 'refund() gives an operation back once, and settle() corrects it',
    async run(harness) {
      await toMorning(harness)
      for (const [name, limiter] of limitersOf(await harness.open(), harness.clock)) {
        const taken = await limiter.check('k', { cost: 4, operation: 'op:1' })
        expectEqual(taken.operation, 'op:1', name)
        expectEqual((await limiter.check('k', { cost: 4, operation: 'op:1' })).remaining, 6, name)
        expectEqual((await limiter.settle('k', { operation: 'op:1', cost: 7 }))?.remaining, 3, name)
        expectEqual((await limiter.refund('k', taken))?.remaining, 10, name)
        expectEqual(await limiter.refund('k', taken), null, name)
        expectEqual((await limiter.peek('k')).remaining, 10, name)
      }
    },
  },
  {
    name: 'settle() with more than can ever fit takes all there is',
    async run(harness) {
      await toMorning(harness)
      for (const [name, limiter] of limitersOf(await harness.open(), harness.clock)) {
        const taken = await limiter.check('big', { cost: 4, operation: 'big' })
        const settled = await limiter.settle('big', { ...taken, cost: 25 })
        expectEqual([name, settled?.remaining], [name, 0])
        expectEqual([name, (await limiter.refund('big', taken))?.remaining], [name, 10])
      }
    },
  },
  {
    name: 'checkRateLimit() charges all of several limits or none, those of other keys among them',
    async run(harness) {
      await toMorning(harness)
      const { clock } = harness
      const backend = await harness.open()
      const check = (key: string, cost = 1) =>
        checkRateLimit(key, {
          ...{ backend, clock, timeout: '1m', cost },
          limits: [
            { limit: 5, window: '1d', algorithm: 'sliding-window' },
            { limit: 8, window: '1d', key: 'everyone', name: 'all' },
          ],
        })
      expectEqual(
        (await check('a', 4)).limits.map(({ remaining }) => remaining),
        [1, 4],
      )
      const own = await check('a', 2)
      expectEqual([own.allowed, own.policy, own.remaining], [false, 'sliding-window-1d', 1])
      expectEqual(
        (await check('b', 4)).limits.map(({ remaining }) => remaining),
        [1, 0],
      )
      const all = await check('c')
      expectEqual([all.allowed, all.policy, all.limit, all.remaining], [false, 'all', 8, 0])
      expectEqual(
        all.limits.map(({ allowed }) => allowed),
        [true, false],
      )
      expectEqual(all.limits[0]?.remaining, 5)
    },
  },
  {
    name: 'checkRateLimit() admits exactly 100 of 2,000 concurrent requests',
    async run(harness) {
      await toMorning(harness)
      const backend = await harness.open()
      const outcomes = await Promise.all(
        Array.from({ length: 2000 }, () =>
          checkRateLimit('k', {
            ...{ backend, clock: harness.clock, timeout: '1m' },
            ...{ limit: 100, window: '1d' },
          }),
        ),
      )
      expectEqual(outcomes.filter(({ allowed }) => allowed).length, 100)
    },
  },
  {
    name: 'a token bucket refills without pause, to the fraction of a token',
    needs: [STILL],
    async run({ open, clock, advance }) {
      const backend = await open()
      const bucket = new TokenBucketLimiter({
        ...{ backend, clock },
        ...{ capacity: 10, refill: 7, interval: '1m' },
      })
      await bucket.check('k', { cost: 10 })
      const denied = await bucket.check('k')
      // 60,000 / 7 = 8,571 and 3/7 ms a token.
      expectEqual(denied.retryAfterMs, 8572)
      expectEqual(denied.resetAt, clock.now() + 85_715)
      await advance(8571)
      expectEqual((await bucket.check('k')).allowed, false)
      await advance(1)
      expectEqual((await bucket.check('k')).allowed, true)
      // Three tokens take 25,714 2/7 ms in all, of which 8,572 have passed.
      await advance(17_142)
      expectEqual((await bucket.peek('k')).remaining, 1)
      await advance(1)
      expectEqual((await bucket.peek('k')).remaining, 2)
    },
  },
  {
    name: 'waitFor() books ahead, so that calls go out evenly, and gives back what it need not have',
    async run({ open, clock, advance }) {
      const backend = await open()
      const limiter = new GcraLimiter({
        ...{ backend, clock, timeout: '1m' },
        ...{ limit: 60, window: '1h', burst: 1 },
      })
      const done: string[] = []
      const stop = new AbortController()
      const wait = async (name: string, signal?: AbortSignal): Promise<void> => {
        await limiter.waitFor('k', { maxWait: '10m', ...(signal !== undefined && { signal }) })
        done.push(name)
      }
      await wait('first')
      const second = wait('second')
      await settled(limiter)
      const aborted = wait('aborted', stop.signal).catch((error: unknown) => error)
      await settled(limiter)
      await advance(60_000)
      await second
      expectEqual(done, ['first', 'second'])
      stop.abort(new Error('enough'))
      expectEqual(String(await aborted), 'Error: enough')
      const { waitMs } = await limiter.waitFor('late', { maxWait: 0 })
      expectEqual(waitMs, 0)
      const tooLong = await limiter.waitFor('k', { cost: 1, maxWait: 1 })
      expectEqual([tooLong.allowed, tooLong.retryAfterMs <= 60_000], [false, true])
    },
  },
  {
    name: 'slots are held while work runs, given back after it, and not lost to a late release',
    async run({ open, clock }) {
      const backend = await open()
      const slots = new ConcurrencyLimiter({ backend, clock, timeout: '1m', limit: 2 })
      const gate = Promise.withResolvers<void>()
      const running = slots.run('k', () => gate.promise)
      const held = await slots.acquire('k')
      expectEqual([held.allowed, held.remaining], [true, 0])
      await expectRejection(
        () => slots.run('k', () => 1),
        (error) => error instanceof Error && error.name === 'RateLimitedError',
        'a third holder to be refused',
      )
      expectEqual(await slots.renew('k', held), true)
      gate.resolve()
      await running
      expectEqual((await slots.peek('k')).remaining, 1)
      expectEqual([await slots.release('k', held), await slots.release('k', held)], [true, false])
      expectEqual((await slots.peek('k')).remaining, 2)
    },
  },
  {
    name: 'a slot whose holder is gone comes back with its lease, and a held one is renewed',
    needs: [STILL],
    async run({ open, clock, advance }) {
      const backend = await open()
      const slots = new ConcurrencyLimiter({
        backend,
        clock,
        limit: 2,
        lease: '30s',
        timeout: '1m',
      })
      const gate = Promise.withResolvers<void>()
      const lost = await slots.acquire('k')
      const running = slots.run('k', () => gate.promise)
      await slots.peek('k')
      const full = await slots.acquire('k')
      expectEqual([full.allowed, full.retryAfterMs], [false, 30_000])
      await advance(29_999)
      expectEqual((await slots.peek('k')).remaining, 0)
      await advance(1)
      expectEqual((await slots.peek('k')).remaining, 1)
      expectEqual(await slots.release('k', lost), false)
      gate.resolve()
      await running
      expectEqual((await slots.peek('k')).remaining, 2)
    },
  },
  {
    name: 'a dry run charges and lets pass, and says what it would have denied',
    async run(harness) {
      await toMorning(harness)
      const limiter = new FixedWindowLimiter({
        ...{ backend: await harness.open(), clock: harness.clock, timeout: '1m' },
        ...{ limit: 1, window: '1d', dryRun: true },
      })
      const first = await limiter.check('k')
      const second = await limiter.check('k')
      expectEqual([first.allowed, first.dryRun], [true, false])
      expectEqual([second.allowed, second.dryRun, second.remaining], [true, true, 0])
      expectTrue(second.retryAfterMs > 0, 'the wait that there would be')
    },
  },
]

/** What was asked before this has been decided. */
async function settled(limiter: RateLimiter): Promise<void> {
  await limiter.peek('k')
}
