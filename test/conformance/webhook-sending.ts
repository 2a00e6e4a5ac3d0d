import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { Clock } from '../../src/runtime/ports/clock.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../src/runtime/ports/conformance.ts'
import {
  createWebhooks,
  type Webhooks,
} from '../../src/services/webhooks/sending/create-webhooks.ts'
import type { OperationalEvent } from '../../src/services/webhooks/sending/operational-event.ts'
import { WebhookError } from '../../src/services/webhooks/sending/webhook-error.ts'
import type { WebhooksOptions } from '../../src/services/webhooks/sending/webhooks-options.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { createCrashingBackend } from '../support/crashing-backend.ts'
import {
  createWebhookReceiver,
  type ReceivedWebhook,
  type WebhookReceiver,
} from '../support/webhook-receiver.ts'
import { suite, type Suite } from './suite.ts'

/** A backend to send webhooks from, with the clock of the process beside it; `advance` moves both. */
export interface WebhookSendingHarness {
  open(): Promise<Backend>
  readonly clock: Clock
  advance(ms: number): Promise<void>
  /** Every how many writes the crash law kills the process. Default 9: all of them takes a while where writes are slow. */
  readonly crashStride?: number
}

/** What sending webhooks promises on every backend. */
export function webhookSendingSuites(
  adapter: string,
  harness: WebhookSendingHarness,
): readonly Suite[] {
  return [suite('Webhooks', adapter, webhookSendingLaws, harness)]
}

const LEASE_MS = 10_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const URL_A = 'https://a.example.com/hook'
const URL_B = 'https://b.example.com/hook'

