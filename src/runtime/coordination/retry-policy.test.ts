import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextDelayMs, retryPolicyOf } from './retry-policy.ts'

const CERTAIN = retryPolicyOf({ attempts: 4, backoff: { delay: '1s', jitter: 0 } })

test('nextDelayMs() doubles from attempt to attempt, until none is left', () => {
  const delays = [1, 2, 3, 4, 5].map((attempt) => nextDelayMs(CERTAIN, attempt, new Error('no'), 0))
  expect(delays).toEqual([1000, 2000, 4000, null, null])
})

test('nextDelayMs() does not retry what says that it is of no use', () => {
  expect(nextDelayMs(CERTAIN, 1, { code: 'unrecoverable' }, 0)).toBeNull()
  expect(nextDelayMs(CERTAIN, 1, { retryable: false }, 0)).toBeNull()
  expect(nextDelayMs(CERTAIN, 1, { code: 'other', retryable: true }, 0)).toBe(1000)
})

test('nextDelayMs() waits as long as the error asks, never shorter than the backoff, at most a day', () => {
  const delayFor = (retryAfterMs: unknown): number | null =>
    nextDelayMs(CERTAIN, 1, { retryAfterMs }, 0)
  expect([60_000.5, 1, 0, -5, NaN, Infinity, '60000', null].map(delayFor)).toEqual([
    60_001, 1000, 1000, 1000, 1000, 86_400_000, 1000, 1000,
  ])
  expect(nextDelayMs(CERTAIN, 4, { retryAfterMs: 1 }, 0)).toBeNull()
})

test('nextDelayMs() takes whatever was thrown', () => {
  fc.assert(
    fc.property(fc.anything(), fc.integer({ min: 1, max: 10 }), (thrown, attempt) => {
      const delay = nextDelayMs(CERTAIN, attempt, thrown, 0.5)
      expect(delay === null || Number.isSafeInteger(delay)).toBe(true)
    }),
  )
})

test('retryPolicyOf() fills in defaults, and lets the longest wait be no shorter than the first', () => {
  expect(retryPolicyOf()).toEqual({
    attempts: 3,
    delay: { type: 'exponential', delayMs: 1000, maxMs: 300_000, jitter: 1 },
  })
  expect(retryPolicyOf({ backoff: { delay: '1h' } }, 7)).toMatchObject({
    attempts: 7,
    delay: { delayMs: 3_600_000, maxMs: 3_600_000 },
  })
})

test('retryPolicyOf() refuses what is out of range', () => {
  for (const options of [
    { attempts: 0 },
    { attempts: 1.5 },
    { attempts: 1001 },
    { attempts: Infinity },
    { backoff: { delay: -1 } },
    { backoff: { jitter: 2 } },
    { backoff: { type: 'linear' as 'fixed' } },
  ])
    expect(() => retryPolicyOf(options), JSON.stringify(options)).toThrow(RangeError)
})
