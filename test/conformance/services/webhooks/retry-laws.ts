import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { OperationalEvent } from '../../../../src/services/webhooks/events/operational-event.ts'
import {
  collect,
  open,
  drainFor,
  signedBy,
  rejectsWith,
  HOUR_MS,
  URL_A,
  URL_B,
  type WebhookSendingLaw,
} from './sending-fixture.ts'

/** What attempts, retries and failures promise. */
export const retryLaws: readonly WebhookSendingLaw[] = [
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
      const dead = await collect(webhooks.deliveries.list({ state: 'dead' }))
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
      expectEqual(await collect(webhooks.deliveries.list({ state: 'dead' })), [])
      const delivery = await webhooks.deliveries.get(`${id}:${endpointId}`)
      expectEqual([delivery?.state, delivery?.attempts, delivery?.round], ['delivered', 4, 1])
    },
  },
  {
    name: 'retry() replaces the pending attempt: one chain goes on, from the schedule’s start',
    async run(harness) {
      const { webhooks, receiver, backend } = await open(harness, {
        answer: () => new Response(null, { status: 500 }),
        retrySchedule: ['1h', '2h'],
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: null })
      await webhooks.drain()
      await webhooks.deliveries.retry(`${id}:${endpoint.id}`)
      const { ready, scheduled } = await backend.jobStore.queue('webhooks.deliveries').counts()
      expectEqual([ready, scheduled], [1, 0], 'jobs ready and scheduled')
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
    name: 'retry() brings back a job that the job store has given up',
    async run(harness) {
      const { webhooks, receiver, backend } = await open(harness)
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: null })
      await webhooks.drain()
      const key = `${id}:${endpoint.id}`
      await webhooks.deliveries.retry(key)
      // As when its workers keep dying.
      const queue = backend.jobStore.queue('webhooks.deliveries')
      const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 1000 } })
      const outcome = { to: 'dead', error: 'lease_lost' } as const
      await queue.exchange({ settle: claimed.map((job) => ({ ...job, outcome })) })
      await webhooks.drain()
      expectEqual(receiver.received.length, 1)
      await webhooks.deliveries.retry(key)
      await webhooks.drain()
      expectEqual(receiver.received.length, 2)
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
    name: 'Retry-After counts where it is longer than the planned wait, up to a day; a hot loop or a year does not',
    async run(harness) {
      const answers = ['0', '31536000', '3600', 'nonsense', '15']
      const { webhooks } = await open(harness, {
        answer: (_request, count) =>
          new Response(null, { status: 429, headers: { 'retry-after': answers[count - 1] ?? '' } }),
        retrySchedule: ['10s', '10s', '10s', '10s', '10s'],
        retryJitter: 0,
      })
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { id } = await webhooks.publish({ type: 'a', data: 1 })
      for (const waitMs of [10_000, 24 * HOUR_MS, HOUR_MS, 10_000, 15_000]) {
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
]
