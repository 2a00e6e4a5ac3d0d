import { createECDH, randomBytes } from 'node:crypto'
import ece from 'http_ece'
import { importJWK, jwtVerify } from 'jose'
import webPushLibrary from 'web-push'
import { expect, test } from 'vitest'
import { outgoingPush } from '../../../../test/support/notifications/outgoing-messages.ts'
import { providerContext } from '../../../../test/support/notifications/provider-context.ts'
import { decodeBase64Url, encodeBase64Url } from '../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { encryptPush } from './web-push/encrypt-push.ts'
import { generateVapidKeys, vapidJwk } from './web-push/vapid-keys.ts'
import { webPush } from './web-push.ts'

/** Decodes what is written here. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  const decoded = decodeBase64Url(text)
  if (decoded === null) throw new Error('It is no base64url')
  return decoded
}

test('encryptPush() gives the bytes of RFC 8291, appendix A', async () => {
  const publicKey =
    'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8'
  const jwk = vapidJwk({ publicKey, privateKey: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw' })
  const algorithm = { name: 'ECDH', namedCurve: 'P-256' }
  const privateKey = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['deriveBits'])
  const pair = {
    privateKey,
    publicKey: await crypto.subtle.importKey('raw', bytes(publicKey), algorithm, true, []),
  }
  const keys = {
    p256dh: bytes(
      'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    ),
    auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
  }
  const body = await encryptPush(encodeUtf8('When I grow up, I want to be a watermelon'), keys, {
    pair,
    salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
  })
  expect(encodeBase64Url(body)).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  )
})

/** A browser's side of a subscription. */
function subscribe(endpoint = 'https://fcm.googleapis.com/fcm/send/abc') {
  const ecdh = createECDH('prime256v1')
  const auth = randomBytes(16)
  return {
    ecdh,
    auth,
    subscription: {
      endpoint,
      keys: { p256dh: ecdh.generateKeys('base64url'), auth: auth.toString('base64url') },
    },
  }
}

/** A push service that keeps what it gets. */
function pushService(answer: () => Response = () => new Response(null, { status: 201 })) {
  const requests: { readonly url: string; readonly headers: Headers; readonly body: Uint8Array }[] =
    []
  return {
    requests,
    fetch: async (url: string, init: RequestInit) => {
      requests.push({ url, headers: new Headers(init.headers), body: init.body as Uint8Array })
      return answer()
    },
  }
}

test('webPush() sends what a browser can decrypt, signed as RFC 8292 has it', async () => {
  const keys = await generateVapidKeys()
  const provider = webPush({ ...keys, subject: 'mailto:ops@example.com' })
  const { ecdh, auth, subscription } = subscribe()
  const service = pushService(
    () => new Response(null, { status: 201, headers: { location: '/message/1' } }),
  )
  const push = outgoingPush({
    target: subscription,
    title: 'Zażółć',
    url: 'https://example.com',
    collapseKey: 'order-1',
    data: { n: '1' },
  })
  const receipt = await provider.send(push, providerContext({ fetch: service.fetch }))
  expect(receipt).toEqual({ providerMessageId: '/message/1' })
  const [request] = service.requests
  const content = ece.decrypt(Buffer.from(request?.body ?? []), {
    version: 'aes128gcm',
    privateKey: ecdh,
    authSecret: auth,
  })
  expect(JSON.parse(content.toString())).toEqual({
    id: 'msg_1',
    title: 'Zażółć',
    body: 'Body',
    url: 'https://example.com',
    tag: 'order-1',
    data: { n: '1' },
  })
  const headers = Object.fromEntries(request?.headers ?? [])
  expect(headers).toMatchObject({
    'content-encoding': 'aes128gcm',
    ttl: '3600',
    urgency: 'high',
    topic: 'order-1',
  })
  const [, token = '', key = ''] =
    /^vapid t=([^,]+), k=(.+)$/.exec(headers['authorization'] ?? '') ?? []
  expect(key).toBe(keys.publicKey)
  const { d: _private, ...publicJwk } = vapidJwk(keys)
  const verified = await jwtVerify(token, await importJWK(publicJwk, 'ES256'), {
    audience: 'https://fcm.googleapis.com',
  })
  expect(verified.payload.sub).toBe('mailto:ops@example.com')
  expect((verified.payload.exp ?? 0) - Date.now() / 1000).toBeLessThanOrEqual(12 * 3600)
})

