import { expect, test } from 'vitest'
import { createFakeClock } from './fake-clock.ts'

test('step() sets the wall clock, and moves neither timers nor elapsed time', async () => {
  const clock = createFakeClock(1000)
  const woken: number[] = []
  clock.setTimer(() => void woken.push(clock.elapsed()), 10)
  clock.step(-500)
  expect([clock.now(), clock.elapsed()]).toEqual([500, 0])
  await clock.advance(9)
  expect(woken).toEqual([])
  await clock.advance(1)
  expect([woken, clock.now()]).toEqual([[10], 510])
})

test('block() lets time pass, and timers that fell due fire when time next moves on', async () => {
  const clock = createFakeClock(1000)
  const woken: number[] = []
  clock.setTimer(() => void woken.push(clock.elapsed()), 10)
  clock.block(50)
  expect([woken, clock.now(), clock.elapsed()]).toEqual([[], 1050, 50])
  await clock.advance(0)
  expect(woken).toEqual([50])
})
