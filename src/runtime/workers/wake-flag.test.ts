import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createWakeFlag } from './wake-flag.ts'

test('wait() ends when told, when the time has passed, or at once when told before', async () => {
  const clock = createFakeClock()
  const wakeFlag = createWakeFlag(clock)
  const ends: string[] = []
  void wakeFlag.wait(1000).then(() => ends.push('told'))
  wakeFlag.open()
  await clock.advance(0)
  expect(ends).toEqual(['told'])
  void wakeFlag.wait(1000).then(() => ends.push('late'))
  await clock.advance(999)
  expect(ends).toEqual(['told'])
  await clock.advance(1)
  expect(ends).toEqual(['told', 'late'])
  wakeFlag.open()
  await wakeFlag.wait(1_000_000)
})

test('close() forgets what was told before', async () => {
  const clock = createFakeClock()
  const wakeFlag = createWakeFlag(clock)
  const ends: string[] = []
  wakeFlag.open()
  wakeFlag.close()
  void wakeFlag.wait(1000).then(() => ends.push('late'))
  await clock.advance(999)
  expect(ends).toEqual([])
  await clock.advance(1)
  expect(ends).toEqual(['late'])
})
