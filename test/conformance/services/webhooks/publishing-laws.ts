import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import type {
  RawWebhookEvent,
  WebhookEvent,
} from '../../../../src/services/webhooks/events/webhook-event.ts'
import type { CreateEndpointOptions } from '../../../../src/services/webhooks/endpoints/endpoint.ts'
import type { ReceivedWebhook } from '../../../support/webhook-receiver.ts'
import {
  collect,
  open,
  signedBy,
  rejectsWith,
  HOUR_MS,
  URL_A,
  URL_B,
  type WebhookSendingLaw,
} from './sending-fixture.ts'

/** What accepting events and making their bodies promise. */
export const publishingLaws: readonly WebhookSendingLaw[] = [
  {
    name: 'publish() delivers the event to every endpoint that wants it, signed, and keeps what happened',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const a = await webhooks.endpoints.create({
        url: URL_A,
        events: ['order.*'],
        headers: { Authorization: 'Bearer s3cret' },
      })
      await webhooks.endpoints.create({ url: URL_B, events: ['invoice.*'] })
      const data = { total: 12.5, note: 'ü€😀', list: [], nothing: null }
      const { id, duplicate } = await webhooks.publish({ type: 'order.paid', data })
      expectEqual([duplicate, receiver.received.length], [false, 0])
      await webhooks.drain()
      const [request, ...others] = receiver.received
      expectEqual(others.length, 0)
      expectTrue(request !== undefined, 'one request')
      expectEqual(
        [request.url, request.init.method, request.init.redirect],
        [URL_A, 'POST', 'manual'],
      )
      const body = JSON.parse(request.body) as { timestamp: string }
      expectEqual(body, { type: 'order.paid', timestamp: body.timestamp, data })
      expectEqual(Date.parse(body.timestamp), harness.clock.now())
      expectEqual(await signedBy(request, a.secret), true)
      expectEqual(request.headers.get('authorization'), 'Bearer s3cret')

      const delivery = await webhooks.deliveries.get(`${id}:${a.id}`)
      expectEqual(
        [delivery?.state, delivery?.attempts, delivery?.eventType, delivery?.nextAttemptAt],
        ['delivered', 1, 'order.paid', null],
      )
      const [attempt, ...more] = await webhooks.deliveries.attempts(`${id}:${a.id}`)
      expectEqual(more.length, 0)
      expectEqual(
        [attempt?.number, attempt?.status, attempt?.error, attempt?.responseBody, attempt?.host],
        [1, 200, null, 'ok', 'a.example.com'],
      )
      expectEqual(attempt?.requestHeaders, {
        authorization: '[redacted]',
        'content-type': 'application/json',
        'user-agent': 'white-cross-webhooks',
        'webhook-id': id,
        'webhook-timestamp': request.headers.get('webhook-timestamp'),
        'webhook-signature': '[redacted]',
      })
      const kept = JSON.stringify([attempt, delivery, await webhooks.endpoints.get(a.id)])
      expectTrue(!kept.includes('s3cret') && !kept.includes(a.secret), 'no secret in what is shown')
    },
  },
  {
    name: 'publish() with an id the service has seen is a duplicate, and refused for another event',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A })
      await webhooks.endpoints.create({ url: URL_B, tenant: 'other' })
      const event = { id: 'order-1', type: 'a', data: { b: 1, c: 2 } }
      expectEqual(await webhooks.publish(event), { id: 'order-1', duplicate: false })
      expectEqual(await webhooks.publish({ ...event, data: { c: 2, b: 1 } }), {
        id: 'order-1',
        duplicate: true,
      })
      await webhooks.drain()
      expectEqual(await webhooks.publish(event), { id: 'order-1', duplicate: true })
      await rejectsWith('event_id_reused', () => webhooks.publish({ ...event, data: { b: 2 } }))
      await rejectsWith('event_id_reused', () => webhooks.publish({ ...event, type: 'b' }))
      // Another tenant's ids are its own.
      expectEqual(await webhooks.publish({ ...event, tenant: 'other', data: 7 }), {
        id: 'order-1',
        duplicate: false,
      })
      await webhooks.drain()
      expectEqual(receiver.received.map(({ url }) => url).toSorted(), [URL_A, URL_B])
    },
  },
  {
    name: 'an id that is used again after its window adds to the same event: nobody gets it twice, and newcomers get the same bytes',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const first = await webhooks.endpoints.create({ url: URL_A })
      await webhooks.publish({ type: 'a', data: 1, id: 'used' })
      await webhooks.drain()
      await harness.advance(2 * 24 * HOUR_MS)
      const second = await webhooks.endpoints.create({ url: URL_B })
      expectEqual((await webhooks.publish({ type: 'a', data: 2, id: 'used' })).duplicate, false)
      await webhooks.drain()
      expectEqual(
        receiver.received.map(({ url }) => url),
        [URL_A, URL_B],
      )
      expectEqual(new Set(receiver.received.map(({ body }) => body)).size, 1)
      for (const { id } of [first, second])
        expectEqual((await webhooks.deliveries.get(`used:${id}`))?.state, 'delivered')
      expectEqual((await collect(webhooks.deliveries.list({ eventId: 'used' }))).length, 2)
    },
  },
  {
    name: 'publish() and create() refuse malformed input and store nothing',
    async run(harness) {
      const { webhooks, receiver, backend } = await open(harness, { maxEventBytes: 100 })
      for (const event of [
        { type: '', data: 1 },
        { type: 'a..b', data: 1 },
        { type: 'order.*', data: 1 },
        { type: 'a', data: undefined as never },
        { type: 'a', data: 1n as never },
        { type: 'a', data: 'x'.repeat(100) },
        { type: 'a', data: 1, id: 'a.b' },
        { type: 'a', data: 1, id: '' },
        { type: 'a', data: 1, tenant: 'a/b' },
        { type: 'a', data: 1, tenat: 'x' },
        { type: 'a', data: 1, json: '1' },
        { type: 'a' },
        { type: 'a', json: 1 },
        undefined,
        'a',
      ] as WebhookEvent[])
        await rejectsWith('invalid_event', () => webhooks.publish(event))
      for (const endpoint of [
        { url: URL_A, events: [] },
        { url: URL_A, events: ['a b'] },
        { url: URL_A, filter: { a: { $regex: 'x' } } },
        { url: URL_A, headers: { 'Webhook-Signature': 'x' } },
        { url: URL_A, headers: { host: 'x' } },
        { url: URL_A, headers: { a: 'b\r\nc: d' } },
        { url: URL_A, transform: 'unknown' },
        { url: URL_A, rateLimit: { limit: 0, window: 1000 } },
        { url: URL_A, rateLimit: { limit: 1.5, window: 1000 } },
        { url: URL_A, rateLimit: { limit: 1, window: '2d' } },
        { url: URL_A, rateLimit: { limit: 1, window: NaN } },
        { url: URL_A, rateLimit: { limit: 1, windowMs: 1 } },
        { url: URL_A, eventTypes: ['x'] },
        { url: URL_A, uid: '' },
        { url: URL_A, uid: 'a/b' },
        { url: URL_A, signature: 'v2' },
        { url: URL_A, tenant: null },
        { url: URL_A, filter: { a: new Date(0) } },
        { url: URL_A, headers: ['x-a'] },
        { url: URL_A, tenant: '' },
        { url: URL_A, secret: 'whsec_short' },
        { url: URL_A, description: 'x'.repeat(501) },
        {},
        null,
      ] as CreateEndpointOptions[])
        await rejectsWith('invalid_endpoint', () => webhooks.endpoints.create(endpoint))
      for (const url of [
        'http://a.example.com/',
        'https://127.0.0.1/',
        'https://localhost/',
        'nonsense',
      ])
        await rejectsWith('url_blocked', () => webhooks.endpoints.create({ url }))
      expectEqual(await webhooks.drain(), 0)
      expectEqual([receiver.received.length, await collect(webhooks.endpoints.list())], [0, []])
      expectEqual((await backend.jobStore.queue('webhooks.events').counts()).ready, 0)
    },
  },
  {
    name: 'publish() sends data exactly as it was given, or refuses it',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A })
      const values = [
        '{"__proto__":{"x":1},"constructor":2,"ok":[null,true]}',
        '{"b":1,"a":2,"":""}',
        '[0.1,1e+21,5e-324,9007199254740992,"\\u0000ü\u{1f600}\u2028"]',
        '-0',
        `${'['.repeat(200)}${']'.repeat(200)}`,
      ]
      const texts = [
        String.raw` { "2" : 1.0, "1" : 1e2 , "\u0061" : -0.0 } `,
        '{"__proto__":{"x":1},"ok":1}',
        '0.10000000000000001',
      ]
      const events: readonly (WebhookEvent | RawWebhookEvent)[] = [
        ...values.map((json) => ({ type: 'a', data: JSON.parse(json) as Json })),
        ...texts.map((json) => ({ type: 'a', json })),
      ]
      for (const [index, event] of events.entries()) {
        receiver.received.length = 0
        await webhooks.publish(event)
        await webhooks.drain()
        const body = receiver.received[0]?.body ?? ''
        const sent = body.slice(body.indexOf('"data":') + '"data":'.length, -1)
        expectEqual(sent, [...values, ...texts][index])
      }
      const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2 })
      for (const data of [
        new Date(0),
        { at: new Date(0) },
        new Map([['a', 1]]),
        { a: undefined },
        [undefined],
        [NaN],
        { a: Infinity },
        { a: 1n },
        { a: () => 1 },
        { toJSON: () => 1 },
        { a: Symbol('a') },
        { [Symbol('a')]: 1 },
        { a: '\ud800' },
        { '\ud800': 1 },
        new Uint8Array(1),
        hidden,
        {
          get a() {
            throw new Error('private')
          },
        },
        nest(201),
        nest(2000),
      ])
        await rejectsWith('invalid_event', () =>
          webhooks.publish({ type: 'a', data: data as never }),
        )
      for (const json of [
        '',
        'undefined',
        '{"a":1}}',
        '{"a":1,"a":2}',
        '{"a":12345678901234567890}',
        '1e400',
        String.raw`"\ud800"`,
        '"\ud800"',
        '\ufeff1',
        '['.repeat(100_000),
        `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      ])
        await rejectsWith('invalid_event', () => webhooks.publish({ type: 'a', json }))
      receiver.received.length = 0
      await webhooks.drain()
      expectEqual(receiver.received.length, 0)
    },
  },
  {
    name: 'content filters and tenants keep events from endpoints that may not have them',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A, filter: { 'data.total': { $gt: 100 } } })
      await webhooks.endpoints.create({ url: URL_B, filter: { $not: { 'data.internal': true } } })
      await webhooks.endpoints.create({ url: 'https://c.example.com/', tenant: 'c' })
      await webhooks.publish({ type: 'order.paid', data: { total: 101 } })
      await webhooks.publish({ type: 'order.paid', data: { total: '101', internal: false } })
      await webhooks.publish({ type: 'order.paid', data: { total: 100, internal: true } })
      await webhooks.drain()
      expectEqual(
        receiver.received.map(({ url, body }) => [
          url,
          (JSON.parse(body) as { data: { total: unknown } }).data.total,
        ]),
        [
          [URL_A, 101],
          [URL_B, '101'],
        ],
      )
    },
  },
  {
    name: 'a transform makes the body once; what it made is what every attempt sends',
    async run(harness) {
      let runs = 0
      const { webhooks, receiver } = await open(harness, {
        answer: (_request, count) => new Response(null, { status: count === 1 ? 500 : 200 }),
        transforms: { slim: ({ id, data }) => ({ id, run: ++runs, data }) },
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A, transform: 'slim' })
      const { id } = await webhooks.publish({ type: 'a', data: { x: 1 } })
      await webhooks.drain()
      await harness.advance(6000)
      await webhooks.drain()
      expectEqual(
        receiver.received.map(({ body }) => JSON.parse(body) as unknown),
        [
          { id, run: 1, data: { x: 1 } },
          { id, run: 1, data: { x: 1 } },
        ],
      )
      expectEqual(await signedBy(receiver.received[1] as ReceivedWebhook, endpoint.secret), true)
      expectEqual(runs, 1)
    },
  },
  {
    name: 'a transform that fails is a failed attempt with nothing sent and none of the payload in its error',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        transforms: {
          broken: ({ data }) => {
            throw new Error(`bad ${JSON.stringify(data)}`)
          },
        },
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A, transform: 'broken' })
      const { id } = await webhooks.publish({ type: 'a', data: 'private' })
      await webhooks.drain()
      const [attempt] = await webhooks.deliveries.attempts(`${id}:${endpoint.id}`)
      expectEqual(
        [attempt?.error?.code, attempt?.status, receiver.received.length],
        ['transform_failed', null, 0],
      )
      expectTrue(!JSON.stringify(attempt).includes('private'), 'no payload in the attempt')
      expectEqual((await webhooks.deliveries.get(`${id}:${endpoint.id}`))?.state, 'retrying')
    },
  },
]

function nest(depth: number): Json {
  let value: Json = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}
