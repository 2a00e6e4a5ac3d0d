import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_RETRY_SCHEDULE, nextDelayMs } from './retry-schedule.ts'

test('nextDelayMs() follows the schedule within its jitter, then ends', () => {
  const { delaysMs } = DEFAULT_RETRY_SCHEDULE
  delaysMs.forEach((delayMs, index) => {
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, index + 1, null, 0)).toBe(delayMs * 0.8)
    expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, index + 1, null, 0.5)).toBe(delayMs)
  })
  expect(nextDelayMs(DEFAULT_RETRY_SCHEDULE, delaysMs.length + 1, null, 0)).toBe(null)
  expect(nextDelayMs({ delaysMs: [], jitter: 0, maxRetryAfterMs: 0 }, 1, 9, 0)).toBe(null)
})

test('nextDelayMs() waits as Retry-After asks, however short the planned wait is, up to a day', () => {
  const hour = 3_600_000
  const asked = (ms: number): number | null => nextDelayMs(DEFAULT_RETRY_SCHEDULE, 1, ms, 0)
  expect([asked(hour), asked(24 * hour), asked(25 * hour)]).toEqual([hour, 24 * hour, 24 * hour])
  expect(asked(0)).toBe(4000)
  expect(nextDelayMs({ ...DEFAULT_RETRY_SCHEDULE, maxRetryAfterMs: 0 }, 1, hour, 0)).toBe(4000)
})

test('nextDelayMs() is never shorter than planned or asked for, and little longer', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 1e12 }),
      fc.integer({ min: 0, max: 1e10 }),
      (delayMs, fraction, jitter, retryAfterMs, maxRetryAfterMs) => {
        const schedule = { delaysMs: [delayMs], jitter, maxRetryAfterMs }
        const planned = nextDelayMs(schedule, 1, null, fraction) ?? NaN
        const waits = nextDelayMs(schedule, 1, retryAfterMs, fraction) ?? NaN
        const asked = Math.min(retryAfterMs, maxRetryAfterMs)
        expect(waits).toBeGreaterThanOrEqual(Math.max(planned, asked))
        expect(waits).toBeLessThanOrEqual(Math.max(planned, asked + Math.ceil(delayMs * jitter)))
      },
    ),
  )
})
