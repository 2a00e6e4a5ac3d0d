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

test('wakeWithin() sets the alarm only when it must wake earlier, never for this very millisecond', () => {
  const { alarm, writes } = open()
  for (const inMs of [5000, 6000, 5000, 300.5, 0, 0]) alarm.wakeWithin(inMs)
  expect(writes).toEqual([5000, 301, 1])
})

test('wakeWithin() sets an alarm again that should have woken a minute ago', async () => {
  const { alarm, clock, writes } = open()
  alarm.wakeWithin(10)
  await clock.advance(60_000)
  alarm.wakeWithin(0)
  expect(writes).toEqual([10])
  await clock.advance(11)
  alarm.wakeWithin(0)
  expect(writes).toEqual([10, 60_012])
})

test('wakeExactly() moves the alarm both ways, and removes it once', () => {
  const { alarm, writes } = open()
  alarm.wakeWithin(1000)
  alarm.wakeExactly(9000)
  alarm.wakeExactly(9000)
  alarm.wakeExactly(20)
  alarm.wakeExactly(null)
  alarm.wakeExactly(null)
  expect(writes).toEqual([1000, 9000, 20, null])
})

test('woke() lets the next call set the alarm anew', () => {
  const { alarm, writes } = open()
  alarm.wakeWithin(10)
  alarm.fired()
  alarm.wakeWithin(20)
  expect(writes).toEqual([10, 20])
})
