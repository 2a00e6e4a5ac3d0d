import { createSecureServer, type Http2SecureServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outgoingPush } from '../../../../test/support/notifications/outgoing-messages.ts'
import { providerContext } from '../../../../test/support/notifications/provider-context.ts'
import { createTlsIdentity } from '../../../../test/support/notifications/tls-identity.ts'
import { http2Fetch } from '../../../runtime/platforms/node/http2-fetch.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { apns } from './apns.ts'

/** Stands in for APNs: TLS, HTTP/2 alone, and answers as told. */
let server: Http2SecureServer
let baseUrl: string
let fetch: FetchClient
let keys: CryptoKeyPair
let key: string
let answer: { readonly status: number; readonly body?: object } = { status: 200 }
const requests: { readonly headers: IncomingHttpHeaders; readonly body: unknown }[] = []
const TOKEN = 'ab'.repeat(32)

beforeAll(async () => {
  const identity = await createTlsIdentity()
  server = createSecureServer({ ...identity, allowHTTP1: false })
  server.on('stream', (stream, headers) => {
    let text = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => (text += chunk))
    stream.on('end', () => {
      requests.push({ headers, body: JSON.parse(text) })
      stream.respond({ ':status': answer.status, 'apns-id': String(headers['apns-id']) })
      stream.end(answer.body === undefined ? '' : JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  // A server that listens on TCP has an address of this form.
  baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`
  fetch = http2Fetch({ ca: identity.cert })
  keys = await generateKeyPair('ES256', { extractable: true })
  key = await exportPKCS8(keys.privateKey)
})
afterAll(() => new Promise<void>((done) => void server.close(() => done())))

function provider() {
  return apns({
    key,
    keyId: 'KEY1234567',
    teamId: 'TEAM123456',
    topic: 'com.example.app',
    fetch,
    baseUrl,
  })
}

test('apns() sends over HTTP/2 what Apple documents, signed with the key', async () => {
  answer = { status: 200 }
  requests.length = 0
  const push = outgoingPush({
    target: { token: TOKEN },
    data: { order: '42' },
    url: 'https://example.com',
    image: 'https://example.com/a.png',
    badge: 3,
    sound: 'default',
    collapseKey: 'order-42',
  })
  const { providerMessageId } = await provider().send(push, providerContext())
  const [{ headers, body } = { headers: {}, body: null }] = requests
  expect(headers).toMatchObject({
    ':method': 'POST',
    ':path': `/3/device/${TOKEN}`,
    'apns-topic': 'com.example.app',
    'apns-push-type': 'alert',
    'apns-priority': '10',
    'apns-collapse-id': 'order-42',
  })
  expect(Number(headers['apns-expiration']) - Date.now() / 1000).toBeCloseTo(3600, -1)
  expect(providerMessageId).toBe(headers['apns-id'])
  expect(providerMessageId).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  expect(body).toEqual({
    order: '42',
    url: 'https://example.com',
    image: 'https://example.com/a.png',
    aps: {
      alert: { title: 'Title', body: 'Body' },
      badge: 3,
      sound: 'default',
      'mutable-content': 1,
    },
  })
  const token = String(headers.authorization).replace(/^bearer /, '')
  const { payload, protectedHeader } = await jwtVerify(token, keys.publicKey)
  expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'KEY1234567' })
  expect(payload).toMatchObject({ iss: 'TEAM123456' })
})

test('apns() sends a silent push in the background, with low priority', async () => {
  answer = { status: 200 }
  requests.length = 0
  const push = outgoingPush({ target: { token: TOKEN }, title: null, body: null, data: { n: '1' } })
  await provider().send(push, providerContext())
  expect(requests[0]?.headers).toMatchObject({
    'apns-push-type': 'background',
    'apns-priority': '5',
  })
  expect(requests[0]?.body).toEqual({ n: '1', aps: { 'content-available': 1 } })
})

test.each([
  [
    410,
    { reason: 'Unregistered', timestamp: 1_700_000_000_000 },
    { code: 'invalid_recipient', recipient: 'gone', recipientSince: 1_700_000_000_000 },
  ],
  [410, { reason: 'ExpiredToken' }, { code: 'invalid_recipient', recipient: 'gone' }],
  // Also said of good tokens, of another environment or app.
  [400, { reason: 'BadDeviceToken' }, { code: 'invalid_recipient', recipient: null }],
  [400, { reason: 'DeviceTokenNotForTopic' }, { code: 'invalid_recipient', recipient: null }],
  [400, { reason: 'BadTopic' }, { code: 'invalid_request', recipient: null }],
  [400, { reason: 'PayloadEmpty' }, { code: 'invalid_request', recipient: null }],
  [413, { reason: 'PayloadTooLarge' }, { code: 'invalid_request', recipient: null }],
  [403, { reason: 'InvalidProviderToken' }, { code: 'authentication', recipient: null }],
  [429, { reason: 'TooManyRequests' }, { code: 'rate_limited', recipient: null }],
  [429, { reason: 'TooManyProviderTokenUpdates' }, { code: 'rate_limited', recipient: null }],
  [500, { reason: 'InternalServerError' }, { code: 'unavailable', recipient: null }],
  [503, { reason: 'ServiceUnavailable' }, { code: 'unavailable', recipient: null }],
  [503, undefined, { code: 'unavailable', vendorCode: null }],
])('apns() says what %i %j means', async (status, body, error) => {
  answer = { status, ...(body !== undefined && { body }) }
  const push = outgoingPush({ target: { token: TOKEN } })
  await expect(provider().send(push, providerContext())).rejects.toMatchObject(error)
})

test('apns() forgets a token that Apple says has expired', async () => {
  answer = { status: 403, body: { reason: 'ExpiredProviderToken' } }
  const dropped: string[] = []
  const context = providerContext({
    tokens: {
      get: async () => 'old.token',
      drop: async (name, token) => void dropped.push(`${name} ${token}`),
    },
  })
  const push = outgoingPush({ target: { token: TOKEN } })
  await expect(provider().send(push, context)).rejects.toMatchObject({ code: 'authentication' })
  expect(dropped).toEqual(['apns:TEAM123456:KEY1234567 old.token'])
})

test('apns() refuses what Apple would, before it calls', async () => {
  requests.length = 0
  const context = providerContext()
  const send = (parts: Parameters<typeof outgoingPush>[0]) =>
    provider().send(outgoingPush({ target: { token: TOKEN }, ...parts }), context)
  await expect(send({ target: { token: '../../x' } })).rejects.toMatchObject({
    code: 'invalid_recipient',
    recipient: null,
  })
  await expect(send({ data: { aps: 'x' } })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(send({ body: 'x'.repeat(4096) })).rejects.toMatchObject({ code: 'invalid_request' })
  expect(requests).toEqual([])
})

test('a connection that breaks off before the answer is ambiguous, one never made is not', async () => {
  const push = outgoingPush({ target: { token: TOKEN } })
  const identity = await createTlsIdentity()
  const breaking = createSecureServer(identity)
  breaking.on('stream', (stream) => stream.session?.destroy())
  await new Promise<void>((done) => breaking.listen(0, '127.0.0.1', done))
  const { port } = breaking.address() as AddressInfo
  const there = { key, keyId: 'K', teamId: 'T', topic: 't', baseUrl: `https://localhost:${port}` }
  const trusting = apns({ ...there, fetch: http2Fetch({ ca: identity.cert }) })
  await expect(trusting.send(push, providerContext())).rejects.toMatchObject({ code: 'ambiguous' })
  // Whoever does not know its certificate makes no connection.
  await expect(
    apns({ ...there, fetch: http2Fetch() }).send(push, providerContext()),
  ).rejects.toMatchObject({ code: 'unavailable' })
  await new Promise<void>((done) => void breaking.close(() => done()))
  await expect(
    apns({ ...there, fetch: http2Fetch() }).send(push, providerContext()),
  ).rejects.toMatchObject({ code: 'unavailable' })
})
