import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { OperationalEvent } from '../../../../src/services/webhooks/events/operational-event.ts'
import {
  collect,
  open,
  drainFor,
  rejectsWith,
  HOUR_MS,
  URL_A,
  URL_B,
  type WebhookSendingLaw,
} from './sending-fixture.ts'

/** What sparing and disabling endpoints promise. */
export const healthLaws: readonly WebhookSendingLaw[] = [
  {
    name: 'an answer of 410 disables the endpoint; events are held meanwhile and delivered by recover()',
    async run(harness) {
      let gone = true
      const told: OperationalEvent[] = []
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: gone ? 410 : 200 }),
        onOperationalEvent: (event) => void told.push(event),
      })
      const since = harness.clock.now()
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      const disabled = await webhooks.endpoints.get(id)
      expectEqual([disabled?.enabled, disabled?.disabledReason], [false, 'gone'])
      expectEqual(told.map(({ type }) => type).toSorted(), [
        'webhook.delivery.dead',
        'webhook.endpoint.disabled',
      ])
      await harness.advance(1000)
      await webhooks.publish({ type: 'a', data: 2 })
      await webhooks.drain()
      await rejectsWith('endpoint_disabled', () => webhooks.deliveries.recover(id, since))
      const held = await collect(webhooks.deliveries.list({ state: 'held' }))
      expectEqual([held.length, receiver.received.length], [1, 1])
      gone = false
      await harness.advance(1000)
      await webhooks.endpoints.enable(id)
      await webhooks.deliveries.recover(id, since)
      await drainFor(harness, webhooks, 3, 1000)
      expectEqual(
        (await collect(webhooks.deliveries.list({ endpointId: id }))).map(({ state }) => state),
        ['delivered', 'delivered'],
      )
    },
  },
  {
    name: 'an endpoint that fails for days is disabled and announced to the operational tenant; nothing is lost',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: ({ url }) => new Response(null, { status: url === URL_A ? 500 : 200 }),
        operationalTenant: 'ops',
        retrySchedule: ['1h', '1h', '1h', '1h', '1h', '1h', '1h', '1h'],
        disableAfter: '3h',
      })
      await webhooks.endpoints.create({ url: URL_B, tenant: 'ops' })
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      await webhooks.publish({ type: 'a', data: 1 })
      for (let attempt = 0; attempt < 2; attempt++) {
        await drainFor(harness, webhooks, 1, 1.3 * HOUR_MS)
        expectEqual((await webhooks.endpoints.get(id))?.enabled, true)
      }
      await drainFor(harness, webhooks, 3, 1.3 * HOUR_MS)
      const endpoint = await webhooks.endpoints.get(id)
      expectEqual([endpoint?.enabled, endpoint?.disabledReason], [false, 'failing'])
      const events = receiver
        .to(URL_B)
        .map(({ body }) => JSON.parse(body) as { type: string; data: unknown })
      expectEqual(
        events.map(({ type }) => type),
        ['webhook.endpoint.disabled'],
      )
      expectEqual(
        (await collect(webhooks.deliveries.list({ endpointId: id }))).map(({ state }) => state),
        ['held'],
      )
      // Enabled again, it has days to recover as if it had never failed.
      await webhooks.endpoints.enable(id)
      await webhooks.publish({ type: 'a', data: 2 })
      const before = receiver.to(URL_A).length
      await webhooks.drain()
      expectEqual(receiver.to(URL_A).length, before + 1)
      expectEqual((await webhooks.endpoints.get(id))?.enabled, true)
    },
  },
  {
    name: 'what happens to operational events is not announced to the operational tenant',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: 410 }),
        operationalTenant: 'ops',
      })
      await webhooks.endpoints.create({ url: URL_B, tenant: 'ops' })
      await webhooks.endpoints.create({ url: URL_A })
      await webhooks.publish({ type: 'a', data: 1 })
      await drainFor(harness, webhooks, 3, HOUR_MS)
      const { deliveries } = await webhooks.deliveries.page({ tenant: 'ops' })
      // One for the delivery, one for the endpoint; none for what became of these two.
      expectEqual(deliveries.map(({ eventType }) => eventType).toSorted(), [
        'webhook.delivery.dead',
        'webhook.endpoint.disabled',
      ])
      expectTrue(receiver.to(URL_B).length >= 1, 'the operational endpoint to be asked')
    },
  },
  {
    name: 'an open circuit defers deliveries and drops none; one probe at a time finds out whether it can close',
    async run(harness) {
      let up = false
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: up ? 200 : 500 }),
      })
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      for (let index = 0; index < 10; index++) {
        await webhooks.publish({ type: 'a', data: index })
        await webhooks.drain()
      }
      expectEqual(receiver.received.length, 10)
      for (let index = 10; index < 20; index++) await webhooks.publish({ type: 'a', data: index })
      await drainFor(harness, webhooks, 4, 5000)
      expectEqual(receiver.received.length, 10)
      // It is half-open after half a minute; all that waited come at once, and one of them goes through.
      await harness.advance(60_000)
      await webhooks.drain()
      expectEqual(receiver.received.length, 11)
      up = true
      await drainFor(harness, webhooks, 40, 30_000)
      const states = (await collect(webhooks.deliveries.list({ endpointId: id }))).map(
        ({ state }) => state,
      )
      expectEqual([states.length, ...new Set(states)], [20, 'delivered'])
    },
  },
  {
    name: 'an endpoint that is back from an outage gets what has piled up step by step, and all of it',
    async run(harness) {
      let up = false
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: up ? 200 : 503 }),
      })
      await webhooks.endpoints.create({ url: URL_A })
      for (let index = 0; index < 120; index++) await webhooks.publish({ type: 'a', data: index })
      await drainFor(harness, webhooks, 10, 10_000)
      up = true
      const backAfter = receiver.received.length
      while (receiver.received.length === backAfter) await drainFor(harness, webhooks, 1, 10_000)
      const first = receiver.received.length
      const counts: number[] = []
      for (let step = 0; step < 4; step++) {
        await drainFor(harness, webhooks, 5, 1000)
        counts.push(receiver.received.length - first)
      }
      // Two a second at first, twice as many each 15 s.
      const most = [12, 26, 44, 67]
      expectTrue(
        counts.every((count, index) => count <= (most[index] ?? 0)),
        `at most ${most.join(', ')} after 5, 10, 15 and 20 s, not ${counts.join(', ')}`,
      )
      await drainFor(harness, webhooks, 90, 10_000)
      const states = await collect(webhooks.deliveries.list())
      expectEqual([states.length, ...new Set(states.map(({ state }) => state))], [120, 'delivered'])
      // Well again, it gets what comes at once.
      const before = receiver.received.length
      for (let index = 0; index < 20; index++) await webhooks.publish({ type: 'a', data: index })
      await webhooks.drain()
      expectEqual(receiver.received.length, before + 20)
    },
  },
  {
    name: 'retry() goes past an open circuit, and its success closes it',
    async run(harness) {
      let up = false
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: up ? 200 : 500 }),
      })
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      for (let index = 0; index < 11; index++) {
        await webhooks.publish({ type: 'a', data: index })
        await webhooks.drain()
      }
      expectEqual(receiver.received.length, 10)
      const [waiting] = await collect(webhooks.deliveries.list({ state: 'pending' }))
      up = true
      await webhooks.deliveries.retry(waiting?.id ?? '')
      await webhooks.drain()
      expectEqual(receiver.received.length, 11)
      await webhooks.publish({ type: 'a', data: 7 })
      await webhooks.drain()
      expectEqual(
        [receiver.received.length, (await webhooks.endpoints.get(id))?.enabled],
        [12, true],
      )
    },
  },
  {
    name: 'an endpoint’s rate limit defers deliveries and drops none',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A, rateLimit: { limit: 2, window: '1m' } })
      await webhooks.endpoints.create({ url: URL_B })
      for (let index = 0; index < 6; index++) await webhooks.publish({ type: 'a', data: index })
      await webhooks.drain()
      expectEqual([receiver.to(URL_A).length, receiver.to(URL_B).length], [2, 6])
      await drainFor(harness, webhooks, 2, 30_000)
      expectTrue(receiver.to(URL_A).length <= 4, 'no more than the limit lets pass')
      await drainFor(harness, webhooks, 8, 30_000)
      expectEqual(receiver.to(URL_A).length, 6)
      expectEqual((await webhooks.deliveries.page({ state: 'delivered' })).deliveries.length, 12)
    },
  },
]
