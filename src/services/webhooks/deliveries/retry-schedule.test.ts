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
  expect(nextDelayMs({ delaysMs: [], jitter: 0 }, 1, null, 0)).toBe(null)
})

test('nextDelayMs() lets Retry-After move a wait from the planned one up to twice the schedule’s', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 1e12 }),
      (delayMs, fraction, jitter, retryAfterMs) => {
        const schedule = { delaysMs: [delayMs], jitter }
        const planned = nextDelayMs(schedule, 1, null, fraction) ?? NaN
        const asked = nextDelayMs(schedule, 1, retryAfterMs, fraction) ?? NaN
        expect(asked).toBeGreaterThanOrEqual(planned)
        expect(asked).toBeLessThanOrEqual(2 * delayMs)
        if (retryAfterMs >= planned && retryAfterMs <= 2 * delayMs) expect(asked).toBe(retryAfterMs)
      },
    ),
  )
})
