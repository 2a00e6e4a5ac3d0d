import { expect, test } from 'vitest'
import { idOfFailed } from '../../../../test/conformance/services/payments/fixture.ts'
import { createPaypalStandIn } from '../../../../test/support/payments/paypal-stand-in.ts'
import { createSquareStandIn } from '../../../../test/support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { createPayments, money } from '../index.ts'
import { paypal } from '../providers/paypal.ts'
import { textAt } from '../providers/provider-http.ts'
import { square } from '../providers/square.ts'
import { stripe } from '../providers/stripe.ts'
import type { PaymentEvent } from './payment-event.ts'

const amount = money('50.00', 'EUR')

function openPaypal() {
  const standIn = createPaypalStandIn(Date.now)
  const provider = paypal({ clientId: 'c', clientSecret: 's', fetch: standIn.fetch })
  const seen: (readonly [string, string | undefined])[] = []
  const errors: unknown[] = []
  const payments = createPayments({
    backend: memory(),
    providers: { paypal: provider },
    on: { '*': ({ type, payment }) => void seen.push([type, payment?.state]) },
    onError: (error) => void errors.push(error),
  })
  const post = async (path: string, body: Json): Promise<Json> => {
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await standIn.fetch(`https://paypal.example${path}`, init)).json() as Promise<Json>
  }
  return { standIn, payments, seen, errors, post }
}

test('PayPal: an order that somebody else made with our id is not taken for our payment', async () => {
  const { standIn, payments, seen, errors, post } = openPaypal()
  const made = await payments.createPaymentIntent({ operationId: 'o', amount })
  seen.length = 0
  const forged = await post('/v2/checkout/orders', {
    intent: 'CAPTURE',
    purchase_units: [{ custom_id: made.id, amount: { currency_code: 'EUR', value: '0.01' } }],
  })
  const id = textAt(forged, 'id') ?? ''
  standIn.setStatus(id, 'APPROVED')
  const paid = await post(`/v2/checkout/orders/${id}/capture`, {})
  await payments.processPayment(standIn.event('CHECKOUT.ORDER.COMPLETED', paid))
  await payments.processPayment(standIn.event('PAYMENT.CAPTURE.COMPLETED', standIn.captureOf(id)))
  const { state, amounts } = await payments.retrievePayment(made.id)
  expect([state, amounts.captured.minor]).toEqual(['requires_action', 0n])
  expect(seen).toEqual([['payment.processing', undefined]])
  expect(errors).toMatchObject([{ code: 'conflict', paymentId: made.id }])
})

test('PayPal: one of several captures is not told as the success of the payment', async () => {
  const { standIn, payments, seen } = openPaypal()
  const made = await payments.createPaymentIntent({ operationId: 'o', amount, capture: 'manual' })
  const reference = made.reference ?? ''
  standIn.setStatus(reference, 'APPROVED')
  await payments.confirmPayment(made.id, { operationId: 'c' })
  await payments.capturePayment(made.id, { operationId: '1', amount: money('20.00', 'EUR') })
  seen.length = 0
  const tell = (): Promise<unknown> =>
    payments.processPayment(
      standIn.event('PAYMENT.CAPTURE.COMPLETED', standIn.captureOf(reference)),
    )
  await tell()
  expect(seen).toEqual([])
  await payments.capturePayment(made.id, { operationId: '2' })
  await tell()
  expect(seen).toEqual([['payment.succeeded', 'succeeded']])
})

test('Stripe: a payment of a connected account that bears our id is not ours', async () => {
  const standIn = createStripeStandIn(Date.now)
  const seen: PaymentEvent[] = []
  const payments = createPayments({
    backend: memory(),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', fetch: standIn.fetch }) },
    on: { '*': (event) => void seen.push(event) },
  })
  const made = await payments.createPaymentIntent({ operationId: 'o', amount })
  const other = {
    id: 'pi_other',
    object: 'payment_intent',
    amount: 5000,
    amount_capturable: 0,
    amount_received: 5000,
    currency: 'eur',
    client_secret: null,
    last_payment_error: null,
    latest_charge: null,
    next_action: null,
    status: 'succeeded',
    metadata: { payment_id: made.id },
  }
  const event = { object: 'event', type: 'payment_intent.succeeded', created: 1, livemode: false }
  for (const [id, account] of [['evt_1', 'acct_other'] as const, ['evt_2', undefined] as const])
    await payments.processPayment({
      ...event,
      id,
      ...(account !== undefined && { account }),
      data: { object: other },
    })
  expect((await payments.retrievePayment(made.id)).state).toBe('requires_payment_method')
  // Told once, as a payment that was not made here.
  expect(seen.map(({ payment, paymentReference }) => [payment, paymentReference])).toEqual([
    [null, 'pi_other'],
  ])
})

