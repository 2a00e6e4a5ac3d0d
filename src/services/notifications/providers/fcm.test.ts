import type { fcm_v1 } from '@googleapis/fcm'
import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outgoingPush } from '../../../../test/support/notifications/outgoing-messages.ts'
import { providerContext } from '../../../../test/support/notifications/provider-context.ts'
import {
  startVendorRecorder,
  type VendorRecorder,
} from '../../../../test/support/notifications/vendor-recorder.ts'
import type { PushProvider } from './provider.ts'
import { fcm } from './fcm.ts'

let google: VendorRecorder
let firebase: VendorRecorder
let keys: CryptoKeyPair
let provider: PushProvider

beforeAll(async () => {
  google = await startVendorRecorder()
  firebase = await startVendorRecorder()
  keys = await generateKeyPair('RS256', { extractable: true })
  const private_key = await exportPKCS8(keys.privateKey)
  const account = { project_id: 'shop', client_email: 'push@shop.example', private_key }
  google.answer(200, { access_token: 'ya29.x', expires_in: 3600, token_type: 'Bearer' })
  provider = fcm({
    // As it stands in an environment variable, its line breaks escaped.
    serviceAccount: JSON.stringify(account),
    baseUrl: firebase.url,
    tokenUrl: google.url,
  })
})
afterAll(() => Promise.all([google.close(), firebase.close()]))

const detail = (errorCode: string): object => ({
  '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError',
  errorCode,
})
const violation = (field: string): object => ({
  '@type': 'type.googleapis.com/google.rpc.BadRequest',
  fieldViolations: [{ field, description: 'Invalid value' }],
})

test('fcm() signs in with the service account and sends a message of the documented shape', async () => {
  firebase.answer(200, { name: 'projects/shop/messages/1' })
  const push = outgoingPush({
    data: { order: '42' },
    url: 'https://example.com',
    image: 'https://example.com/a.png',
    badge: 3,
    sound: 'default',
    collapseKey: 'order-42',
  })
  expect(await provider.send(push, providerContext())).toEqual({
    providerMessageId: 'projects/shop/messages/1',
  })
  const form = new URLSearchParams(google.take().body.toString())
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
  const { payload } = await jwtVerify(form.get('assertion') ?? '', keys.publicKey)
  expect(payload).toMatchObject({
    iss: 'push@shop.example',
    scope: 'https://www.googleapis.com/auth/firebase.messaging',
    aud: google.url,
  })
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
  const request = firebase.take()
  expect(request.path).toBe('/v1/projects/shop/messages:send')
  expect(request.headers.authorization).toBe('Bearer ya29.x')
  // The vendor's own types hold what is expected, and so what was sent.
  const message: fcm_v1.Schema$Message = {
    token: 'token-1',
    notification: { title: 'Title', body: 'Body', image: 'https://example.com/a.png' },
    data: { order: '42', url: 'https://example.com' },
    android: {
      priority: 'HIGH',
      ttl: '3600s',
      collapseKey: 'order-42',
      notification: { sound: 'default', notificationCount: 3, tag: 'order-42' },
    },
    apns: {
      headers: { 'apns-priority': '10', 'apns-collapse-id': 'order-42' },
      payload: { aps: { badge: 3, sound: 'default' } },
    },
    webpush: {
      headers: { TTL: '3600', Urgency: 'high' },
      fcmOptions: { link: 'https://example.com' },
    },
  }
  const body: fcm_v1.Schema$SendMessageRequest = { message }
  expect(JSON.parse(request.body.toString())).toEqual(body)
})

test('fcm() sends a silent push as data alone', async () => {
  firebase.answer(200, { name: 'n' })
  const push = outgoingPush({ title: null, body: null, data: { n: '1' }, urgency: 'normal' })
  await provider.send(push, providerContext({ tokens: keptTokens() }))
  const { message } = JSON.parse(firebase.take().body.toString())
  expect(message.notification).toBeUndefined()
  expect(message.data).toEqual({ n: '1' })
  expect(message.apns.payload.aps).toEqual({ 'content-available': 1 })
  expect(message.apns.headers).toEqual({ 'apns-priority': '5', 'apns-push-type': 'background' })
})

