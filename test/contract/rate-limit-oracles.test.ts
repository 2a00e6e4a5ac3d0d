import { Ratelimit } from '@upstash/ratelimit'
import { Clock, Effect, Exit, Layer } from 'effect'
import * as EffectLimiter from 'effect/persistence/RateLimiter'
import { ipKeyGenerator } from 'express-rate-limit'
import fc from 'fast-check'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { parseList } from 'structured-headers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseIp } from '../../src/primitives/ip-address.ts'
import { memory } from '../../src/runtime/backends/memory/memory.ts'
import { addressKey } from '../../src/services/rate-limiting/addresses/client-address.ts'
import { rateLimitHeaders } from '../../src/services/rate-limiting/headers/rate-limit-headers.ts'
import { checkRateLimit } from '../../src/services/rate-limiting/limiters/check-rate-limit.ts'
import { FixedWindowLimiter } from '../../src/services/rate-limiting/limiters/fixed-window-limiter.ts'
import { SlidingWindowLimiter } from '../../src/services/rate-limiting/limiters/sliding-window-limiter.ts'
import { TokenBucketLimiter } from '../../src/services/rate-limiting/limiters/token-bucket-limiter.ts'
import { createFakeClock } from '../../src/testing/fake-clock.ts'
import { plainUpstash } from '../support/plain-upstash.ts'
import { useRedis } from '../support/use-redis.ts'

const START = 1_767_225_600_000
const runs = { numRuns: 30 }
const redis = useRedis()

/** Times between requests, and what each costs. */
const requests = (cost: fc.Arbitrary<number>, afterMs: fc.Arbitrary<number>) =>
  fc.array(fc.record({ afterMs, cost }), { minLength: 1, maxLength: 30 })

// The others read the time of the platform.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }))
afterEach(() => void vi.useRealTimers())

/** A clock that goes with the platform's. */
function fixture() {
  const clock = createFakeClock()
  clock.step(START - clock.now())
  vi.setSystemTime(START)
  return {
    backend: memory({ clock }),
    clock,
    advance(ms: number): void {
      clock.step(ms)
      vi.setSystemTime(clock.now())
    },
  }
}

test('a token bucket decides as Effect’s RateLimiter does, to the token and the millisecond', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 700 }),
      requests(fc.integer({ min: 1, max: 4 }), fc.nat(2500)),
      async (limit, perToken, asked) => {
        const { backend, clock, advance } = fixture()
        const window = limit * perToken
        const own = new TokenBucketLimiter({
          ...{ backend, capacity: limit, refill: limit, interval: window },
        })
        const nanos = (): bigint => BigInt(clock.now()) * 1_000_000n
        const theirClock = Clock.Clock.of({
          currentTimeMillisUnsafe: () => clock.now(),
          currentTimeMillis: Effect.sync(() => clock.now()),
          currentTimeNanosUnsafe: nanos,
          currentTimeNanos: Effect.sync(nanos),
          monotonicTimeNanosUnsafe: nanos,
          monotonicTimeNanos: Effect.sync(nanos),
          sleep: () => Effect.die('nothing sleeps'),
        })
        const layer = EffectLimiter.layer.pipe(Layer.provide(EffectLimiter.layerStoreMemory))
        const program = Effect.gen(function* () {
          const theirs = yield* EffectLimiter.RateLimiter
          for (const { afterMs, cost } of asked) {
            advance(afterMs)
            if (cost > limit) continue
            const options = { algorithm: 'token-bucket', key: 'k', window, limit } as const
            const exit = yield* Effect.exit(theirs.consume({ ...options, tokens: cost }))
            const decided = own.checkSync('k', { cost })
            expect(decided.allowed).toBe(Exit.isSuccess(exit))
            if (Exit.isSuccess(exit)) expect(decided.remaining).toBe(exit.value.remaining)
            else expect(JSON.stringify(exit)).toContain(`"millis":${decided.retryAfterMs}`)
          }
        })
        await Effect.runPromise(
          program.pipe(Effect.provide(layer), Effect.provideService(Clock.Clock, theirClock)),
        )
      },
    ),
    runs,
  )
})

