import { expect, test } from 'vitest'
import { verifyWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { fakeSocket } from './listeners/fake-socket.ts'
import { connectionOf } from './listeners/upgrades.ts'
import { openTestGateway, type TestGateway } from './test-gateway.ts'

const SESSION = 'session-0123456789'
const LISTENERS = '/v1/webhooks/listeners'

async function keyOf({ call }: TestGateway, tenant: string) {
  const { body } = await call('POST', '/v1/keys', { label: 'k', tenant })
  return { bearer: { authorization: `Bearer ${String(body['key'])}` }, id: String(body['id']) }
}

/** Asks for a WebSocket as a server does. @returns The status, and what was let through */
async function upgrade({ app }: TestGateway, path: string, bearer = 'Bearer root') {
  const request = new Request(`http://gateway.example${path}`, {
    headers: { authorization: bearer, upgrade: 'websocket' },
  })
  const response = await app.fetch(request, {})
  return { status: response.status, connection: connectionOf(request) }
}

async function listening(gateway: TestGateway, headers?: Record<string, string>) {
  const opened = await gateway.call('POST', LISTENERS, { session: SESSION }, headers)
  expect(opened.status).toBe(200)
  const { socket, endpointId, secret } = opened.body
  const { connection } = await upgrade(gateway, String(socket), headers?.['authorization'])
  if (connection === undefined) throw new Error('A connection was to be let through')
  const own = fakeSocket('1')
  const events = gateway.listeners.connect(connection, own)
  return { own, events, endpointId: String(endpointId), secret: String(secret), connection }
}

test('a listener is an endpoint whose deliveries come over its WebSocket, signed', async () => {
  const gateway = await openTestGateway()
  const { own, events, secret, endpointId } = await listening(gateway)
  const event = await gateway.call('POST', '/v1/events', { type: 'order.paid', data: { a: 1 } })
  const answered = fakeAnswer(own, events.message)
  await gateway.drain()
  const { headers, body } = await answered
  expect(await verifyWebhook(body, headers, secret, { clock: gateway.clock })).toBe(true)
  const path = `/v1/deliveries/${String(event.body['id'])}:${endpointId}`
  expect((await gateway.call('GET', path)).body).toMatchObject({
    ...{ state: 'delivered', attemptLog: [{ status: 202, responseBody: 'taken' }] },
  })
  expect(gateway.bodies).toEqual([])
})

test('POST again is the same endpoint, as new: its events, its secret, and enabled', async () => {
  const gateway = await openTestGateway()
  const first = await gateway.call('POST', LISTENERS, { session: SESSION, events: ['a.*'] })
  const id = String(first.body['endpointId'])
  await gateway.call('POST', `/v1/webhooks/endpoints/${id}/disable`)
  await gateway.call('POST', `/v1/webhooks/endpoints/${id}/rotate-secret`, {})
  const second = await gateway.call('POST', LISTENERS, { session: SESSION, events: ['b.*'] })
  expect(second.body).toEqual({ ...first.body, events: ['b.*'] })
  const { body } = await gateway.call('GET', `/v1/webhooks/endpoints/${id}`)
  expect(body).toMatchObject({ enabled: true, events: ['b.*'], uid: 'listen.local' })
})

test('a name in use is refused to another program, and free again once it is gone', async () => {
  const gateway = await openTestGateway()
  const { events } = await listening(gateway)
  const other = { session: 'another-0123456789' }
  const refused = await gateway.call('POST', LISTENERS, other)
  expect([refused.status, refused.body['code']]).toEqual([409, 'listener_in_use'])
  const path = `${LISTENERS}/local/socket?session=${other.session}`
  expect(await upgrade(gateway, path)).toEqual({ status: 409, connection: undefined })
  events.closed()
  expect((await gateway.call('POST', LISTENERS, other)).status).toBe(200)
})

test('a WebSocket is let through only to who may, where it was opened, and as one', async () => {
  const gateway = await openTestGateway()
  const own = await keyOf(gateway, 'acme')
  const foreign = await keyOf(gateway, 'other')
  const opened = await gateway.call('POST', LISTENERS, { session: SESSION }, own.bearer)
  const socket = String(opened.body['socket'])
  expect((await gateway.call('GET', socket, undefined, own.bearer)).status).toBe(426)
  for (const [status, path, bearer] of [
    [401, socket, 'Bearer wcr_wrong'],
    [403, socket, foreign.bearer.authorization],
    [404, socket.replace('tenant=acme', 'tenant=other'), foreign.bearer.authorization],
    [404, socket.replace('/local/', '/none/'), own.bearer.authorization],
    [404, socket.replace('/local/', `/${'n'.repeat(500)}/`), own.bearer.authorization],
    [400, `${LISTENERS}/local/socket`, own.bearer.authorization],
    [400, socket.replace(SESSION, 'short'), own.bearer.authorization],
  ] as const)
    expect(await upgrade(gateway, path, bearer), path).toEqual({ status, connection: undefined })
  const { connection } = await upgrade(gateway, socket, own.bearer.authorization)
  expect(connection).toEqual({
    ...{ listener: { tenant: 'acme', name: 'local' }, session: SESSION, until: null },
    caller: { id: `key/${own.id}`, tenant: 'acme' },
  })
})

test('a key that is revoked, or over, gets no more deliveries', async () => {
  const gateway = await openTestGateway()
  const key = await keyOf(gateway, 'acme')
  const { own } = await listening(gateway, key.bearer)
  await gateway.call('DELETE', `/v1/keys/${key.id}?tenant=acme`)
  await gateway.call('POST', '/v1/events?tenant=acme', { type: 'order.paid', data: 1 })
  await gateway.drain('acme')
  expect([own.frames().length, own.closes[0]?.reason]).toEqual([1, 'credential ended'])
  const { body } = await gateway.call('GET', '/v1/deliveries?tenant=acme')
  expect(body['deliveries']).toMatchObject([{ lastAttempt: { error: 'connection_refused' } }])
})

test('nobody else makes the gateway relay: not an endpoint, not a change of one, not a job', async () => {
  const gateway = await openTestGateway()
  const { own, endpointId } = await listening(gateway)
  const { url } = (await gateway.call('GET', `/v1/webhooks/endpoints/${endpointId}`)).body
  const made = await gateway.call('POST', '/v1/webhooks/endpoints', { url: 'https://example.com' })
  for (const [method, path] of [
    ['POST', '/v1/webhooks/endpoints'],
    ['POST', '/v1/webhooks/endpoints?tenant=other'],
    ['PATCH', `/v1/webhooks/endpoints/${String(made.body['id'])}`],
  ] as const)
    for (const address of [url, String(url).toUpperCase(), 'https://listen.invalid./a/b/c'])
      expect((await gateway.call(method, path, { url: address })).body['code']).toBe('url_blocked')
  const job = await gateway.call('POST', '/v1/jobs/queues/default/jobs', {
    ...{ name: 'deliver', data: { url, payload: 1 } },
  })
  await gateway.drain()
  const path = `/v1/jobs/queues/default/jobs/${String(job.body['id'])}`
  expect((await gateway.call('GET', path)).body).toMatchObject({ state: 'dead' })
  expect(own.frames()).toHaveLength(1)
})

test('an endpoint of another kind keeps its address, whatever its uid is', async () => {
  const gateway = await openTestGateway()
  const url = 'https://example.com/hook'
  const made = await gateway.call('POST', '/v1/webhooks/endpoints', { url, uid: 'listen.local' })
  expect((await gateway.call('POST', LISTENERS, { session: SESSION })).status).toBe(409)
  const path = `/v1/webhooks/endpoints/${String(made.body['id'])}`
  expect((await gateway.call('GET', path)).body['url']).toBe(url)
  expect((await upgrade(gateway, `${LISTENERS}/local/socket?session=${SESSION}`)).status).toBe(404)
})

/** Answers the next delivery. @returns What it was */
function fakeAnswer(
  own: ReturnType<typeof fakeSocket>,
  answer: (frame: string) => void,
): Promise<{ readonly headers: Record<string, string>; readonly body: string }> {
  return new Promise((done) => {
    const send = own.send
    Object.assign(own, {
      send(text: string) {
        send(text)
        const { id, headers, body } = JSON.parse(text) as {
          readonly id: string
          readonly headers: Record<string, string>
          readonly body: string
        }
        done({ headers, body: Buffer.from(body, 'base64').toString('utf8') })
        answer(
          JSON.stringify({ type: 'answer', id, status: 202, headers: [], body: btoa('taken') }),
        )
      },
    })
  })
}