test.each([
  [404, [detail('UNREGISTERED')], { code: 'invalid_recipient', recipient: 'gone' }],
  [400, [detail('INVALID_ARGUMENT')], { code: 'invalid_recipient', recipient: null }],
  [
    400,
    [detail('INVALID_ARGUMENT'), violation('message.token')],
    { code: 'invalid_recipient', recipient: 'gone' },
  ],
  // The same code as that of a bad token, over a bad payload: the token stays.
  [
    400,
    [detail('INVALID_ARGUMENT'), violation('message.data')],
    { code: 'invalid_request', recipient: null },
  ],
  [400, [violation('message.android.ttl')], { code: 'invalid_request', recipient: null }],
  [400, [], { code: 'invalid_request', recipient: null }],
  // Another project's token, or another project's account by mistake: nothing is thrown away over
  // it.
  [403, [detail('SENDER_ID_MISMATCH')], { code: 'invalid_recipient', recipient: null }],
  [401, [detail('THIRD_PARTY_AUTH_ERROR')], { code: 'authentication', recipient: null }],
  [
    429,
    [detail('QUOTA_EXCEEDED')],
    { code: 'rate_limited', recipient: null, retryAfterMs: 60_000 },
  ],
  [503, [detail('UNAVAILABLE')], { code: 'unavailable', recipient: null }],
  [500, [detail('INTERNAL')], { code: 'unavailable', recipient: null }],
])('fcm() says what %i %j means', async (status, details, error) => {
  firebase.answer(
    status,
    { error: { code: status, message: 'The registration token is not valid', details } },
    { 'retry-after': '60' },
  )
  const context = providerContext({ tokens: keptTokens() })
  await expect(provider.send(outgoingPush(), context)).rejects.toMatchObject(error)
  firebase.take()
})

test('fcm() drops an access token that is refused', async () => {
  firebase.answer(401, { error: { status: 'UNAUTHENTICATED' } })
  const dropped: string[] = []
  const tokens = { ...keptTokens(), drop: async (name: string) => void dropped.push(name) }
  await expect(provider.send(outgoingPush(), providerContext({ tokens }))).rejects.toMatchObject({
    code: 'authentication',
  })
  expect(dropped).toEqual(['fcm:shop:push@shop.example'])
  firebase.take()
})

test('a token that cannot be had means that nothing was sent', async () => {
  google.answer(503, {})
  await expect(provider.send(outgoingPush(), providerContext())).rejects.toMatchObject({
    code: 'unavailable',
  })
  google.answer(400, { error: 'invalid_grant' })
  await expect(provider.send(outgoingPush(), providerContext())).rejects.toMatchObject({
    code: 'authentication',
    vendorCode: 'invalid_grant',
  })
  expect(firebase.requests).toEqual([])
})

test.each(['from', 'message_type', 'google.x', 'gcm.y', 'GOOGLE'])(
  'fcm() refuses the reserved name %s before it calls',
  async (name) => {
    await expect(
      provider.send(outgoingPush({ data: { [name]: 'x' } }), providerContext()),
    ).rejects.toMatchObject({ code: 'invalid_request', recipient: null })
  },
)

test('fcm() refuses a push that is too large, and a service account that is none', async () => {
  await expect(
    provider.send(outgoingPush({ body: 'x'.repeat(4096) }), providerContext()),
  ).rejects.toMatchObject({ code: 'invalid_request' })
  for (const account of ['{}', 'x', { project_id: 'p', client_email: 'e' }, null, undefined])
    expect(() => fcm({ serviceAccount: account as never })).toThrow(/serviceAccount/)
  expect(() =>
    fcm({ serviceAccount: { project_id: 'p', client_email: 'e', private_key: 'secret-key' } }),
  ).toThrow(/^(?!.*secret-key).*PEM/)
})

function keptTokens() {
  return { get: async () => 'kept', drop: async () => undefined }
}