test('Square: a declined attempt that is told late does not take the place of the next one', async () => {
  const standIn = createSquareStandIn(Date.now)
  const provider = square({ accessToken: 'a', locationId: 'L1', fetch: standIn.fetch })
  const payments = createPayments({ backend: memory(), providers: { square: provider } })
  const pay = { operationId: 'o', amount, confirm: true }
  const paymentId = await idOfFailed(() =>
    payments.createPaymentIntent({ ...pay, paymentMethod: 'cnon:declined' }),
  )
  const event = {
    merchant_id: 'M1',
    event_id: 'e1',
    type: 'payment.updated',
    created_at: new Date().toISOString(),
    data: {
      object: {
        payment: {
          id: 'FAILED1',
          status: 'FAILED',
          amount_money: { amount: 5000, currency: 'EUR' },
          reference_id: paymentId,
        },
      },
    },
  }
  await payments.processPayment(event)
  const paid = await payments.confirmPayment(paymentId, {
    operationId: 'c',
    paymentMethod: 'cnon:ok',
  })
  await payments.processPayment({ ...event, event_id: 'e2' })
  expect((await payments.retrievePayment(paymentId)).state).toBe('succeeded')
  expect(paid.reference).not.toBe('FAILED1')
})

test('Stripe: a page that nobody paid on in time ends its payment, told or asked', async () => {
  for (const how of ['told', 'asked']) {
    const standIn = createStripeStandIn(Date.now)
    const page = {
      id: 'cs_1',
      object: 'checkout.session',
      url: 'https://checkout.stripe.com/c/1',
      expires_at: 2_000_000_000,
      payment_intent: null,
      currency: 'eur',
      amount_total: 5000,
      status: 'open',
      metadata: {},
    }
    const provider = stripe({
      secretKey: 'sk_test_1',
      fetch: async (url, init) =>
        String(url).includes('/checkout/sessions') ? Response.json(page) : standIn.fetch(url, init),
    })
    const payments = createPayments({ backend: memory(), providers: { stripe: provider } })
    const checkout = await payments.createCheckout({
      operationId: 'o',
      amount,
      name: 'Chair',
      returnUrl: 'https://shop.example/back',
    })
    const { id } = checkout.payment
    expect((await payments.retrievePayment(id, { refresh: true })).state).toBe('requires_action')
    page.status = 'expired'
    if (how === 'told')
      await payments.processPayment({
        id: 'evt_1',
        object: 'event',
        type: 'checkout.session.expired',
        created: 1,
        livemode: false,
        data: { object: { ...page, metadata: { payment_id: id } } },
      })
    const after = await payments.retrievePayment(id, { refresh: how === 'asked' })
    expect([after.state, after.amounts.captured.minor]).toEqual(['expired', 0n])
    expect((await payments.retrievePayment(id, { refresh: true })).state).toBe('expired')
  }
})

test('Square: a payment on a page is known by its order, told or asked', async () => {
  for (const how of ['told', 'asked']) {
    const paid = {
      id: 'PAY1',
      status: 'COMPLETED',
      order_id: 'ORD1',
      amount_money: { amount: 5000, currency: 'EUR' },
      updated_at: new Date().toISOString(),
    }
    let isPaid = false
    const provider = square({
      accessToken: 'a',
      locationId: 'L1',
      async fetch(url) {
        if (url.endsWith('/payment-links'))
          return Response.json({
            payment_link: { id: 'L1', order_id: 'ORD1', url: 'https://square.link/u/1' },
          })
        if (url.endsWith('/orders/ORD1'))
          return Response.json({ order: isPaid ? { tenders: [{ payment_id: 'PAY1' }] } : {} })
        return Response.json({ payment: paid })
      },
    })
    let succeeded = 0
    const payments = createPayments({
      backend: memory(),
      providers: { square: provider },
      on: { 'payment.succeeded': () => void succeeded++ },
    })
    const { payment } = await payments.createCheckout({
      operationId: 'o',
      amount,
      name: 'Chair',
      returnUrl: 'https://shop.example/back',
    })
    expect((await payments.reconcile(payment.id)).state).toBe('requires_action')
    isPaid = true
    if (how === 'asked') await payments.reconcile(payment.id)
    else
      await payments.processPayment({
        merchant_id: 'M1',
        event_id: 'e1',
        type: 'payment.updated',
        created_at: paid.updated_at,
        data: { object: { payment: paid } },
      })
    const after = await payments.retrievePayment(payment.id)
    expect([after.state, after.reference, succeeded]).toEqual(['succeeded', 'PAY1', 1])
  }
})
