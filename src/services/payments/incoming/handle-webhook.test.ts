import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createSquareStandIn } from '../../../../test/support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import { readProviderWebhook } from '../../webhooks/receiving/read-provider-webhook.ts'
import { createPayments, money } from '../index.ts'
import { square } from '../providers/square.ts'
import { stripe } from '../providers/stripe.ts'
import type { PaymentEvent } from './payment-event.ts'

const SECRET = 'whsec_test_secret'
const OLD = 'whsec_test_secret_before'
const SQUARE_KEY = 'square_signature_key'

function openShop(more: Partial<Parameters<typeof createPayments>[0]> = {}) {
  const standIn = createStripeStandIn(Date.now)
  const squareStandIn = createSquareStandIn(Date.now)
  const payments = createPayments({
    backend: memory(),
    providers: {
      stripe: stripe({
        secretKey: 'sk_test_1',
        webhookSecret: [OLD, SECRET],
        fetch: standIn.fetch,
      }),
      square: square({
        accessToken: 'a',
        locationId: 'L1',
        webhook: { signatureKey: SQUARE_KEY, url: 'https://shop.example/square' },
        fetch: squareStandIn.fetch,
      }),
      bare: stripe({ secretKey: 'sk_test_1', fetch: standIn.fetch }),
    },
    readWebhook: readProviderWebhook,
    ...more,
  })
  return { standIn, squareStandIn, payments }
}

function signed(body: string, secret = SECRET, at = Math.floor(Date.now() / 1000)): Request {
  const v1 = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')
  return new Request('https://shop.example/stripe', {
    method: 'POST',
    body,
    headers: { 'stripe-signature': `t=${at},v1=${v1}`, 'content-type': 'application/json' },
  })
}

const pay = { operationId: 'o', amount: money('50.00', 'EUR'), provider: 'stripe' } as const

test('handleWebhook() verifies, takes in and handles once, also under a rotated secret', async () => {
  const { standIn, payments } = openShop()
  const made = await payments.createPaymentIntent({ ...pay, paymentMethod: 'pm_card_visa' })
  await payments.confirmPayment(made.id, { operationId: 'c' })
  const seen: PaymentEvent[] = []
  const on = { 'payment.succeeded': (event: PaymentEvent) => void seen.push(event) }
  const body = JSON.stringify(standIn.event(made.reference ?? '', 'payment_intent.succeeded'))
  for (const secret of [SECRET, OLD]) {
    const response = await payments.handleWebhook(signed(body, secret), { provider: 'stripe', on })
    expect([response.status, await response.text()]).toEqual([200, ''])
  }
  expect(seen.map(({ payment }) => payment?.id)).toEqual([made.id])
})

test('handleWebhook() refuses what is forged, old, from the future, or altered', async () => {
  const { standIn, payments } = openShop()
  const { reference, id } = await payments.createPaymentIntent(pay)
  const body = JSON.stringify(standIn.event(reference ?? '', 'payment_intent.canceled'))
  const now = Math.floor(Date.now() / 1000)
  const altered = signed(body)
  const forged = [
    signed(body, 'whsec_of_somebody_else'),
    signed(body, SECRET, now - 3600),
    signed(body, SECRET, now + 3600),
    new Request(altered, { body: `${body} `, method: 'POST', headers: altered.headers }),
    new Request('https://shop.example/stripe', { method: 'POST', body }),
  ]
  for (const request of forged) {
    const { status } = await payments.handleWebhook(request, { provider: 'stripe' })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  }
  expect((await payments.auditTrail(id)).length).toBe(2)
})

test('handleWebhook() refuses an authentic event of the other mode', async () => {
  const { standIn, payments } = openShop()
  const { reference } = await payments.createPaymentIntent(pay)
  const event = {
    ...(standIn.event(reference ?? '', 'payment_intent.succeeded') as object),
    livemode: true,
  }
  const response = await payments.handleWebhook(signed(JSON.stringify(event)), {
    provider: 'stripe',
  })
  expect(response.status).toBe(422)
})

test('handleWebhook() needs a secret, a reader and a Request, and says which', async () => {
  const { payments } = openShop()
  await expect(payments.handleWebhook(signed('{}'), { provider: 'bare' })).rejects.toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('no webhook secret'),
  })
  const blind = createPayments({
    backend: memory(),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', webhookSecret: SECRET }) },
  })
  await expect(blind.handleWebhook(signed('{}'))).rejects.toMatchObject({ code: 'configuration' })
  const parsed = { body: {} } as unknown as Request
  await expect(payments.handleWebhook(parsed, { provider: 'stripe' })).rejects.toThrow(TypeError)
  await expect(
    payments.handleWebhook(signed('{}'), {
      provider: 'stripe',
      on: { 'payment.suceeded': () => {} } as never,
    }),
  ).rejects.toThrow('never happens')
})

test('handleWebhook() takes Square’s signature over the URL as it is configured', async () => {
  const { squareStandIn, payments } = openShop()
  const made = await payments.createPaymentIntent({
    ...pay,
    provider: 'square',
    paymentMethod: 'cnon:ok',
    confirm: true,
  })
  const body = JSON.stringify(squareStandIn.event(made.reference ?? '', 'payment.updated'))
  const signature = createHmac('sha256', SQUARE_KEY)
    .update(`https://shop.example/square${body}`)
    .digest('base64')
  const request = (url: string): Request =>
    new Request(url, {
      method: 'POST',
      body,
      headers: { 'x-square-hmacsha256-signature': signature, 'content-type': 'application/json' },
    })
  const behindProxy = request('http://10.0.0.1:8080/square')
  expect((await payments.handleWebhook(behindProxy, { provider: 'square' })).status).toBe(200)
})
