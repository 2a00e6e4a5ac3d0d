import { defineTemplate } from '@white-cross/reuse/infrastructure/notifications'
import { outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import { resend } from '@white-cross/reuse/infrastructure/notifications/resend'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import {
  generateWebhookSecret,
  readWebhook,
  signWebhook,
} from '@white-cross/reuse/infrastructure/webhooks'
import { systemClock, systemRandom } from '@white-cross/reuse/infrastructure/runtime/ports'
import { expect, test } from 'vitest'
import { openTestGateway } from './test-gateway.ts'

const secret = generateWebhookSecret()

async function open() {
  const box = outbox()
  const requests: Request[] = []
  const gateway = await openTestGateway(
    {},
    {
      backend: memory(),
      clock: systemClock,
      random: systemRandom,
      notifications: {
        from: 'shop@example.com',
        email: [box, resend({ apiKey: 're_x' })],
        templates: [
          defineTemplate('hello', {
            email: { subject: 'Hi {{ name }}', html: '<p>{{ name }}</p>' },
          }),
        ],
        webhooks: {
          resend: (request) => readWebhook(request, { scheme: 'standard', secrets: secret }),
        },
        fetch: async (input, init) => {
          requests.push(new Request(input, init))
          return Response.json({ id: 'vendor-1' })
        },
      },
    },
  )
  return { ...gateway, box, requests }
}

const hello = { channel: 'email', to: 'ann@example.com', template: 'hello', data: { name: 'A<' } }

test('POST /v1/notifications sends once for each key, and GET /v1/messages says where it stands', async () => {
  const { call, box } = await open()
  const key = { 'idempotency-key': 'order-1' }
  const first = await call('POST', '/v1/notifications', hello, key)
  expect(first).toMatchObject({ status: 200, body: { status: 'sent', kept: true } })
  const again = await call('POST', '/v1/notifications', hello, key)
  expect([again.status, again.body]).toEqual([first.status, first.body])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(box.messages).toHaveLength(1)
  const changed = { ...hello, to: 'bob@example.com' }
  expect(await call('POST', '/v1/notifications', changed, key)).toMatchObject({
    status: 422,
    body: { code: 'idempotency_conflict' },
  })
  expect(await call('GET', String(first.body['message']))).toMatchObject({
    status: 200,
    body: { status: 'sent', provider: 'outbox' },
  })
})

test('a queued message is accepted with 202, and taken back', async () => {
  const { call, box, drain } = await open()
  const queued = await call('POST', '/v1/notifications', { ...hello, queued: true })
  expect(queued.status).toBe(202)
  const path = String(queued.body['message'])
  expect(await call('DELETE', path)).toMatchObject({
    status: 200,
    body: { cancelled: true },
  })
  await drain()
  expect(box.messages).toHaveLength(0)
})

test('POST /v1/templates/preview renders and sends nothing', async () => {
  const { call, box } = await open()
  const preview = { template: 'hello', data: { name: 'A<' } }
  expect(await call('POST', '/v1/templates/preview', preview)).toMatchObject({
    status: 200,
    body: { subject: 'Hi A<', html: '<p>A&lt;</p>', text: 'A<' },
  })
  expect(box.messages).toHaveLength(0)
})

test.each([
  [{ channel: 'fax' }, 422, 'invalid_body'],
  [{ ...hello, to: 'nobody' }, 400, 'invalid_recipient'],
  [{ ...hello, to: 'a@example.com\r\nBcc: b@example.com' }, 400, 'invalid_recipient'],
  [{ ...hello, template: 'nothing' }, 404, 'template_not_found'],
  [{ ...hello, data: {} }, 400, 'invalid_data'],
  [{ ...hello, unknown: 1 }, 422, 'invalid_request'],
  [{ channel: 'sms', to: '+15550100', message: 'x' }, 400, 'invalid_request'],
])(
  'a message that cannot be sent is a problem of its sender: %j',
  async (message, status, code) => {
    const { call } = await open()
    expect(await call('POST', '/v1/notifications', message)).toMatchObject({
      status,
      body: { code, status },
    })
  },
)

test('webhooks of providers need no API key but a signature', async () => {
  const { app, call } = await open()
  const sent = await call('POST', '/v1/notifications', { ...hello, provider: 'resend' })
  const body = JSON.stringify({
    type: 'email.delivered',
    data: { to: ['ann@example.com'], tags: { reuse_id: sent.body['id'] } },
  })
  const deliver = async (path: string, signed: string): Promise<number> => {
    const headers = { ...(await signWebhook(body, signed)), 'content-type': 'application/json' }
    return (await app.request(path, { method: 'POST', body, headers })).status
  }
  const path = String(sent.body['message'])
  expect(await deliver('/v1/webhooks/in/resend', generateWebhookSecret())).toBe(401)
  expect(await call('GET', path)).toMatchObject({ body: { status: 'sent' } })
  expect(await deliver('/v1/webhooks/in/resend', secret)).toBe(200)
  expect(await call('GET', path)).toMatchObject({ body: { status: 'delivered' } })
  for (const other of [
    '/v1/webhooks/in/outbox',
    '/v1/webhooks/in/nobody',
    '/v1/webhooks/in/__proto__',
  ])
    expect(await deliver(other, secret)).toBe(404)
})

test('nothing of it is there without an API key', async () => {
  const { call } = await open()
  const without = { authorization: '' }
  for (const path of ['/v1/notifications', '/v1/templates/preview'])
    expect((await call('POST', path, hello, without)).status).toBe(401)
})
