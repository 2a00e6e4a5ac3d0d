import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createEndpointLanes, type EndpointLanes } from './endpoint-lanes.ts'

test('enter() gives one slot to an endpoint of which nothing is known, and all once it has answered', () => {
  const lanes = createEndpointLanes(createFakeClock())
  const leave = lanes.enter('a', false)
  expect(enterAll(lanes, 'a', 20)).toBe(0)
  leave?.(true)
  expect(enterAll(lanes, 'a', 200)).toBe(200)
  expect(enterAll(lanes, 'b', 20)).toBe(1)
})

test('enter() trusts an endpoint for five minutes after a success, or until a failure', async () => {
  const clock = createFakeClock()
  const lanes = createEndpointLanes(clock)
  for (const name of ['a', 'b', 'c']) lanes.enter(name, false)?.(true)
  await clock.advance(299_999)
  lanes.enter('a', false)?.(false)
  lanes.enter('b', false)?.(null)
  expect([enterAll(lanes, 'a', 20), enterAll(lanes, 'b', 20)]).toEqual([1, 20])
  await clock.advance(1)
  expect(enterAll(lanes, 'c', 20)).toBe(1)
})

test('enter() gives no slot to an endpoint that fails', () => {
  const lanes = createEndpointLanes(createFakeClock())
  lanes.enter('a', false)?.(true)
  expect(enterAll(lanes, 'a', 5, true)).toBe(0)
  expect(enterAll(lanes, 'a', 5)).toBe(5)
})

test('enter() gives no slot to an endpoint that is overdue with an answer, until it has answered', async () => {
  const clock = createFakeClock()
  const lanes = createEndpointLanes(clock)
  lanes.enter('a', false)?.(true)
  const leave = lanes.enter('a', false)
  await clock.advance(1000)
  lanes.enter('a', false)?.(true)
  expect(enterAll(lanes, 'b', 1)).toBe(1)
  await clock.advance(1)
  expect(enterAll(lanes, 'a', 5)).toBe(0)
  leave?.(true)
  expect(enterAll(lanes, 'a', 5)).toBe(5)
})

function enterAll(
  lanes: EndpointLanes,
  endpointId: string,
  times: number,
  failing = false,
): number {
  const entries = Array.from({ length: times }, () => lanes.enter(endpointId, failing))
  return entries.filter((leave) => leave !== null).length
}