test('webPush() sends the headers that the web-push library does', async () => {
  const keys = await generateVapidKeys()
  const { subscription } = subscribe()
  const service = pushService()
  const push = outgoingPush({ target: subscription, collapseKey: 'topic' })
  await webPush({ ...keys, subject: 'mailto:ops@example.com' }).send(
    push,
    providerContext({ fetch: service.fetch }),
  )
  const theirs = webPushLibrary.generateRequestDetails(subscription, 'x', {
    vapidDetails: { ...keys, subject: 'mailto:ops@example.com' },
    TTL: 3600,
    urgency: 'high',
    topic: 'topic',
    contentEncoding: 'aes128gcm',
  })
  const names = Object.keys(theirs.headers).map((name) => name.toLowerCase())
  const ours = [...(service.requests[0]?.headers.keys() ?? [])]
  expect(ours.toSorted()).toEqual(names.filter((name) => name !== 'content-length').toSorted())
})

test.each([
  'http://fcm.googleapis.com/x',
  'https://fcm.googleapis.com:8443/x',
  'https://user@fcm.googleapis.com/x',
  'https://fcm.googleapis.com.evil.example/x',
  'https://evil-push.apple.com.example/x',
  'https://push.apple.com/x',
  'https://169.254.169.254/latest',
  'https://localhost/x',
  'javascript:alert(1)',
  'x',
])('webPush() calls nobody at %s', async (endpoint) => {
  const provider = webPush({ ...(await generateVapidKeys()), subject: 'mailto:ops@example.com' })
  const service = pushService()
  const target = subscribe(endpoint).subscription
  await expect(
    provider.send(outgoingPush({ target }), providerContext({ fetch: service.fetch })),
  ).rejects.toMatchObject({ code: 'invalid_recipient', recipient: null })
  expect(service.requests).toEqual([])
})

test('webPush() takes further push services when they are named', async () => {
  const provider = webPush({
    ...(await generateVapidKeys()),
    subject: 'https://example.com',
    allowedHosts: ['push.example.com'],
  })
  const service = pushService()
  const target = subscribe('https://push.example.com/x').subscription
  await provider.send(outgoingPush({ target }), providerContext({ fetch: service.fetch }))
  expect(service.requests.length).toBe(1)
})

test.each([
  [404, { code: 'invalid_recipient', recipient: 'gone' }],
  [410, { code: 'invalid_recipient', recipient: 'gone' }],
  [400, { code: 'invalid_request', recipient: null }],
  [403, { code: 'authentication', recipient: null }],
  [413, { code: 'invalid_request', recipient: null }],
  [429, { code: 'rate_limited', retryAfterMs: 7000 }],
  [500, { code: 'unavailable' }],
  [503, { code: 'unavailable', retryAfterMs: 7000 }],
])('webPush() says what %i means', async (status, error) => {
  const provider = webPush({ ...(await generateVapidKeys()), subject: 'mailto:ops@example.com' })
  const { fetch } = pushService(
    () => new Response('gone', { status, headers: { 'retry-after': '7' } }),
  )
  await expect(
    provider.send(outgoingPush({ target: subscribe().subscription }), providerContext({ fetch })),
  ).rejects.toMatchObject(error)
})

test('webPush() refuses what cannot be encrypted before it calls anyone', async () => {
  const provider = webPush({ ...(await generateVapidKeys()), subject: 'mailto:ops@example.com' })
  const { subscription } = subscribe()
  const service = pushService()
  const context = providerContext({ fetch: service.fetch })
  const { keys } = subscription
  const targets = [
    { ...subscription, keys: { ...keys, auth: 'abc' } },
    { ...subscription, keys: { ...keys, p256dh: keys.auth } },
    { ...subscription, keys: { ...keys, p256dh: `BB${'A'.repeat(85)}` } },
  ]
  for (const target of targets)
    await expect(provider.send(outgoingPush({ target }), context)).rejects.toMatchObject({
      code: 'invalid_recipient',
      recipient: null,
    })
  const large = outgoingPush({ target: subscription, body: 'x'.repeat(4000) })
  await expect(provider.send(large, context)).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(provider.send(outgoingPush(), context)).rejects.toMatchObject({
    code: 'invalid_request',
  })
  expect(service.requests).toEqual([])
})

test('webPush() refuses keys and subjects that are none when it is made', async () => {
  const keys = await generateVapidKeys()
  expect(() => webPush({ ...keys, subject: 'ops@example.com' })).toThrow('subject')
  expect(() => webPush({ ...keys, publicKey: 'x', subject: 'mailto:a@b.c' })).toThrow('VAPID')
  expect(() => webPush({ subject: 'mailto:a@b.c' } as never)).toThrow('publicKey is missing')
})

test.each(['push.example.com', [''], ['*'], ['*.'], ['https://push.example.com'], [7]])(
  'webPush() refuses %j as allowedHosts',
  async (allowedHosts) => {
    const keys = await generateVapidKeys()
    const given = { ...keys, subject: 'mailto:ops@example.com', allowedHosts }
    expect(() => webPush(given as never)).toThrow('allowedHosts')
  },
)
