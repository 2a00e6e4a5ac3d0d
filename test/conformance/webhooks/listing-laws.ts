import { expectEqual, expectTrue } from '../../../src/runtime/ports/conformance.ts'
import type { Webhooks } from '../../../src/services/webhooks/sending/create-webhooks.ts'
import {
  collect,
  open,
  drainFor,
  busy,
  HOUR_MS,
  URL_A,
  URL_B,
  type WebhookSendingLaw,
} from './sending-stage.ts'

const DAY_MS = 24 * HOUR_MS

/** What listing, replaying and forgetting deliveries promise. */
export const listingLaws: readonly WebhookSendingLaw[] = [
  {
    name: 'deliveries are listed by state, endpoint and event, latest first, page by page, over all shards',
    async run(harness) {
      const { webhooks } = await open(harness, {
        answer: ({ url, body }) =>
          new Response(null, { status: url === URL_A && body.includes('"data":1') ? 500 : 200 }),
        shards: 4,
      })
      const a = await webhooks.endpoints.create({ url: URL_A })
      const b = await webhooks.endpoints.create({ url: URL_B })
      const events: string[] = []
      for (let index = 0; index < 5; index++) {
        events.push((await webhooks.publish({ type: 'a', data: index })).id)
        await webhooks.drain()
        await harness.advance(1000)
      }
      const ids = async (query: Parameters<Webhooks['deliveries']['list']>[0]): Promise<string[]> =>
        (await collect(webhooks.deliveries.list(query))).map(({ eventId }) => eventId)
      expectEqual(await ids({ endpointId: a.id }), events.toReversed())
      expectEqual(await ids({ endpointId: a.id, state: 'retrying' }), [events[1]])
      expectEqual(await ids({ state: 'retrying' }), [events[1]])
      expectEqual((await ids({ eventId: events[2] ?? '' })).length, 2)
      expectEqual(await ids({ eventId: events[2] ?? '', endpointId: b.id }), [events[2]])
      expectEqual(await ids({ tenant: 'other' }), [])
      expectEqual(await ids({ endpointId: a.id, tenant: 'other' }), [])
      const all = await ids({})
      expectEqual(
        all,
        events.toReversed().flatMap((event) => [event, event]),
      )
      const paged: string[] = []
      let cursor: string | null = null
      do {
        const page = await webhooks.deliveries.page({
          limit: 3,
          ...(cursor !== null && { cursor }),
        })
        paged.push(...page.deliveries.map(({ eventId }) => eventId))
        cursor = page.cursor
      } while (cursor !== null)
      expectEqual(paged, all)
    },
  },
  {
    name: 'replay() sends again what matches, spread over time, and ends',
    async run(harness) {
      const { webhooks, receiver, backend } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A })
      const since = harness.clock.now()
      for (let index = 0; index < 250; index++)
        await webhooks.publish({ type: index % 2 === 0 ? 'even' : 'odd', data: index })
      await webhooks.drain()
      await harness.advance(1000)
      await webhooks.deliveries.replay({
        since,
        eventType: 'odd',
        states: ['delivered'],
        perSecond: 100,
      })
      await webhooks.drain()
      expectTrue(receiver.received.length < 260, 'few of the first page at once')
      await drainFor(harness, webhooks, 10, 1000)
      expectEqual(receiver.received.length, 250 + 125)
      expectEqual(await busy(backend), [])
    },
  },
  {
    name: 'stats() counts an endpoint’s latest deliveries',
    async run(harness) {
      const { webhooks } = await open(harness, {
        answer: (_request, count) => new Response(null, { status: count === 1 ? 500 : 200 }),
      })
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      expectEqual((await webhooks.deliveries.stats(id)).successRate, null)
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.publish({ type: 'a', data: 2 })
      await drainFor(harness, webhooks, 3, 6000)
      const stats = await webhooks.deliveries.stats(id)
      expectEqual(
        [stats.deliveries, stats.delivered, stats.successRate, stats.attemptSuccessRate],
        [2, 2, 1, 2 / 3],
      )
      expectEqual(stats.latencyMs?.p99, 0)
    },
  },
  {
    name: 'after the retention nothing of a delivery is left, and its endpoint still is',
    async run(harness) {
      const { webhooks, backend } = await open(harness, { retention: '2d' })
      const { id: endpointId } = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      await harness.advance(2 * DAY_MS)
      expectEqual(await webhooks.deliveries.get(`${id}:${endpointId}`), null)
      expectEqual(await webhooks.deliveries.attempts(`${id}:${endpointId}`), [])
      const partition = backend.store.partition('webhooks:deliveries:default:00')
      expectEqual((await partition.list()).entries, [])
      expectEqual((await webhooks.endpoints.get(endpointId))?.enabled, true)
    },
  },
  {
    name: 'delete() removes a delivery and what is left of it on its way',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: 500 }),
      })
      const { id: endpointId } = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      const key = `${id}:${endpointId}`
      expectEqual(
        [await webhooks.deliveries.delete(key), await webhooks.deliveries.delete(key)],
        [true, false],
      )
      await drainFor(harness, webhooks, 2, HOUR_MS)
      expectEqual([receiver.received.length, await collect(webhooks.deliveries.list())], [1, []])
    },
  },
]
