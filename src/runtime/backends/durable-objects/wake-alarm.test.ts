import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createWakeAlarm, type WakeAlarm } from './wake-alarm.ts'

function open(): { alarm: WakeAlarm; clock: FakeClock; writes: (number | null)[] } {
  const clock = createFakeClock(1_000_000)
  const writes: (number | null)[] = []
  const storage = {
    setAlarm: async (at: number) => void writes.push(at - 1_000_000),
    deleteAlarm: async () => void writes.push(null),
  }
  return { alarm: createWakeAlarm(storage, clock), clock, writes }
}

test('ringWithin() sets the alarm only when it must ring earlier, never for this very millisecond', () => {
  const { alarm, writes } = open()
  for (const inMs of [5000, 6000, 5000, 300.5, 0, 0]) alarm.ringWithin(inMs)
  expect(writes).toEqual([5000, 301, 1])
})

test('ringWithin() sets an alarm again that should have rung a minute ago', async () => {
  const { alarm, clock, writes } = open()
  alarm.ringWithin(10)
  await clock.advance(60_000)
  alarm.ringWithin(0)
  expect(writes).toEqual([10])
  await clock.advance(11)
  alarm.ringWithin(0)
  expect(writes).toEqual([10, 60_012])
})

test('ringExactly() moves the alarm both ways, and removes it once', () => {
  const { alarm, writes } = open()
  alarm.ringWithin(1000)
  alarm.ringExactly(9000)
  alarm.ringExactly(9000)
  alarm.ringExactly(20)
  alarm.ringExactly(null)
  alarm.ringExactly(null)
  expect(writes).toEqual([1000, 9000, 20, null])
})

test('rang() lets the next call set the alarm anew', () => {
  const { alarm, writes } = open()
  alarm.ringWithin(10)
  alarm.rang()
  alarm.ringWithin(20)
  expect(writes).toEqual([10, 20])
})
