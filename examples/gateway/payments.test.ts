import { sandbox, SANDBOX_METHODS } from '@white-cross/reuse/infrastructure/payments/sandbox'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { systemClock, systemRandom } from '@white-cross/reuse/infrastructure/runtime/ports'
import { generateWebhookSecret, signWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { readProviderWebhook } from '@white-cross/reuse/infrastructure/webhooks/providers'
import { expect, test } from 'vitest'
import { openTestGateway, type TestAnswer } from './test-gateway.ts'

const secret = generateWebhookSecret()
const amount = { amount: '49.90', currency: 'EUR' }

async function open() {
  const provider = sandbox({ webhookSecret: secret })
  const fulfilled: (string | undefined)[] = []
  const { app, call } = await openTestGateway(
    {},
    {
      backend: memory(),
      clock: systemClock,
      random: systemRandom,
      payments: {
        providers: { sandbox: provider },
        readWebhook: readProviderWebhook,
        on: { 'payment.succeeded': ({ payment }) => void fulfilled.push(payment?.id) },
      },
    },
  )
  const pay = async (paymentMethod: string, operation = 'order-1'): Promise<TestAnswer> =>
    call(
      'POST',
      '/v1/payments',
      { amount, paymentMethod, confirm: true },
      { 'idempotency-key': operation },
    )
  return { app, provider, fulfilled, call, pay }
}

test('a payment is made once for each operation id, read, and given back', async () => {
  const { call, pay, fulfilled } = await open()
  const first = await pay(SANDBOX_METHODS.success)
  expect(first).toMatchObject({ status: 201, body: { state: 'succeeded', amount } })
  expect(first.body).not.toHaveProperty('raw')
  const id = String(first.body['id'])
  expect((await pay(SANDBOX_METHODS.success)).body['id']).toBe(id)
  expect(fulfilled).toEqual([id])
  const refund = { payment: id, amount: { amount: '10.00', currency: 'EUR' }, operationId: 'r-1' }
  expect(await call('POST', '/v1/refunds', refund)).toMatchObject({
    status: 201,
    body: { state: 'succeeded', paymentId: id },
  })
  expect(
    await call('POST', '/v1/refunds', { payment: id, amount, operationId: 'r-2' }),
  ).toMatchObject({ status: 409, body: { code: 'refund_exceeds_capture' } })
  expect(await call('GET', `/v1/payments/${id}`)).toMatchObject({
    status: 200,
    body: { refundable: { amount: '39.90', currency: 'EUR' } },
  })
  expect(await call('GET', `/v1/payments/${id}/refunds`)).toMatchObject({
    body: { refunds: [{ paymentId: id }] },
  })
  const trail = await call('GET', `/v1/payments/${id}/audit-trail?limit=1`)
  expect(trail.body['entries']).toHaveLength(1)
})

test('3-D Secure: a payment waits for its customer, and is confirmed', async () => {
  const { call, pay } = await open()
  const waiting = await pay(SANDBOX_METHODS.threeDSecure)
  expect(waiting.body).toMatchObject({ state: 'requires_action', nextAction: { type: 'redirect' } })
  const path = `/v1/payments/${String(waiting.body['id'])}/confirm`
  expect(await call('POST', path, { operationId: 'order-1-c' })).toMatchObject({
    status: 200,
    body: { state: 'succeeded' },
  })
})

test.each([
  [{}, 400, 'invalid_request'],
  [{ operationId: 'o', amount: { amount: '1.001', currency: 'EUR' } }, 422, 'invalid_request'],
  [{ operationId: 'o', amount: 49.9 }, 422, 'invalid_request'],
  [{ operationId: 'o', amount, signal: {} }, 422, 'invalid_request'],
  [{ operationId: 'o', amount, colour: 'red' }, 400, 'invalid_request'],
  [{ operationId: 'o', amount, paymentMethod: '4242424242424242' }, 400, 'invalid_request'],
  ['{"operationId":"o","amount":{"amount":"1.00","currency":"EUR"},"__proto__":1}', 400, undefined],
  ['[]', 422, 'invalid_body'],
  [{ operationId: 'o', amount, paymentMethod: 'pm_declined', confirm: true }, 402, 'declined'],
])('a payment that cannot be made is a problem of its sender: %j', async (body, status, code) => {
  const { call } = await open()
  const answer = await call('POST', '/v1/payments', body)
  expect(answer).toMatchObject({ status, body: { status, ...(code && { code }) } })
  expect(JSON.stringify(answer)).not.toContain('4242')
})

test('one operation id is said once', async () => {
  const { call } = await open()
  const request = { operationId: 'a', amount }
  expect(await call('POST', '/v1/payments', request, { 'idempotency-key': 'b' })).toMatchObject({
    status: 422,
    body: { code: 'invalid_request' },
  })
})

test('subscriptions begin, change and end', async () => {
  const { call } = await open()
  const plan = await call('POST', '/v1/subscriptions/plans', {
    operationId: 'plan',
    name: 'Pro',
    amount,
    interval: { unit: 'month' },
  })
  expect(plan.status).toBe(201)
  const begun = await call('POST', '/v1/subscriptions', {
    operationId: 'sub',
    plan: plan.body['reference'],
    customer: 'cus_1',
    paymentMethod: SANDBOX_METHODS.success,
  })
  expect(begun).toMatchObject({ status: 201, body: { quantity: 1 } })
  const path = `/v1/subscriptions/${String(begun.body['id'])}`
  expect(await call('PATCH', path, { operationId: 'c', quantity: 3 })).toMatchObject({
    status: 200,
    body: { quantity: 3 },
  })
  expect(
    await call('POST', `${path}/cancel`, { operationId: 'x', at: 'period_end' }),
  ).toMatchObject({ body: { cancelAtPeriodEnd: true } })
})

test('webhooks of a provider need a signature, and fulfil once', async () => {
  const { app, provider, pay, call, fulfilled } = await open()
  const processing = await pay(SANDBOX_METHODS.processing)
  const body = JSON.stringify(provider.settle(String(processing.body['reference']), 'succeeded'))
  const deliver = async (signed: string, path = 'sandbox'): Promise<number> => {
    const headers = { ...(await signWebhook(body, signed)), 'content-type': 'application/json' }
    return (await app.request(`/v1/webhooks/in/${path}`, { method: 'POST', body, headers })).status
  }
  expect(await deliver(generateWebhookSecret())).toBe(401)
  expect(fulfilled).toEqual([])
  expect(await deliver(secret)).toBe(200)
  expect(await deliver(secret)).toBe(200)
  expect(fulfilled).toEqual([processing.body['id']])
  expect(await call('GET', `/v1/payments/${String(processing.body['id'])}`)).toMatchObject({
    body: { state: 'succeeded' },
  })
  for (const other of ['stripe', '__proto__']) expect(await deliver(secret, other)).toBe(404)
})

test('an authentic webhook that cannot be understood is taken: another try would change nothing', async () => {
  const { app, fulfilled } = await open()
  for (const body of ['{}', '{"object":"sandbox.event","id":"e","type":"x","at":1}']) {
    const headers = { ...(await signWebhook(body, secret)), 'content-type': 'application/json' }
    const answer = await app.request('/v1/webhooks/in/sandbox', { method: 'POST', body, headers })
    expect(answer.status).toBe(200)
  }
  expect(fulfilled).toEqual([])
})

test('what is not there is 404, what the provider cannot do is 501, and all of it wants an API key', async () => {
  const { call } = await open()
  for (const path of ['', '/refunds', '/audit-trail'])
    expect(await call('GET', `/v1/payments/pay_nothing${path}`)).toMatchObject({ status: 404 })
  expect(await call('GET', '/v1/subscriptions/sub_nothing')).toMatchObject({ status: 404 })
  expect(await call('GET', '/v1/disputes')).toMatchObject({
    status: 501,
    body: { code: 'unsupported' },
  })
  const without = { authorization: '' }
  for (const path of ['/v1/payments', '/v1/refunds', '/v1/subscriptions'])
    expect((await call('POST', path, {}, without)).status).toBe(401)
})
