import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { startDeadline, startStopwatch } from './deadline.ts'

test('startDeadline() ends once, by elapsed time, whatever is done to the wall clock', async () => {
  const clock = createFakeClock()
  let ended = 0
  const deadline = startDeadline(clock, 100, () => ended++)
  clock.step(3_600_000)
  await clock.advance(99)
  clock.step(-7_200_000)
  expect([deadline.isOver(), ended]).toEqual([false, 0])
  await clock.advance(1)
  expect([deadline.isOver(), ended]).toEqual([true, 1])
  await clock.advance(1000)
  expect(ended).toBe(1)
})

test('isOver() knows the end of a deadline whose timer is late, and says so at once', () => {
  const clock = createFakeClock()
  let ended = 0
  const deadline = startDeadline(clock, 100, () => ended++)
  clock.block(100)
  expect([deadline.isOver(), ended]).toEqual([true, 1])
})

test('cancel() lets a deadline never end', async () => {
  const clock = createFakeClock()
  let ended = 0
  const deadline = startDeadline(clock, 100, () => ended++)
  deadline.cancel()
  await clock.advance(200)
  expect([deadline.isOver(), ended]).toEqual([false, 0])
})

test('startDeadline() and startStopwatch() do without a clock that tells elapsed time', async () => {
  const { now, setTimer, advance, step } = createFakeClock()
  const clock = { now, setTimer }
  const elapsedMs = startStopwatch(clock)
  let ended = 0
  const deadline = startDeadline(clock, 100, () => ended++)
  step(3_600_000)
  expect(deadline.isOver()).toBe(false)
  await advance(100)
  expect([deadline.isOver(), ended]).toEqual([true, 1])
  const before = elapsedMs()
  step(-60_000)
  expect(elapsedMs()).toBe(before)
  await advance(50)
  expect(elapsedMs()).toBe(before + 50)
})
