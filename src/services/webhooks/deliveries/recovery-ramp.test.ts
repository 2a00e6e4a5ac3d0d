import { expect, test } from 'vitest'
import { RAMP_MS, rampIntervalMs, rampSlotMs } from './recovery-ramp.ts'

test('rampIntervalMs() halves each 15 s, and ends', () => {
  expect([0, 15_000, 30_000, 90_000].map(rampIntervalMs)).toEqual([500, 250, 125, 8])
  expect([rampIntervalMs(RAMP_MS - 1), rampIntervalMs(RAMP_MS)]).toEqual([4, null])
  // A clock that was set back must not limit for ever.
  expect(rampIntervalMs(-1)).toBe(null)
})

test('rampSlotMs() spreads those that wait as the ramp lets them pass, however many', () => {
  expect(rampSlotMs(0)).toBe(0)
  let last = 0
  for (let count = 1; count <= 10_000; count++) {
    const at = rampSlotMs(count)
    const gap = at - last
    expect(gap).toBeGreaterThan(3.5)
    expect(gap).toBeLessThan(500)
    const interval = rampIntervalMs(last)
    if (interval !== null && interval > 20) expect(Math.abs(gap - interval)).toBeLessThan(25)
    last = at
  }
  expect(last).toBeGreaterThan(RAMP_MS)
  expect(last).toBeLessThan(RAMP_MS + 30_000)
})
