import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createRateSlots } from './rate-slots.ts'

test('next() sends those who wait to different times, as far apart as the limit says', async () => {
  const clock = createFakeClock()
  const slots = createRateSlots(clock)
  expect([1, 2, 3].map(() => slots.next('a', 100, 500))).toEqual([100, 600, 1100])
  expect(slots.next('b', 100, 500)).toBe(100)
  await clock.advance(1000)
  expect(slots.next('a', 50, 500)).toBe(600)
  await clock.advance(10_000)
  expect(slots.next('a', 50, 500)).toBe(50)
})

test('next() sends nobody further away than five minutes, unless the limit does', () => {
  const slots = createRateSlots(createFakeClock())
  const waits = Array.from({ length: 20 }, () => slots.next('a', 60_000, 60_000))
  expect(Math.max(...waits)).toBe(300_000)
  expect(slots.next('c', 86_400_000, 86_400_000)).toBe(86_400_000)
})

test('nextOfRamp() gives each that waits a time of its own along the ramp, and makes up for none', async () => {
  const clock = createFakeClock()
  const slots = createRateSlots(clock)
  const backSince = clock.now()
  const waits = Array.from({ length: 6000 }, () => slots.nextOfRamp('a', backSince))
  expect(waits.slice(0, 3)).toEqual([495, 978, 1451])
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  expect(waits.filter((wait) => wait <= 15_000).length).toBeLessThan(45)
  expect(waits.at(-1)).toBeGreaterThan(105_000)
  expect(slots.nextOfRamp('b', backSince)).toBe(495)
  await clock.advance(30_000)
  // Another outage begins anew, and what comes late is not sent at once for the slots that passed.
  expect(slots.nextOfRamp('a', clock.now())).toBe(495)
  const late = slots.nextOfRamp('b', backSince)
  expect([late > 0, late < 500]).toEqual([true, true])
})
