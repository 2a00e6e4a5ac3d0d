import { expect, test } from 'vitest'
import { watchStore } from '../../../../test/support/watched-store.ts'
import { createWebhookReceiver } from '../../../../test/support/webhook-receiver.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createWebhooks } from '../sending/create-webhooks.ts'
import type { Delivery } from './delivery.ts'

const ENDPOINTS = 60

test('list() reads a page of an event, of a tenant or of what was delivered in three round trips, however many endpoints it names', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const store = watchStore(backend.store)
  const webhooks = createWebhooks({
    backend: { ...backend, store },
    fetch: createWebhookReceiver().fetch,
    resolve: async () => ['93.184.216.34'],
    shards: 1,
    clock,
  })
  for (let index = 0; index < ENDPOINTS; index++)
    await webhooks.endpoints.create({ url: `https://a.example.com/${index}` })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  for (const query of [{ eventId: id }, {}, { state: 'delivered' as const }]) {
    const before = store.reads
    const found: Delivery[] = []
    for await (const delivery of webhooks.deliveries.list(query)) found.push(delivery)
    expect(new Set(found.map(({ endpointId }) => endpointId)).size).toBe(ENDPOINTS)
    expect(store.reads - before).toBeLessThanOrEqual(3)
  }
})
