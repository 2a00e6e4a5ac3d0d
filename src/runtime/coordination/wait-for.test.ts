import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { waitFor } from './wait-for.ts'

test('waitFor() waits on the clock', async () => {
  const clock = createFakeClock()
  let over = false
  const waiting = waitFor(clock, 1000).then(() => (over = true))
  await clock.advance(999)
  expect(over).toBe(false)
  await clock.advance(1)
  await waiting
})

test('waitFor() rejects with the reason of its signal, aborted before or meanwhile, and leaves no timer', async () => {
  const clock = createFakeClock()
  const stop = new AbortController()
  let timers = 0
  const counting = {
    now: clock.now,
    setTimer(wake: () => void, ms: number): () => void {
      timers++
      const cancel = clock.setTimer(wake, ms)
      return () => {
        timers--
        cancel()
      }
    },
  }
  const waiting = waitFor(counting, 1000, stop.signal)
  stop.abort('enough')
  await expect(waiting).rejects.toBe('enough')
  await expect(waitFor(counting, 1000, stop.signal)).rejects.toBe('enough')
  expect(timers).toBe(0)
})
