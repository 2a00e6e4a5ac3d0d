import { expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../testing/fake-clock.ts'
import { createEndpointLanes, type EndpointLanes } from './endpoint-lanes.ts'
import { createRateSlots } from './rate-slots.ts'

test('enter() lets an endpoint that answers in time have all places it wants', () => {
  const lanes = lanesOn(createFakeClock())
  expect(enterAll(lanes, 'a', 200)).toBe(200)
})

test('enter() gives two places to an endpoint that fails, and takes them back', () => {
  const lanes = lanesOn(createFakeClock())
  const entry = lanes.enter('a', true)
  expect(enterAll(lanes, 'a', 5, true)).toBe(1)
  expect(enterAll(lanes, 'b', 1)).toBe(1)
  if (entry.entered) entry.leave()
  expect(enterAll(lanes, 'a', 5, true)).toBe(1)
})

test('enter() gives half of the places to endpoints whose answers are overdue', async () => {
  const clock = createFakeClock()
  const lanes = lanesOn(clock)
  expect(enterAll(lanes, 'a', 5)).toBe(5)
  await clock.advance(500)
  expect(enterAll(lanes, 'a', 4)).toBe(4)
  await clock.advance(501)
  // Nine are overdue now, of ten that may be.
  expect(enterAll(lanes, 'a', 1)).toBe(1)
  await clock.advance(501)
  expect(enterAll(lanes, 'a', 10)).toBe(0)
  expect(enterAll(lanes, 'b', 10)).toBe(10)
})

test('enter() counts those that fail and those that dawdle together', async () => {
  const clock = createFakeClock()
  const lanes = lanesOn(clock)
  for (let index = 0; index < 8; index++) lanes.enter(`hanging-${index}`, false)
  await clock.advance(1000)
  const failing = Array.from({ length: 10 }, (_, index) => lanes.enter(`failing-${index}`, true))
  expect(failing.filter(({ entered }) => entered)).toHaveLength(2)
  expect(enterAll(lanes, 'alive', 10)).toBe(10)
})

test('enter() sends those who must wait away about as long as places take to become free', async () => {
  const clock = createFakeClock()
  const lanes = lanesOn(clock)
  enterAll(lanes, 'slow', 10)
  await clock.advance(2000)
  const waits = [1, 2, 3].map(() => lanes.enter('slow', false))
  // Ten places that take two seconds each: one becomes free each 200 ms.
  expect(waits).toEqual([200, 400, 600].map((waitMs) => ({ entered: false, waitMs })))
})

function lanesOn(clock: FakeClock): EndpointLanes {
  return createEndpointLanes({ clock, slots: createRateSlots(clock), capacity: () => 20 })
}

function enterAll(
  lanes: EndpointLanes,
  endpointId: string,
  times: number,
  failing = false,
): number {
  const entries = Array.from({ length: times }, () => lanes.enter(endpointId, failing))
  return entries.filter(({ entered }) => entered).length
}
