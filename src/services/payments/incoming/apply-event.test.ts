import { expect, test } from 'vitest'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createPayments, money } from '../index.ts'
import { stripe } from '../providers/stripe.ts'

test('a refund made at Stripe is not taken for one of ours whose answer was lost, though as large', async () => {
  const standIn = createStripeStandIn(Date.now)
  const payments = createPayments({
    backend: memory(),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', fetch: standIn.fetch }) },
  })
  const { id, reference } = await payments.createPaymentIntent({
    operationId: 'o',
    amount: money('50.00', 'EUR'),
    paymentMethod: 'pm_card_visa',
    confirm: true,
  })
  const refund = { operationId: 'r', amount: money('10.00', 'EUR') }
  standIn.loseAnswer('/v1/refunds')
  await expect(payments.refundPayment(id, refund)).rejects.toMatchObject({ code: 'indeterminate' })
  const [ours] = await payments.listRefunds(id)
  const told = (name: string, metadata: { readonly [key: string]: string }) =>
    payments.processPayment({
      id: `evt_${name}`,
      object: 'event',
      type: 'refund.created',
      created: 1,
      livemode: false,
      data: {
        object: {
          id: name,
          object: 'refund',
          amount: 1000,
          currency: 'eur',
          status: 'succeeded',
          payment_intent: reference,
          metadata,
        },
      },
    })
  await told('re_dashboard', {})
  const { refundable } = await payments.retrievePayment(id)
  expect(refundable).toEqual(money('30.00', 'EUR'))
  await told('re_ours', { refund_id: ours?.id ?? '' })
  expect(await payments.listRefunds(id)).toMatchObject([
    { id: ours?.id, reference: 're_ours', state: 'succeeded' },
    { id: 'ext_re_dashboard', reference: 're_dashboard', state: 'succeeded' },
  ])
  expect((await payments.retrievePayment(id)).refundable).toEqual(money('30.00', 'EUR'))
})

test('each decline at Stripe is told, each once', async () => {
  const standIn = createStripeStandIn(Date.now)
  let declines = 0
  const payments = createPayments({
    backend: memory(),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', fetch: standIn.fetch }) },
    on: { 'payment.failed': () => void declines++ },
  })
  const { reference } = await payments.createPaymentIntent({
    operationId: 'o',
    amount: money('50.00', 'EUR'),
  })
  for (let attempt = 1; attempt <= 2; attempt++) {
    const event = standIn.event(reference ?? '', 'payment_intent.payment_failed')
    for (let time = 0; time < 2; time++) await payments.processPayment(event)
    expect(declines).toBe(attempt)
  }
})
