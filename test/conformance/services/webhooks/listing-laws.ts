import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { Webhooks } from '../../../../src/services/webhooks/sending/create-webhooks.ts'
import {
  collect,
  open,
  drainFor,
  busy,
  rejectsWith,
  HOUR_MS,
  URL_A,
  URL_B,
  type WebhookSendingLaw,
} from './sending-fixture.ts'

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
    name: 'deliveries are listed by time and type, whatever else is asked for, and pages end with the time',
    async run(harness) {
      const { webhooks } = await open(harness, { shards: 2 })
      const { id: endpointId } = await webhooks.endpoints.create({ url: URL_A })
      const times: number[] = []
      for (let index = 0; index < 6; index++) {
        times.push(harness.clock.now())
        const type = index % 2 === 0 ? 'even' : 'odd'
        await webhooks.publish({ type, data: index, id: `e${index}` })
        await webhooks.drain()
        await harness.advance(1000)
      }
      const [, first = 0, , , fourth = 0] = times
      type Query = Parameters<Webhooks['deliveries']['list']>[0]
      const ids = async (query: Query): Promise<string> =>
        (await collect(webhooks.deliveries.list(query))).map(({ eventId }) => eventId).join(' ')
      expectEqual(await ids({ since: first }), 'e5 e4 e3 e2 e1')
      expectEqual(await ids({ until: fourth }), 'e3 e2 e1 e0')
      expectEqual(await ids({ since: new Date(first), until: new Date(fourth) }), 'e3 e2 e1')
      for (const more of [{ endpointId }, { state: 'delivered' as const }])
        expectEqual(await ids({ ...more, since: first, until: fourth }), 'e3 e2 e1')
      expectEqual(await ids({ eventType: 'odd', until: fourth }), 'e3 e1')
      expectEqual(await ids({ eventId: 'e2', since: fourth }), '')
      const page = await webhooks.deliveries.page({ since: first, limit: 5 })
      expectEqual(page.deliveries.length, 5)
      const rest = await webhooks.deliveries.page({ since: first, cursor: page.cursor ?? '' })
      expectEqual([rest.deliveries.length, rest.cursor], [0, null])
      for (const wrong of [-1, Number.NaN, Infinity, '1' as unknown as number, new Date('x')])
        for (const name of ['since', 'until'])
          await rejectsWith('invalid_query', () => webhooks.deliveries.page({ [name]: wrong }))
      await rejectsWith('invalid_query', () =>
        webhooks.deliveries.page({ eventType: 1 as unknown as string }),
      )
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
    name: 'what is delivered is listed without what was deleted, page by page, also where events went to many endpoints',
    async run(harness) {
      const { webhooks } = await open(harness, { shards: 2 })
      for (let index = 0; index < 60; index++)
        await webhooks.endpoints.create({
          url: `https://r.example.com/${index}`,
          events: [index === 0 ? '*' : 'wide'],
        })
      const types = ['wide', 'narrow', 'narrow', 'wide', 'narrow']
      for (const type of types) {
        await webhooks.publish({ type, data: null })
        await webhooks.drain()
        await harness.advance(1000)
      }
      const listed = await collect(webhooks.deliveries.list({ state: 'delivered' }))
      expectEqual(listed.length, 2 * 60 + 3)
      const order = listed.map(({ createdAt, id }) => `${createdAt}/${id}`)
      expectEqual(order, order.toSorted().toReversed())
      const deleted = listed.filter((_delivery, index) => index % 7 === 0).map(({ id }) => id)
      for (const id of deleted) expectEqual(await webhooks.deliveries.delete(id), true)
      const left = listed.map(({ id }) => id).filter((id) => !deleted.includes(id))
      for (const limit of [1, 10, 1000]) {
        const paged: string[] = []
        let cursor: string | null = null
        do {
          const page = await webhooks.deliveries.page({
            state: 'delivered',
            limit,
            ...(cursor !== null && { cursor }),
          })
          paged.push(...page.deliveries.map(({ id }) => id))
          cursor = page.cursor
        } while (cursor !== null)
        expectEqual(paged, left, `pages of ${limit}`)
      }
      const [{ eventId } = { eventId: '' }] = listed.filter(({ eventType }) => eventType === 'wide')
      const ofEvent = await collect(webhooks.deliveries.list({ eventId }))
      expectEqual(
        ofEvent.map(({ id }) => id),
        left.filter((id) => id.startsWith(eventId)),
      )
    },
  },
  {
    name: 'what is sent again by hand is kept, found and listed for as long anew, when nothing else of its event is left',
    async run(harness) {
      const { webhooks } = await open(harness, {
        retention: '2d',
        transforms: { short: ({ data }) => ({ data }) },
      })
      const plain = await webhooks.endpoints.create({ url: URL_A })
      const transformed = await webhooks.endpoints.create({ url: URL_B, transform: 'short' })
      const other = await webhooks.endpoints.create({ url: 'https://c.example.com/' })
      const { id: eventId } = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      await harness.advance(DAY_MS)
      const again = [`${eventId}:${plain.id}`, `${eventId}:${transformed.id}`]
      for (const id of again) await webhooks.deliveries.retry(id)
      await webhooks.drain()
      await harness.advance(DAY_MS + HOUR_MS)
      expectEqual(await webhooks.deliveries.get(`${eventId}:${other.id}`), null)
      for (const id of again) {
        const found = await webhooks.deliveries.get(id)
        expectEqual([found?.state, found?.attempts, found?.round], ['delivered', 2, 1])
      }
      for (const query of [{}, { eventId }, { state: 'delivered' } as const])
        expectEqual(
          (await collect(webhooks.deliveries.list(query))).map(({ id }) => id).toSorted(),
          again.toSorted(),
        )
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
    name: 'a retention of minutes loses nothing that is still to be sent, and forgets what was',
    async run(harness) {
      let up = false
      const { webhooks, receiver, backend } = await open(harness, {
        answer: ({ url }) => new Response(null, { status: up || url === URL_B ? 200 : 500 }),
        retention: '5m',
      })
      const failing = await webhooks.endpoints.create({ url: URL_A })
      const working = await webhooks.endpoints.create({ url: URL_B })
      const { id } = await webhooks.publish({ type: 'a', data: { total: 1 } })
      await drainFor(harness, webhooks, 1, 5 * 60_000)
      expectEqual(await webhooks.deliveries.get(`${id}:${working.id}`), null)
      // By the default schedule, hours past the retention of its event.
      await drainFor(harness, webhooks, 10, 0.5 * HOUR_MS)
      expectEqual((await webhooks.deliveries.get(`${id}:${failing.id}`))?.state, 'retrying')
      up = true
      await drainFor(harness, webhooks, 12, HOUR_MS / 2)
      const bodies = new Set(receiver.received.map(({ body }) => body))
      expectEqual([bodies.size, receiver.to(URL_B).length], [1, 1])
      expectTrue(receiver.to(URL_A).length > 4, 'attempts over hours')
      await harness.advance(24 * HOUR_MS)
      const partition = backend.store.partition('webhooks:deliveries:default:00')
      expectEqual((await partition.list()).entries, [])
    },
  },
  {
    name: 'an open circuit longer than the retention loses nothing',
    async run(harness) {
      let up = false
      const got = new Set<string>()
      const { webhooks } = await open(harness, {
        answer: ({ id }) => {
          if (up) got.add(id)
          return new Response(null, { status: up ? 200 : 500 })
        },
        retention: '1m',
        retrySchedule: ['3h', '3h'],
      })
      await webhooks.endpoints.create({ url: URL_A })
      for (let index = 0; index < 40; index++) {
        await webhooks.publish({ type: 'a', data: index })
        // The first ones open the circuit.
        if (index < 10) await webhooks.drain()
      }
      await drainFor(harness, webhooks, 12, HOUR_MS / 4)
      up = true
      await drainFor(harness, webhooks, 20, HOUR_MS / 4)
      expectEqual(got.size, 40)
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
