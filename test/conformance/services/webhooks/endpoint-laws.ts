import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import type { ReceivedWebhook } from '../../../support/webhook-receiver.ts'
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

/** What managing endpoints promises. */
export const endpointLaws: readonly WebhookSendingLaw[] = [
  {
    name: 'endpoints are created, listed, changed and deleted; what is on its way to a deleted one is cancelled',
    async run(harness) {
      const { webhooks, receiver } = await open(harness, { maxEndpoints: 2 })
      const a = await webhooks.endpoints.create({ url: URL_A, description: 'first' })
      const b = await webhooks.endpoints.create({ url: URL_B })
      await rejectsWith('too_many_endpoints', () => webhooks.endpoints.create({ url: URL_B }))
      const listed = await collect(webhooks.endpoints.list())
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
    name: 'create() keeps the limit of endpoints, however many are created at once',
    async run(harness) {
      const { webhooks } = await open(harness, { maxEndpoints: 3 })
      const made = await Promise.allSettled(
        Array.from({ length: 8 }, () => webhooks.endpoints.create({ url: URL_A })),
      )
      expectEqual(made.filter(({ status }) => status === 'fulfilled').length, 3)
      expectEqual((await collect(webhooks.endpoints.list())).length, 3)
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
      const { webhooks, receiver, backend } = await open(harness)
      const endpoint = await webhooks.endpoints.create({ url: URL_A })
      const { secret } = await webhooks.endpoints.rotateSecret(endpoint.id, { overlap: '1h' })
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
      for (let time = 0; time < 9; time++)
        await webhooks.endpoints.rotateSecret(endpoint.id, { overlap: 0 })
      const kept = await backend.store.partition('webhooks:endpoints:default').list()
      const secrets = JSON.stringify(kept.entries).match(/whsec_/g) ?? []
      expectEqual(secrets.length, 1, 'secrets that are kept')
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
      expectEqual(await collect(webhooks.deliveries.list()), [])
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
]
