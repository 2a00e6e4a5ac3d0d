import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createLatch } from './latch.ts'

test('wait() ends when told, when the time has passed, or at once when told before', async () => {
  const clock = createFakeClock()
  const latch = createLatch(clock)
  const ends: string[] = []
  void latch.wait(1000).then(() => ends.push('told'))
  latch.open()
  await clock.advance(0)
  expect(ends).toEqual(['told'])
  void latch.wait(1000).then(() => ends.push('late'))
  await clock.advance(999)
  expect(ends).toEqual(['told'])
  await clock.advance(1)
  expect(ends).toEqual(['told', 'late'])
  latch.open()
  await latch.wait(1_000_000)
})

test('close() forgets what was told before', async () => {
  const clock = createFakeClock()
  const latch = createLatch(clock)
  const ends: string[] = []
  latch.open()
  latch.close()
  void latch.wait(1000).then(() => ends.push('late'))
  await clock.advance(999)
  expect(ends).toEqual([])
  await clock.advance(1)
  expect(ends).toEqual(['late'])
})