test('within its first window a fixed window decides as rate-limiter-flexible does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      requests(fc.constant(1), fc.nat(900)),
      async (limit, asked) => {
        const { backend, clock, advance } = fixture()
        const own = new FixedWindowLimiter({ backend, limit, window: '10s' })
        const theirs = new RateLimiterMemory({ points: limit, duration: 10 })
        // Theirs begins with the first request, ours at multiples of its length.
        for (const { afterMs } of [{ afterMs: 0 }, ...asked]) {
          if (clock.now() + afterMs >= START + 10_000) break
          advance(afterMs)
          const answer: unknown = await theirs.consume('k').catch((error: unknown) => error)
          if (!(answer instanceof RateLimiterRes)) throw new Error('A result was expected')
          const decided = own.checkSync('k')
          expect(decided.remaining).toBe(answer.remainingPoints)
          expect(decided.allowed).toBe(answer.consumedPoints <= limit)
          expect(decided.resetAt - clock.now()).toBe(answer.msBeforeNext)
          if (!decided.allowed) expect(decided.retryAfterMs).toBe(answer.msBeforeNext)
        }
        await theirs.delete('k')
      },
    ),
    runs,
  )
})

test('a fixed window of requests decides as that of @upstash/ratelimit does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      requests(fc.constant(1), fc.nat(40_000)),
      async (limit, asked) => {
        const { backend, advance } = fixture()
        await redis.admin.send(['FLUSHALL'])
        const own = new FixedWindowLimiter({ backend, limit, window: '1m' })
        const theirs = new Ratelimit({
          redis: plainUpstash(redis.connection),
          limiter: Ratelimit.fixedWindow(limit, '1 m'),
          ephemeralCache: false,
        })
        for (const { afterMs } of asked) {
          advance(afterMs)
          const answer = await theirs.limit('k')
          const decided = own.checkSync('k')
          expect([decided.allowed, decided.remaining]).toEqual([answer.success, answer.remaining])
          expect(decided.resetAt).toBe(answer.reset)
        }
      },
    ),
    runs,
  )
})

test('a token bucket decides as that of @upstash/ratelimit does whenever that one refills', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 8 }),
      requests(fc.integer({ min: 1, max: 5 }), fc.nat(4)),
      async (capacity, refill, asked) => {
        const { backend, advance } = fixture()
        await redis.admin.send(['FLUSHALL'])
        const own = new TokenBucketLimiter({ backend, capacity, refill, interval: '10s' })
        const theirs = new Ratelimit({
          redis: plainUpstash(redis.connection),
          limiter: Ratelimit.tokenBucket(refill, '10 s', capacity),
          ephemeralCache: false,
        })
        for (const { afterMs: intervals, cost } of asked) {
          advance(intervals * 10_000)
          if (cost > capacity) continue
          const answer = await theirs.limit('k', { rate: cost })
          const decided = own.checkSync('k', { cost })
          expect(decided.allowed).toBe(answer.success)
          if (decided.allowed) expect(decided.remaining).toBe(answer.remaining)
        }
      },
    ),
    runs,
  )
})

test('a sliding window lets nothing pass that @upstash/ratelimit denies, and never loses more than a unit to it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 30 }),
      requests(fc.constant(1), fc.nat(12_000)),
      async (limit, asked) => {
        const { backend, advance } = fixture()
        await redis.admin.send(['FLUSHALL'])
        const own = new SlidingWindowLimiter({ backend, limit, window: '1m' })
        const theirs = new Ratelimit({
          redis: plainUpstash(redis.connection),
          limiter: Ratelimit.slidingWindow(limit, '1 m'),
          ephemeralCache: false,
        })
        for (const { afterMs } of asked) {
          advance(afterMs)
          const left = (await own.peek('k')).remaining
          const theirsLeft = (await theirs.getRemaining('k')).remaining
          // A part of a unit counts as one here, and as none there.
          expect(left).toBeLessThanOrEqual(theirsLeft)
          expect(left).toBeGreaterThanOrEqual(theirsLeft - 1)
          if (left === 0) continue
          expect(own.checkSync('k').allowed && (await theirs.limit('k')).success).toBe(true)
        }
      },
    ),
    runs,
  )
})

