import { expect, test } from 'vitest'
import type { Delivery } from './delivery.ts'
import { statsOf } from './delivery-stats.ts'

test('statsOf() says nothing of rates where there is nothing', () => {
  expect(statsOf([])).toEqual({
    deliveries: 0,
    delivered: 0,
    dead: 0,
    pending: 0,
    successRate: null,
    attemptSuccessRate: null,
    latencyMs: null,
  })
})

test('statsOf() counts states and attempts, and takes percentiles by nearest rank', () => {
  const deliveries = [
    ...Array.from({ length: 99 }, (_, index) => delivery('delivered', 1, index + 1)),
    delivery('dead', 8, 9999),
    delivery('retrying', 3, 9999),
    delivery('pending', 0, null),
  ]
  expect(statsOf(deliveries)).toEqual({
    deliveries: 102,
    delivered: 99,
    dead: 1,
    pending: 2,
    successRate: 0.99,
    attemptSuccessRate: 99 / 110,
    latencyMs: { p50: 50, p95: 95, p99: 99 },
  })
})

function delivery(state: Delivery['state'], attempts: number, durationMs: number | null): Delivery {
  const error = state === 'delivered' ? null : 'timeout'
  return {
    id: 'e:ep',
    tenant: 'default',
    eventId: 'e',
    eventType: 'a',
    endpointId: 'ep',
    state,
    createdAt: 0,
    updatedAt: 0,
    attempts,
    round: 0,
    roundAttempts: attempts,
    nextAttemptAt: null,
    lastAttempt: durationMs === null ? null : { at: 0, durationMs, status: null, error },
    keepUntil: 0,
    transformed: false,
  }
}
