import {
  expectEqual,
  expectRejection,
  expectTrue,
} from '../../../../src/runtime/ports/conformance.ts'
import { tenantOfEndpoint } from '../../../../src/services/webhooks/endpoints/endpoint-id.ts'
import { createWebhookReceiver, type ReceivedWebhook } from '../../../support/webhook-receiver.ts'
import {
  collect,
  open,
  drainFor,
  signedBy,
  rejectsWith,
  webhooksOn,
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
    name: 'an endpoint that is created disabled holds its events until it is enabled and recovered',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const since = harness.clock.now()
      const made = await webhooks.endpoints.create({ url: URL_A, enabled: false, tenant: 'acme' })
      expectEqual([made.enabled, made.disabledReason], [false, 'manual'])
      expectEqual(tenantOfEndpoint(made.id), 'acme')
      expectEqual([tenantOfEndpoint('ep_x'), tenantOfEndpoint('')], [null, null])
      await webhooks.publish({ type: 'a', data: 1, tenant: 'acme' })
      await webhooks.drain()
      expectEqual(receiver.received.length, 0)
      // What is published from now on is not the recovery's.
      await harness.advance(1000)
      await webhooks.endpoints.enable(made.id)
      await webhooks.deliveries.recover(made.id, since, { perSecond: 1000 })
      await drainFor(harness, webhooks, 5, 1000)
      expectEqual(receiver.received.length, 1)
      await rejectsWith('invalid_endpoint', () =>
        webhooks.endpoints.create({ url: URL_A, enabled: 1 as unknown as boolean }),
      )
      await rejectsWith('invalid_endpoint', () =>
        webhooks.endpoints.update(made.id, { enabled: true } as object),
      )
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
    name: 'rotateSecret() says so when a secret that still signs would have to go',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const { id, secret } = await webhooks.endpoints.create({ url: URL_A })
      for (let time = 0; time < 4; time++) await webhooks.endpoints.rotateSecret(id)
      await rejectsWith('too_many_secrets', () => webhooks.endpoints.rotateSecret(id))
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      expectEqual(await signedBy(receiver.received[0] as ReceivedWebhook, secret), true)
      await harness.advance(24 * HOUR_MS)
      await webhooks.endpoints.rotateSecret(id)
      await webhooks.endpoints.rotateSecret(id, { overlap: 0 })
      await expectRejection(
        () => webhooks.endpoints.rotateSecret(id, { overlapMs: 0 } as object),
        (error) => error instanceof TypeError,
        'a TypeError',
      )
    },
  },
  {
    name: 'create() twice with one uid makes one endpoint, however many calls do it at once',
    async run(harness) {
      const { webhooks } = await open(harness)
      const made = await Promise.all(
        Array.from({ length: 5 }, () => webhooks.endpoints.create({ url: URL_A, uid: 'billing' })),
      )
      expectEqual(new Set(made.map(({ id }) => id)).size, 1)
      expectEqual(made.filter(({ secret }) => secret !== null).length, 1)
      const [first] = made
      const again = await webhooks.endpoints.create({ url: URL_B, uid: 'billing' })
      expectEqual([again.id, again.url, again.secret], [first?.id, URL_A, null])
      expectEqual((await webhooks.endpoints.find('billing'))?.id, first?.id)
      expectEqual(await webhooks.endpoints.find('other'), null)
      expectEqual(await webhooks.endpoints.find('billing', { tenant: 'other' }), null)
      const other = await webhooks.endpoints.create({ url: URL_A, uid: 'billing', tenant: 'b' })
      expectTrue(other.id !== first?.id && other.secret !== null, 'one of its own for a tenant')
      expectEqual((await webhooks.endpoints.create({ url: URL_A })).uid, null)
      await webhooks.endpoints.delete(first?.id ?? '')
      const anew = await webhooks.endpoints.create({ url: URL_A, uid: 'billing' })
      expectTrue(anew.id !== first?.id && anew.secret !== null, 'a new one after the old is gone')
      await rejectsWith('invalid_endpoint', () =>
        webhooks.endpoints.update(anew.id, { uid: 'x' } as object),
      )
    },
  },
  {
    name: 'update() of the url to another origin wants the headers again, and sends none unasked',
    async run(harness) {
      const { webhooks, receiver } = await open(harness)
      const headers = { authorization: 'Bearer s3cret' }
      const { id } = await webhooks.endpoints.create({ url: URL_A, headers })
      for (const url of [URL_B, 'https://a.example.com:8443/hook', 'https://b.a.example.com/'])
        await rejectsWith('invalid_endpoint', () => webhooks.endpoints.update(id, { url }))
      expectEqual((await webhooks.endpoints.get(id))?.url, URL_A)
      const moved = await webhooks.endpoints.update(id, { url: `${URL_A}/other` })
      expectEqual(moved.headerNames, ['authorization'])
      await webhooks.endpoints.update(id, { url: URL_B, headers: {} })
      await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      expectEqual(receiver.received[0]?.headers.get('authorization'), null)
      await webhooks.endpoints.update(id, { url: URL_A })
      await webhooks.endpoints.update(id, { url: URL_B, headers })
      expectEqual((await webhooks.endpoints.get(id))?.headerNames, ['authorization'])
    },
  },
  {
    name: 'of an unknown tenant nothing is read, and nothing is made of it',
    async run(harness) {
      const backend = await harness.open()
      const opened = new Set<string>()
      const store = {
        partition(name: string) {
          const partition = backend.store.partition(name)
          const opens = <Args extends readonly unknown[], Result>(
            method: (...args: Args) => Result,
          ) => {
            return (...args: Args): Result => {
              opened.add(name)
              return method(...args)
            }
          }
          return {
            get: opens(partition.get),
            getMany: opens(partition.getMany),
            list: opens(partition.list),
            commit: opens(partition.commit),
          }
        },
      }
      const receiver = createWebhookReceiver()
      const webhooks = webhooksOn({ ...backend, store }, harness, receiver)
      const { id } = await webhooks.endpoints.create({ url: URL_A })
      const event = await webhooks.publish({ type: 'a', data: 1 })
      await webhooks.drain()
      const before = opened.size
      const digits = id.slice(3)
      for (const tenant of ['a', 'b', 'c', 'd'])
        for (const endpointId of [`ep_${digits}.${tenant}`, `ep_ff${digits.slice(2)}`]) {
          const deliveryId = `${event.id}:${endpointId}`
          const of = endpointId.includes('.') ? { tenant } : {}
          expectEqual((await webhooks.endpoints.page({ tenant })).endpoints, [])
          expectEqual(await collect(webhooks.endpoints.list({ tenant })), [])
          expectEqual(await webhooks.endpoints.get(endpointId), null)
          expectEqual(await webhooks.endpoints.find('x', { tenant }), null)
          expectEqual(await webhooks.endpoints.delete(endpointId), false)
          for (const query of [
            { tenant },
            { tenant, state: 'dead' } as const,
            { ...of, endpointId },
          ])
            expectEqual((await webhooks.deliveries.page(query)).deliveries, [])
          expectEqual((await webhooks.deliveries.page({ tenant, eventId: 'e' })).deliveries, [])
          expectEqual(await webhooks.deliveries.get(deliveryId), null)
          expectEqual(await webhooks.deliveries.attempts(deliveryId), [])
          expectEqual(await webhooks.deliveries.delete(deliveryId), false)
          expectEqual((await webhooks.deliveries.stats(endpointId)).deliveries, 0)
          await rejectsWith('delivery_not_found', () => webhooks.deliveries.retry(deliveryId))
          for (const act of [
            () => webhooks.endpoints.update(endpointId, { description: 'x' }),
            () => webhooks.endpoints.enable(endpointId),
            () => webhooks.endpoints.disable(endpointId),
            () => webhooks.endpoints.rotateSecret(endpointId),
            () => webhooks.endpoints.verify(endpointId),
            () => webhooks.deliveries.recover(endpointId, 0),
          ])
            await rejectsWith('endpoint_not_found', act)
        }
      expectEqual([...opened].slice(before), [])
    },
  },
  {
    name: 'listings refuse what they do not know, and odd values, with a reason',
    async run(harness) {
      const { webhooks } = await open(harness)
      await webhooks.endpoints.create({ url: URL_A })
      for (const tenant of ['', 'a/b', 'x'.repeat(65), 'x'.repeat(500), '\u{1f600}', 7, null]) {
        const query = { tenant: tenant as string }
        await rejectsWith('invalid_query', () => webhooks.endpoints.page(query))
        await rejectsWith('invalid_query', () => webhooks.deliveries.page(query))
        await rejectsWith('invalid_query', () => collect(webhooks.endpoints.list(query)))
        await rejectsWith('invalid_query', () => webhooks.endpoints.find('x', query))
      }
      for (const cursor of ['', 'x', 'x'.repeat(2000), '\ud800', 'endpoint/', 7]) {
        const query = { cursor: cursor as string }
        await rejectsWith('invalid_query', () => webhooks.endpoints.page(query))
        await rejectsWith('invalid_query', () => webhooks.deliveries.page(query))
      }
      await rejectsWith('invalid_query', () =>
        webhooks.deliveries.page({ state: 'lost' as 'dead' }),
      )
      const long = 'ü'.repeat(500)
      for (const id of [long, '\ud800', '', 'a:b:c', `${long}:ep`, `e:${long}`]) {
        expectEqual(await webhooks.endpoints.get(id), null)
        expectEqual(await webhooks.deliveries.get(id), null)
        for (const query of [{ eventId: id }, { endpointId: id }])
          expectEqual((await webhooks.deliveries.page(query)).deliveries, [])
      }
      for (const options of [{ limit: 0 }, { limit: 1.5 }, { limit: NaN }, { limit: '5' }])
        for (const page of [webhooks.endpoints.page, webhooks.deliveries.page])
          await expectRejection(
            () => page(options as { limit: number }),
            (error) => error instanceof RangeError,
            'a RangeError',
          )
      for (const page of [webhooks.endpoints.page, webhooks.deliveries.page])
        await expectRejection(
          () => page({ tenat: 'x' } as object),
          (error) => error instanceof TypeError,
          'a TypeError',
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
