import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createLeaseClock, type LeaseView } from './lease-clock.ts'

const LEASE_MS = 10_000

function hasEnded({ ended }: LeaseView, lease: number): boolean {
  return ended.some(({ after, until }) => lease > after && lease <= until)
}

test('look() ends leases by the wall clock, as long as nobody sets it', async () => {
  const clock = createFakeClock()
  const leases = createLeaseClock(clock)
  const lease = leases.look().now + LEASE_MS
  await clock.advance(LEASE_MS - 1)
  expect([hasEnded(leases.look(), lease), leases.look().endOf(lease)]).toEqual([false, lease])
  await clock.advance(1)
  expect(hasEnded(leases.look(), lease)).toBe(true)
})

test('look() ends leases when as much time has passed, where the clock was set forward', async () => {
  for (const stepMs of [5000, 60_000, 3_600_000]) {
    const clock = createFakeClock()
    const leases = createLeaseClock(clock)
    leases.note(LEASE_MS)
    const early = leases.look().now + LEASE_MS
    await clock.advance(2000)
    clock.step(stepMs)
    const late = leases.look().now + LEASE_MS
    await clock.advance(LEASE_MS - 2001)
    expect([hasEnded(leases.look(), early), hasEnded(leases.look(), late)]).toEqual([false, false])
    expect(leases.look().endOf(early) - leases.look().now).toBe(1)
    await clock.advance(1)
    expect([hasEnded(leases.look(), early), hasEnded(leases.look(), late)]).toEqual([true, false])
    await clock.advance(1999)
    expect(hasEnded(leases.look(), late)).toBe(false)
    await clock.advance(1)
    expect(hasEnded(leases.look(), late)).toBe(true)
    await clock.advance(stepMs + LEASE_MS)
    expect(leases.look().ended).toHaveLength(1)
  }
})

test('look() knows of a step that came while nobody looked, and of two', async () => {
  const clock = createFakeClock()
  const leases = createLeaseClock(clock)
  const lease = leases.look().now + LEASE_MS
  clock.step(20_000)
  await clock.advance(4000)
  expect(hasEnded(leases.look(), lease)).toBe(false)
  clock.step(40_000)
  await clock.advance(5999)
  expect(hasEnded(leases.look(), lease)).toBe(false)
  await clock.advance(1)
  expect(hasEnded(leases.look(), lease)).toBe(true)
})

test('look() believes a clock that was set back, and one that cannot tell elapsed time', async () => {
  const clock = createFakeClock()
  const { now, setTimer } = clock
  for (const leases of [createLeaseClock(clock), createLeaseClock({ now, setTimer })]) {
    const lease = leases.look().now + LEASE_MS
    clock.step(-60_000)
    expect([hasEnded(leases.look(), lease), leases.look().ended.length]).toEqual([false, 1])
    await clock.advance(LEASE_MS + 60_000)
    expect(hasEnded(leases.look(), lease)).toBe(true)
  }
})
