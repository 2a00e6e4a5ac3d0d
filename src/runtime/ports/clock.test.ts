import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

afterEach(() => void vi.useRealTimers())

test('setTimer() wakes after its whole delay, also when no platform timer holds it', () => {
  vi.useFakeTimers()
  const delayMs = 5_000_000_000
  const wake = vi.fn<() => void>()
  systemClock.setTimer(wake, delayMs)
  vi.advanceTimersByTime(delayMs - 1)
  expect(wake).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(wake).toHaveBeenCalledOnce()
})

test('setTimer() can be taken back in any part of a long delay', () => {
  vi.useFakeTimers()
  const wake = vi.fn<() => void>()
  const cancel = systemClock.setTimer(wake, 5_000_000_000)
  vi.advanceTimersByTime(3_000_000_000)
  cancel()
  vi.advanceTimersByTime(5_000_000_000)
  expect(wake).not.toHaveBeenCalled()
})