const webhookSendingLaws: readonly Law<WebhookSendingHarness>[] = [
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
    name: 'a failed attempt is repeated by the schedule with the same id and bytes, a fresh timestamp and signature',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: (_request, count) => new Response(null, { status: count < 4 ? 500 : 204 }),
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: { b: 1 } })
      const key = `${id}:${endpoint.id}`
      for (const [attempts, waitMs] of [
        [1, 5000],
        [2, 300_000],
        [3, 1_800_000],
      ] as const) {
        await webhooks.drain()
        expectEqual(receiver.received.length, attempts)
        const delivery = await webhooks.deliveries.get(key)
        expectEqual([delivery?.state, delivery?.attempts], ['retrying', attempts])
        const wait = (delivery?.nextAttemptAt ?? 0) - harness.clock.now()
        expectTrue(
          wait >= waitMs * 0.8 && wait <= waitMs * 1.2,
          `a wait of ${waitMs} ms ± 20 %, not ${wait}`,
        )
        await harness.advance(wait - 1000)
        expectEqual([await webhooks.drain(), receiver.received.length], [0, attempts])
        await harness.advance(1000)
      }
      await webhooks.drain()
      expectEqual((await webhooks.deliveries.get(key))?.state, 'delivered')
      expectEqual(new Set(receiver.received.map((request) => request.id)).size, 1)
      expectEqual(new Set(receiver.received.map(({ body }) => body)).size, 1)
      const timestamps = receiver.received.map(({ headers }) => headers.get('webhook-timestamp'))
      expectEqual(new Set(timestamps).size, 4)
      for (const request of receiver.received)
        expectEqual(await signedBy(request, endpoint.secret), true)
      const attempts = await webhooks.deliveries.attempts(key)
      expectEqual(
        attempts.map(({ number, status, error }) => [number, status, error?.code ?? null]),
        [
          [1, 500, 'status'],
          [2, 500, 'status'],
          [3, 500, 'status'],
          [4, 204, null],
        ],
      )
    },
  },
  {
    name: 'a delivery whose schedule has ended is dead, listed as such, announced, and sent again by retry()',
    async run(harness) {
      let up = false
      const told: OperationalEvent[] = []
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: up ? 200 : 503 }),
        retrySchedule: ['1s', '1s'],
        onOperationalEvent: (event) => void told.push(event),
      })
      const { id: endpointId } = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: null })
      await drainFor(harness, webhooks, 5, 1200)
      expectEqual(receiver.received.length, 3)
      const dead = await Array.fromAsync(webhooks.deliveries.list({ state: 'dead' }))
      expectEqual(
        dead.map((delivery) => [delivery.id, delivery.attempts, delivery.lastAttempt?.status]),
        [[`${id}:${endpointId}`, 3, 503]],
      )
      expectEqual(
        told.map(({ type }) => type),
        ['webhook.delivery.dead'],
      )
      up = true
      for (const { id: dying } of dead) {
        const retried = await webhooks.deliveries.retry(dying)
        expectEqual(
          [retried, await webhooks.deliveries.retry(dying)],
          [{ id: dying, round: 1 }, retried],
        )
      }
      await webhooks.drain()
      expectEqual(receiver.received.length, 4)
      expectEqual(await Array.fromAsync(webhooks.deliveries.list({ state: 'dead' })), [])
      const delivery = await webhooks.deliveries.get(`${id}:${endpointId}`)
      expectEqual([delivery?.state, delivery?.attempts, delivery?.round], ['delivered', 4, 1])
    },
  },
  {
    name: 'retry() replaces the pending attempt: one chain goes on, from the schedule’s start',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: 500 }),
        retrySchedule: ['1h', '2h'],
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: null })
      await webhooks.drain()
      await webhooks.deliveries.retry(`${id}:${endpoint.id}`)
      await webhooks.drain()
      expectEqual(receiver.received.length, 2)
      const delivery = await webhooks.deliveries.get(`${id}:${endpoint.id}`)
      expectEqual([delivery?.state, delivery?.round, delivery?.roundAttempts], ['retrying', 1, 1])
      await drainFor(harness, webhooks, 6, 3 * HOUR_MS)
      // Two rounds would have made six.
      expectEqual(receiver.received.length, 4)
      expectEqual((await webhooks.deliveries.get(`${id}:${endpoint.id}`))?.state, 'dead')
    },
  },
  {
    name: 'retry() sends a delivered one again, and says why it cannot send others',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: null })
      const key = `${id}:${endpoint.id}`
      await webhooks.drain()
      await webhooks.deliveries.retry(key)
      await webhooks.drain()
      expectEqual(new Set(receiver.received.map(({ id: sent, body }) => sent + body)).size, 1)
      expectEqual(receiver.received.length, 2)
      await rejectsWith('delivery_not_found', () =>
        webhooks.deliveries.retry(`other:${endpoint.id}`),
      )
      await rejectsWith('delivery_not_found', () => webhooks.deliveries.retry('nonsense'))
      await webhooks.endpoints.disable(endpoint.id)
      await rejectsWith('endpoint_disabled', () => webhooks.deliveries.retry(key))
      await webhooks.endpoints.delete(endpoint.id)
      await rejectsWith('endpoint_not_found', () => webhooks.deliveries.retry(key))
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
      ])
        await rejectsWith('invalid_event', () => webhooks.publish(event))
      for (const endpoint of [
        { url: URL_A, events: [] },
        { url: URL_A, events: ['a b'] },
        { url: URL_A, filter: { a: { $regex: 'x' } } },
        { url: URL_A, headers: { 'Webhook-Signature': 'x' } },
        { url: URL_A, headers: { host: 'x' } },
        { url: URL_A, headers: { a: 'b\r\nc: d' } },
        { url: URL_A, transform: 'unknown' },
        { url: URL_A, rateLimit: { limit: 0, windowMs: 1000 } },
        { url: URL_A, tenant: '' },
        { url: URL_A, secret: 'whsec_short' },
        { url: URL_A, description: 'x'.repeat(501) },
      ])
        await rejectsWith('invalid_endpoint', () => webhooks.endpoints.create(endpoint))
      for (const url of [
        'http://a.example.com/',
        'https://127.0.0.1/',
        'https://localhost/',
        'nonsense',
      ])
        await rejectsWith('url_blocked', () => webhooks.endpoints.create({ url }))
      expectEqual(await webhooks.drain(), 0)
      expectEqual(
        [receiver.received.length, await Array.fromAsync(webhooks.endpoints.list())],
        [0, []],
      )
      expectEqual((await backend.ledger.queue('webhooks.events').counts()).ready, 0)
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
    name: 'endpoints are created, listed, changed and deleted; what is on its way to a deleted one is cancelled',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, { maxEndpoints: 2 })
      const a = await webhooks.endpoints.create({ url: URL_A, description: 'first' })
      const b = await webhooks.endpoints.create({ url: URL_B })
      await rejectsWith('too_many_endpoints', () => webhooks.endpoints.create({ url: URL_B }))
      const listed = await Array.fromAsync(webhooks.endpoints.list())
      expectEqual(listed.map(({ id }) => id).toSorted(), [a.id, b.id].toSorted())
      expectTrue(!JSON.stringify(listed).includes('whsec_'), 'no secret in a listing')
      const page = await webhooks.endpoints.page({ limit: 1 })
      expectEqual([page.endpoints.length, page.cursor !== null], [1, true])
      const changed = await webhooks.endpoints.update(a.id, {
        events: ['x'],
        headers: { 'X-Key': 'v' },
      })
      expectEqual(
        [changed.description, changed.events, changed.headerNames],
        ['first', ['x'], ['x-key']],
      )
      expectEqual(await webhooks.endpoints.get(a.id), changed)
      await webhooks.publish({ type: 'y', data: 1 })
      await webhooks.publish({ type: 'x', data: 1, id: 'late' })
      expectEqual(
        [await webhooks.endpoints.delete(b.id), await webhooks.endpoints.delete(b.id)],
        [true, false],
      )
      await webhooks.drain()
      expectEqual(
        receiver.received.map(({ url }) => url),
        [URL_A],
      )
      expectEqual(await webhooks.endpoints.get(b.id), null)
      await rejectsWith('endpoint_not_found', () => webhooks.endpoints.update(b.id, {}))
      expectEqual((await webhooks.endpoints.create({ url: URL_B })).enabled, true)
    },
  },
  {
    name: 'a delivery that was under way when its endpoint was deleted is cancelled',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: 500 }),
      })
      const { id: endpointId } = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      await webhooks.endpoints.delete(endpointId)
      await drainFor(harness, webhooks, 2, HOUR_MS)
      expectEqual(
        [receiver.received.length, (await webhooks.deliveries.get(`${id}:${endpointId}`))?.state],
        [1, 'cancelled'],
      )
    },
  },
  {
    name: 'rotateSecret() signs with both secrets for the overlap, then with the new one alone',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { secret } = await webhooks.endpoints.rotateSecret(endpoint.id, { overlapMs: HOUR_MS })
      expectTrue(secret !== endpoint.secret, 'another secret')
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      await harness.advance(HOUR_MS)
      await webhooks.publish({ type: 'a', data: 2 })
      await webhooks.drain()
      const [during, after] = receiver.received
      expectTrue(during !== undefined && after !== undefined, 'two requests')
      expectEqual(
        [await signedBy(during, secret), await signedBy(during, endpoint.secret)],
        [true, true],
      )
      expectEqual(
        [await signedBy(after, secret), await signedBy(after, endpoint.secret)],
        [true, false],
      )
    },
  },
  {
    name: 'an endpoint with v1a gets Ed25519 signatures, and its owner the verification key alone',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const { secret } = await webhooks.endpoints.create({ url: URL_A, signature: 'v1a' })
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      const signature = receiver.received[0]?.headers.get('webhook-signature') ?? ''
      expectTrue(secret.startsWith('whpk_') && signature.startsWith('v1a,'), 'whpk_ and v1a')
    },
  },
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
      const held = await Array.fromAsync(webhooks.deliveries.list({ state: 'held' }))
      expectEqual([held.length, receiver.received.length], [1, 1])
      gone = false
      await harness.advance(1000)
      await webhooks.endpoints.enable(id)
      await webhooks.deliveries.recover(id, since)
      await drainFor(harness, webhooks, 3, 1000)
      expectEqual(
        (await Array.fromAsync(webhooks.deliveries.list({ endpointId: id }))).map(
          ({ state }) => state,
        ),
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
        (await Array.fromAsync(webhooks.deliveries.list({ endpointId: id }))).map(
          ({ state }) => state,
        ),
        ['held'],
      )
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
      for (let index = 0; index < 5; index++) {
        await webhooks.publish({ type: 'a', data: index })
        await webhooks.drain()
      }
      expectEqual(receiver.received.length, 5)
      for (let index = 5; index < 20; index++) await webhooks.publish({ type: 'a', data: index })
      await drainFor(harness, webhooks, 10, 5000)
      expectEqual(receiver.received.length, 5)
      // It is half-open after a minute.
      await drainFor(harness, webhooks, 10, 5000)
      expectTrue(receiver.received.length <= 6, 'one probe while it stays down')
      up = true
      await drainFor(harness, webhooks, 40, 30_000)
      const states = (await Array.fromAsync(webhooks.deliveries.list({ endpointId: id }))).map(
        ({ state }) => state,
      )
      expectEqual([states.length, ...new Set(states)], [20, 'delivered'])
    },
  },
  {
    name: 'an endpoint’s rate limit defers deliveries and drops none',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A, rateLimit: { limit: 2, windowMs: 60_000 } })
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
  {
    name: 'Retry-After counts from the planned wait to twice of it, and a hot loop or a year does not',
    async run(harness) {
      const answers = ['0', '31536000', '15', 'nonsense']
      const { webhooks } = await open(harness, {
        answer: (_request, count) =>
          new Response(null, { status: 429, headers: { 'retry-after': answers[count - 1] ?? '' } }),
        retrySchedule: ['10s', '10s', '10s', '10s'],
        retryJitter: 0,
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      for (const waitMs of [10_000, 20_000, 15_000, 10_000]) {
        await webhooks.drain()
        const delivery = await webhooks.deliveries.get(`${id}:${endpoint.id}`)
        expectEqual((delivery?.nextAttemptAt ?? 0) - harness.clock.now(), waitMs)
        await harness.advance(waitMs)
      }
    },
  },
  {
    name: 'a redirect, even to a metadata service, is a failure and is not followed',
    async run(harness) {
      const location = 'http://169.254.169.254/latest/meta-data/'
      const { webhooks, receiver } = await open(harness, {
        answer: () => new Response(null, { status: 302, headers: { location } }),
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      expectEqual(
        receiver.received.map(({ url }) => url),
        [URL_A],
      )
      const [attempt] = await webhooks.deliveries.attempts(`${id}:${endpoint.id}`)
      expectEqual([attempt?.status, attempt?.error?.code], [302, 'redirected'])
    },
  },
  {
    name: 'a name that resolves to a private address gets nothing, also when it did not at first',
    async run(harness) {
      let addresses = ['93.184.216.34', '2606:2800:220:1::1']
      const { webhooks, receiver } = await open(harness, { resolve: async () => addresses })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      expectEqual(receiver.received.length, 1)
      const { id } = await webhooks.publish({ type: 'a', data: 2 })
      addresses = ['93.184.216.34', '::ffff:10.0.0.1']
      await webhooks.drain()
      const [attempt] = await webhooks.deliveries.attempts(`${id}:${endpoint.id}`)
      expectEqual([receiver.received.length, attempt?.error?.code], [1, 'address_blocked'])
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
  {
    name: 'verify() enables an endpoint that answers its challenge, where that is required',
    async run(harness) {
      let echo = false
      const { webhooks, receiver } = await open(harness, {
        answer: ({ body }) => {
          const { type, data } = JSON.parse(body) as { type: string; data: { challenge?: string } }
          return type === 'webhook.challenge' && echo
            ? Response.json({ challenge: data.challenge })
            : new Response('ok')
        },
        verification: 'required',
      })
      const { id, secret, enabled } = await webhooks.endpoints.create({ url: URL_A })
      expectEqual(enabled, false)
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      expectEqual(receiver.received.length, 0)
      await rejectsWith('endpoint_unverified', () => webhooks.endpoints.enable(id))
      expectEqual((await webhooks.endpoints.verify(id)).verified, false)
      echo = true
      expectEqual(await webhooks.endpoints.verify(id), { verified: true })
      expectEqual(await signedBy(receiver.received[1] as ReceivedWebhook, secret), true)
      expectEqual((await webhooks.endpoints.get(id))?.enabled, true)
      const moved = await webhooks.endpoints.update(id, { url: URL_B })
      expectEqual(
        [moved.enabled, moved.disabledReason, moved.verifiedAt],
        [false, 'unverified', null],
      )
    },
  },
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
        (await Array.fromAsync(webhooks.deliveries.list(query))).map(({ eventId }) => eventId)
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
      expectTrue(receiver.received.length < 300, 'not all at once')
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
      expectEqual(
        [receiver.received.length, await Array.fromAsync(webhooks.deliveries.list())],
        [1, []],
      )
    },
  },
  {
    name: 'an endpoint that never answers delays nobody and ends as a timeout',
    async run(harness) {
      const arrived = Promise.withResolvers<void>()
      const { webhooks, receiver } = await open(harness, {
        answer: ({ url }) => {
          if (url !== URL_A) return new Response('ok')
          arrived.resolve()
          return new Promise<Response>(() => undefined)
        },
        timeout: '1s',
      })
      const hanging = await webhooks.endpoints.create({ url: URL_A })
      await webhooks.endpoints.create({ url: URL_B })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      const work = webhooks.drain()
      await arrived.promise
      await harness.advance(1000)
      await work
      expectEqual(receiver.to(URL_B).length, 1)
      const [attempt] = await webhooks.deliveries.attempts(`${id}:${hanging.id}`)
      expectEqual([attempt?.error?.code, attempt?.durationMs], ['timeout', 1000])
      expectEqual((await webhooks.deliveries.get(`${id}:${hanging.id}`))?.state, 'retrying')
    },
  },
  {
    name: 'a process that dies at any write of a fan-out to 50 endpoints loses nothing, and receivers can drop duplicates by webhook-id',
    async run(harness) {
      const stride = harness.crashStride ?? 9
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1, crashed = true; crashed; crashAt += stride)
          crashed = await surviveCrash(harness, crashAt, when)
      }
    },
  },
]

interface Opened {
  readonly webhooks: Webhooks
  readonly receiver: WebhookReceiver
  readonly backend: Backend
}

type Answer = Parameters<typeof createWebhookReceiver>[0]

async function open(
  harness: WebhookSendingHarness,
  { answer, ...options }: Omit<WebhooksOptions, 'backend'> & { readonly answer?: Answer } = {},
): Promise<Opened> {
  const backend = await harness.open()
  const receiver = createWebhookReceiver(answer)
  return { backend, receiver, webhooks: webhooksOn(backend, harness, receiver, options) }
}

function webhooksOn(
  backend: Backend,
  { clock }: WebhookSendingHarness,
  { fetch }: WebhookReceiver,
  options: Omit<WebhooksOptions, 'backend'> = {},
): Webhooks {
  return createWebhooks({
    backend,
    fetch,
    clock,
    random: createSeededRandom(7),
    resolve: async () => ['93.184.216.34'],
    ...options,
  })
}

/** Works, lets time pass, works again, so often. */
async function drainFor(
  { advance }: WebhookSendingHarness,
  webhooks: Webhooks,
  times: number,
  stepMs: number,
): Promise<void> {
  await webhooks.drain()
  for (let time = 0; time < times; time++) {
    await advance(stepMs)
    await webhooks.drain()
  }
}

/** @returns Whether the process died, or had finished before */
async function surviveCrash(
  harness: WebhookSendingHarness,
  crashAt: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const backend = await harness.open()
  // Every tenth endpoint fails at first, so that crashes hit retries, too.
  const receiver = createWebhookReceiver(
    ({ url }, count) =>
      new Response(null, { status: url.endsWith('0') && count === 1 ? 500 : 200 }),
  )
  const settled = webhooksOn(backend, harness, receiver, { shards: 3 })
  const urls = Array.from({ length: 50 }, (_, index) => `https://r.example.com/${index}`)
  for (const url of urls) await settled.endpoints.create({ url })

  const dying = createCrashingBackend(backend, crashAt, when)
  const first = webhooksOn(dying.backend, harness, receiver, { shards: 3 })
  const event = { id: 'order-1', type: 'order.paid', data: { total: 7 } }
  try {
    await first.publish(event)
    await drainFor(harness, first, 2, 6000)
  } catch {
    // The process is dead; what the crash left is looked at below.
  }
  const crashed = dying.crashed()
  // Its publisher, not having had an answer, asks again.
  await settled.publish(event)
  await drainFor(harness, settled, 4, LEASE_MS)

  const at = `crash ${when} write ${crashAt}`
  for (const url of urls) {
    const requests = receiver.to(url)
    expectTrue(requests.length > 0, `${at}: ${url} to have got the event`)
    expectEqual([...new Set(requests.map(({ id }) => id))], ['order-1'], at)
    expectEqual(new Set(requests.map(({ body }) => body)).size, 1, at)
  }
  const states = (await Array.fromAsync(settled.deliveries.list())).map(({ state }) => state)
  expectEqual([states.length, ...new Set(states)], [50, 'delivered'], at)
  expectEqual(await busy(backend), [], at)
  // What was on its way at the moment of the crash, once more.
  expectTrue(
    receiver.received.length <= 2 * 55,
    `${at}: ${receiver.received.length} requests are too many`,
  )
  return crashed
}

/** @returns The states in which jobs still are that will run */
async function busy({ ledger }: Backend): Promise<readonly string[]> {
  const counts = await Promise.all(
    ['webhooks.events', 'webhooks.deliveries'].map((name) => ledger.queue(name).counts()),
  )
  return counts.flatMap(({ ready, scheduled, active }, index) =>
    ready + scheduled + active === 0 ? [] : [`${index}: ${ready} ${scheduled} ${active}`],
  )
}

async function signedBy({ headers, body }: ReceivedWebhook, secret: string): Promise<boolean> {
  const expected = await signWebhook(body, secret, {
    id: headers.get('webhook-id') ?? '',
    timestamp: Number(headers.get('webhook-timestamp')),
  })
  const given = headers.get('webhook-signature')?.split(' ') ?? []
  return given.includes(expected['webhook-signature'])
}

async function rejectsWith(code: WebhookError['code'], act: () => Promise<unknown>): Promise<void> {
  await expectRejection(act, (error) => error instanceof WebhookError && error.code === code, code)
}