/** As their documentation and advisories have them. */
const documented: readonly (readonly [string, string])[] = [
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::ffff:102:304', '1.2.3.4'],
  ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
  ['2001:db8:85a3::8a2e:370:7334', '2001:db8:85a3::/56'],
  ['2001:db8:85a3:ab::1', '2001:db8:85a3::/56'],
  ['2001:DB8:85A3:00ff:ffff:ffff:ffff:ffff', '2001:db8:85a3::/56'],
  ['2001:db8:85a3:100::', '2001:db8:85a3:100::/56'],
  ['2001:db8::1.2.3.4', '2001:db8::/56'],
]

test.for(documented)('%s is limited as %s, as express-rate-limit has it', ([address, expected]) => {
  const ip = parseIp(address)
  if (ip === null) throw new Error('An address was given')
  expect(addressKey(ip, 56)).toBe(`ip:${expected}`)
  expect(ipKeyGenerator(address, 56)).toBe(expected)
})

test('two addresses share a budget here where they do in express-rate-limit, whatever the prefix', () => {
  // The low half of the first group alone: deprecated ranges in which notation decides are left out.
  const group = fc.integer({ min: 0, max: 0xffff })
  const address = fc
    .tuple(
      fc.integer({ min: 0x2000, max: 0x3fff }),
      fc.array(group, { minLength: 7, maxLength: 7 }),
    )
    .map(([first, rest]) => [first, ...rest].map((part) => part.toString(16)).join(':'))
  const mapped = fc.ipV4().map((ip) => `::ffff:${ip}`)
  const any = fc.oneof(address, fc.ipV4(), mapped)
  fc.assert(
    fc.property(any, any, fc.integer({ min: 32, max: 64 }), (one, other, prefix) => {
      // A relative of the first one: the same but for its last groups.
      const near = one.replace(/:[\da-f]+:[\da-f]+$/, ':1:2')
      for (const another of [other, near]) {
        const keys = [one, another].map((text) => {
          const ip = parseIp(text)
          return ip === null ? null : addressKey(ip, prefix)
        })
        expect(keys).not.toContain(null)
        const theirs = [one, another].map((text) => ipKeyGenerator(text, prefix))
        expect(keys[0] === keys[1]).toBe(theirs[0] === theirs[1])
      }
    }),
    { numRuns: 300 },
  )
})

test('RateLimit and RateLimit-Policy are lists of RFC 9651, as structured-headers reads them', async () => {
  const name = fc
    .array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 1, maxLength: 64 })
    .map((codes) => String.fromCharCode(...codes))
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 1e12 }),
      fc.integer({ min: 1, max: 86_400_000 }),
      fc.integer({ min: 1, max: 3 }),
      async (names, limit, window, times) => {
        const { backend, clock } = fixture()
        const limits = names.map((one) => ({
          ...({ algorithm: 'fixed-window', limit, window } as const),
          name: one,
        }))
        let outcome = await checkRateLimit('k', { backend, limits })
        for (let again = 1; again < times; again++)
          outcome = await checkRateLimit('k', { backend, limits })
        const headers = rateLimitHeaders(outcome, 'draft', clock.now())
        const policies = parseList(headers['ratelimit-policy'] ?? '')
        const standings = parseList(headers['ratelimit'] ?? '')
        expect(policies.map(([value]) => value)).toEqual(names)
        expect(standings.map(([value]) => value)).toEqual(names)
        for (const [, parameters] of policies)
          expect(Object.fromEntries(parameters as Map<string, unknown>)).toEqual({
            q: limit,
            w: Math.ceil(window / 1000),
          })
        for (const [, parameters] of standings) {
          expect([...parameters.keys()]).toEqual(['r', 't'])
          expect(parameters.get('r')).toBe(Math.max(limit - times, 0))
        }
      },
    ),
    runs,
  )
})
