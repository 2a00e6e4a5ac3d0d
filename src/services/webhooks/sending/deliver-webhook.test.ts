import { Webhook as StandardWebhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createWebhookReceiver,
  type WebhookReceiver,
} from '../../../../test/support/webhook-receiver.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import { signWebhook } from '../signing/sign-webhook.ts'
import { generateWebhookSecret } from '../signing/webhook-secret.ts'
import { batchWebhooks } from './batch-webhooks.ts'
import { configureWebhooks } from './configure-webhooks.ts'
import { deliverWebhook } from './deliver-webhook.ts'
import { retryWebhook } from './retry-webhook.ts'

const url = 'https://a.example.com/hook'
const secret = generateWebhookSecret()
let receiver: WebhookReceiver

beforeEach(() => {
  receiver = createWebhookReceiver()
  configureWebhooks({
    backend: memory(),
    fetch: receiver.fetch,
    resolve: async () => ['93.184.216.34'],
    maxEventBytes: 1000,
  })
})
afterEach(() => configureWebhooks(undefined))

test('deliverWebhook() sends one message that the standard library verifies', async () => {
  const payload = { type: 'ping', text: 'ü😀' }
  const result = await deliverWebhook({ url, payload, secret, headers: { 'X-Key': 'v' } })
  expect(result).toMatchObject({ ok: true, status: 200, error: null })
  const [request] = receiver.received
  expect(request?.id).toBe(result.id)
  expect(request?.headers.get('x-key')).toBe('v')
  const headers = Object.fromEntries(request?.headers ?? [])
  expect(new StandardWebhook(secret).verify(request?.body ?? '', headers)).toEqual(payload)
})

test('deliverWebhook() sends a signature that was made before, with its id', async () => {
  const payload = '{"a":1}'
  const signature = await signWebhook(payload, secret, { id: 'mine' })
  const result = await deliverWebhook({ url, payload, signature })
  expect(result).toMatchObject({ ok: true, id: 'mine' })
  const headers = Object.fromEntries(receiver.received[0]?.headers ?? [])
  expect(new StandardWebhook(secret).verify(payload, headers)).toEqual({ a: 1 })
  const github = await signWebhook(payload, secret, { scheme: 'github' })
  await deliverWebhook({ url, payload, signature: github })
  expect(receiver.received[1]?.headers.get('x-hub-signature-256')).toBe(
    github['x-hub-signature-256'],
  )
})

test('deliverWebhook() sends bytes as they are', async () => {
  await deliverWebhook({ url, payload: new Uint8Array([1, 2, 255]), secret, scheme: 'stripe' })
  expect(Array.from(receiver.received[0]?.init.body as Uint8Array)).toEqual([1, 2, 255])
  expect(receiver.received[0]?.headers.get('stripe-signature')).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
})

test('deliverWebhook() answers with what went wrong', async () => {
  expect(await deliverWebhook({ url: 'https://10.0.0.1/', payload: 1, secret })).toMatchObject({
    ok: false,
    status: null,
    error: { code: 'url_blocked' },
  })
  expect(await deliverWebhook({ url: 'nonsense', payload: 1, secret })).toMatchObject({
    ok: false,
    error: { code: 'url_blocked' },
  })
  expect(receiver.received).toEqual([])
})

test.each<[string, object]>([
  ['neither secret nor signature', {}],
  ['both', { secret, signature: {} }],
  ['an empty list of secrets', { secret: [] }],
  ['a secret that is too short', { secret: 'whsec_AAAA' }],
  ['a signed object', { payload: { a: 1 }, signature: { 'webhook-id': 'a' } }],
  ['no payload', { payload: undefined, secret }],
  ['a payload that JSON would change', { payload: { at: new Date(0) }, secret }],
  ['a payload that JSON would shorten', { payload: [undefined], secret }],
  ['a payload of half characters', { payload: '\ud800', secret }],
  ['a payload of half characters inside', { payload: ['\ud800'], secret }],
  ['a payload that is too long as JSON', { payload: ['x'.repeat(999)], secret }],
  ['a timeout that is none', { secret, timeout: 'soon' }],
  ['a payload that is too long', { payload: 'x'.repeat(1001), secret }],
  ['a reserved header', { secret, headers: { host: 'x' } }],
  ['a timeout that is too long', { secret, timeout: '1h' }],
  ['an id with a dot', { secret, id: 'a.b' }],
  ['an id that is no header value', { secret, scheme: 'github', id: 'a\r\nb' }],
  ['a signature that sets another header', { signature: { host: 'x' } }],
  ['a signature that is no header value', { signature: { 'webhook-signature': 'a\nb' } }],
  ['a URL that is no text', { secret, url: 7 }],
])('deliverWebhook() throws for %s', async (_what, parts) => {
  const delivery = { url, payload: '1', ...parts } as never
  await expect(deliverWebhook(delivery)).rejects.toThrow(/^Cannot (deliver|sign|use) webhook/)
  expect(receiver.received).toEqual([])
})

test('batchWebhooks() and retryWebhook() act on the configured service', async () => {
  const { succeeded } = await batchWebhooks([
    { url, payload: 1, secret },
    { url, payload: 2, secret },
  ])
  expect([succeeded, receiver.received.length]).toEqual([2, 2])
  await expect(retryWebhook('e:ep')).rejects.toMatchObject({ code: 'delivery_not_found' })
})

test.each<[string, () => Promise<unknown>]>([
  ['deliverWebhook', () => deliverWebhook({ url, payload: 1, secret })],
  ['batchWebhooks', () => batchWebhooks([])],
  ['retryWebhook', () => retryWebhook('e:ep')],
])('%s() says what to call first, when webhooks are not configured', async (_name, act) => {
  configureWebhooks(undefined)
  const error = await act().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(NotConfiguredError)
  expect(error).toMatchObject({
    code: 'not_configured',
    message: expect.stringContaining('configureWebhooks({') as string,
  })
})
