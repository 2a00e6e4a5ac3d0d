import { expect, test } from 'vitest'
import type { Delivery } from './delivery.ts'
import { deliveryJob, outcomeOf, retryTask, taskOf, type DeliveryTask } from './delivery-task.ts'

const NOW = 1000
const task: DeliveryTask = { id: 'e:ep', round: 0, attempts: 0, resend: false }

test('outcomeOf() puts the job off to the next attempt, knowing of those made', () => {
  const outcome = outcomeOf(
    delivery({ state: 'retrying', roundAttempts: 2, nextAttemptAt: 6000 }),
    task,
    'main',
    NOW,
  )
  expect(outcome).toMatchObject({
    to: 'scheduled',
    delayMs: 5000,
    refund: true,
  })
  const data = 'data' in outcome ? (outcome.data ?? null) : null
  expect(taskOf({ id: 'e:ep', data })).toEqual({ ...task, attempts: 2 })
  const overdue = outcomeOf(delivery({ state: 'retrying', nextAttemptAt: 1 }), task, 'main', NOW)
  expect(overdue).toMatchObject({ to: 'scheduled', delayMs: 0 })
})

test('outcomeOf() ends a job that a manual retry has replaced, whatever state the delivery is in', () => {
  for (const state of ['pending', 'retrying', 'dead', 'delivered'] as const)
    expect(outcomeOf(delivery({ state, round: 1 }), task, 'main', NOW).to).toBe('completed')
})

test('outcomeOf() ends a job whose delivery goes on in the slow lane, and none that is in it', () => {
  const retrying = { state: 'retrying', roundAttempts: 1, nextAttemptAt: 6000 } as const
  expect(outcomeOf(delivery({ ...retrying, lane: 'slow' }), task, 'main', NOW)).toEqual({
    to: 'completed',
    result: { state: 'moved' },
  })
  expect(outcomeOf(delivery(retrying), task, 'slow', NOW)).toMatchObject({
    to: 'scheduled',
    data: { attempts: 1 },
  })
})

test('outcomeOf() ends a job as its delivery ended', () => {
  expect(outcomeOf(delivery({ state: 'dead' }), task, 'main', NOW).to).toBe('dead')
  for (const state of ['delivered', 'held', 'cancelled'] as const)
    expect(outcomeOf(delivery({ state }), task, 'main', NOW)).toEqual({
      to: 'completed',
      result: { state },
    })
})

test('deliveryJob() gives each round a job of its own, and the same one whenever it is made', () => {
  const again = retryTask(delivery({ state: 'delivered', round: 4 }))
  expect(again).toEqual({ id: 'e:ep', round: 5, attempts: 0, resend: true })
  expect(deliveryJob(again, 1.5)).toEqual(deliveryJob(again, 1.5))
  expect([deliveryJob(task).id, deliveryJob(again).id]).toEqual(['e:ep', 'e:ep#5'])
  for (const one of [task, again]) {
    const { id = '', data } = deliveryJob(one)
    expect(taskOf({ id, data })).toEqual(one)
  }
})

function delivery(parts: Partial<Delivery>): Delivery {
  return {
    id: 'e:ep',
    tenant: 'default',
    eventId: 'e',
    eventType: 'a',
    endpointId: 'ep',
    state: 'pending',
    createdAt: 0,
    updatedAt: 0,
    attempts: 0,
    round: 0,
    roundAttempts: 0,
    nextAttemptAt: null,
    lastAttempt: null,
    lane: 'main',
    keepUntil: 0,
    transformed: false,
    ...parts,
  }
}
