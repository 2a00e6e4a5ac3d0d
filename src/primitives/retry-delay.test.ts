import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryDelayMs, type RetryDelay } from './retry-delay.ts'

test('retryDelayMs() doubles from attempt to attempt up to the longest wait', () => {
  const delay: RetryDelay = { type: 'exponential', delayMs: 5000, maxMs: 60_000, jitter: 0 }
  const waits = [1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(delay, attempt, 0.5))
  expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
})

test('retryDelayMs() leaves all of the wait to chance by default, and the share that jitter names', () => {
  const delay: RetryDelay = { type: 'exponential', delayMs: 1000 }
  expect([0, 0.25, 0.999].map((fraction) => retryDelayMs(delay, 3, fraction))).toEqual([
    0, 1000, 3996,
  ])
  const half: RetryDelay = { type: 'fixed', delayMs: 1000, jitter: 0.5 }
  expect([0, 0.5].map((fraction) => retryDelayMs(half, 9, fraction))).toEqual([500, 750])
})

test('retryDelayMs() grows by the factor given, and not at all for fixed', () => {
  expect(retryDelayMs({ type: 'exponential', delayMs: 10, factor: 10, jitter: 0 }, 4, 0)).toBe(
    10_000,
  )
  expect(retryDelayMs({ type: 'fixed', delayMs: 10, factor: 10, jitter: 0 }, 4, 0)).toBe(10)
})

test('retryDelayMs() of no wait stays none, and of any wait stays within its bound, after a million attempts', () => {
  expect(retryDelayMs({ type: 'exponential', delayMs: 0 }, 1_000_000, 0.5)).toBe(0)
  expect(retryDelayMs({ type: 'exponential', delayMs: 1, jitter: 0 }, 1_000_000, 0)).toBe(
    86_400_000,
  )
})

const delays: fc.Arbitrary<RetryDelay> = fc.record({
  type: fc.constantFrom('fixed', 'exponential'),
  delayMs: fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
  factor: fc.double({ min: 1, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
  maxMs: fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
})
const attempts = fc.oneof(
  fc.integer({ min: 1, max: 50 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
)
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('retryDelayMs() is a whole number from 0 to maxMs, whatever the numbers', () => {
  fc.assert(
    fc.property(delays, attempts, fractions, (delay, attempt, fraction) => {
      const ms = retryDelayMs(delay, attempt, fraction)
      expect(Number.isSafeInteger(ms)).toBe(true)
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(Math.round(delay.maxMs ?? Infinity))
    }),
  )
})

test('retryDelayMs() without chance never shrinks from one attempt to the next', () => {
  fc.assert(
    fc.property(delays, fc.integer({ min: 1, max: 2000 }), (delay, attempt) => {
      const certain = { ...delay, jitter: 0 }
      expect(retryDelayMs(certain, attempt + 1, 0)).toBeGreaterThanOrEqual(
        retryDelayMs(certain, attempt, 0),
      )
    }),
  )
})

test('retryDelayMs() refuses numbers out of range', () => {
  const good: RetryDelay = { type: 'fixed', delayMs: 1 }
  const refused: [RetryDelay, number, number][] = [
    [{ ...good, type: 'linear' as 'fixed' }, 1, 0],
    [{ ...good, delayMs: -1 }, 1, 0],
    [{ ...good, delayMs: NaN }, 1, 0],
    [{ ...good, factor: 0.5 }, 1, 0],
    [{ ...good, maxMs: Infinity }, 1, 0],
    [{ ...good, jitter: 1.1 }, 1, 0],
    [good, 0, 0],
    [good, NaN, 0],
    [good, 1, -0.1],
    [good, 1, 1.1],
  ]
  for (const args of refused)
    expect(() => retryDelayMs(...args), JSON.stringify(args)).toThrow(RangeError)
})
