import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { createPayments, money } from '../index.ts'
import { sandbox } from '../providers/sandbox.ts'
import { square } from '../providers/square.ts'

const amount = money('50.00', 'EUR')

test.for([
  ['paymentMethod'],
  ['customer'],
  ['description'],
  ['statementDescriptor'],
  ['receiptEmail'],
  ['provider'],
])('a card number as %s is refused, and is in no message', async ([name = '']) => {
  const payments = createPayments({ backend: memory(), providers: { sandbox: sandbox() } })
  for (const card of ['4242424242424242', '4242 4242 4242 4242']) {
    const request = { operationId: 'o', amount, [name]: card }
    const error: unknown = await payments
      .createPaymentIntent(request)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_request' })
    expect(String(error)).not.toContain('4242')
  }
})

test.for<readonly [string, object]>([
  ['of an unknown name', { costumer: 'c-1' }],
  ['that is no text', { customer: 7 }],
  ['that is a list', { customer: ['c-1'] }],
])('a fraud signal %s is refused: its rules would say nothing', async ([, fraud]) => {
  const payments = createPayments({
    backend: memory(),
    providers: { sandbox: sandbox() },
    fraud: [{ type: 'velocity', by: 'customer', limit: 1, window: '1h', action: 'block' }],
  })
  await expect(
    payments.createPaymentIntent({ operationId: 'o', amount, fraud }),
  ).rejects.toMatchObject({ code: 'invalid_request' })
})

test('of two refunds without an answer one was made: neither is called failed by their sum', async () => {
  const clock = createFakeClock()
  const provider = sandbox()
  const payments = createPayments({ backend: memory({ clock }), providers: { provider }, clock })
  const { id } = await payments.createPaymentIntent({
    operationId: 'o',
    amount,
    paymentMethod: 'pm_success',
    confirm: true,
  })
  for (const [operationId, failure] of [
    ['made', 'lost_answer'],
    ['not', 'indeterminate'],
  ] as const) {
    provider.failNext('refund', failure)
    await expect(
      payments.refundPayment(id, { operationId, amount: money('10.00', 'EUR') }),
    ).rejects.toMatchObject({ code: 'indeterminate' })
  }
  await clock.advance(25 * 3_600_000)
  await expect(payments.reconcile(id)).rejects.toMatchObject({ code: 'indeterminate' })
  const { refundable } = await payments.retrievePayment(id)
  expect(refundable).toEqual(money('30.00', 'EUR'))
  expect((await payments.listRefunds(id)).map(({ state }) => state)).toEqual([
    'indeterminate',
    'indeterminate',
  ])
})

test('rules judge pages to pay on as well, once for each', async () => {
  const provider = sandbox()
  const payments = createPayments({
    backend: memory(),
    providers: { provider },
    fraud: [
      { type: 'velocity', by: 'customer', limit: 1, window: '1h', action: 'block' },
      { type: 'amount', atLeast: money('100.00', 'EUR'), action: 'review' },
    ],
  })
  const page = {
    operationId: 'o',
    amount: money('100.00', 'EUR'),
    name: 'Chair',
    returnUrl: 'https://shop.example/back',
    fraud: { customer: 'c' },
  }
  const made = await payments.createCheckout(page)
  expect((await payments.createCheckout(page)).url).toBe(made.url)
  expect(made.payment.metadata).toEqual({ review: 'required' })
  await expect(payments.createCheckout({ ...page, operationId: 'p' })).rejects.toMatchObject({
    code: 'blocked',
  })
})

test('where 3-D Secure cannot be asked for, a payment that needs it is refused and not made', async () => {
  const fetch = (): never => {
    throw new Error('nothing was to be called')
  }
  const provider = square({ accessToken: 'a', locationId: 'L1', fetch })
  const payments = createPayments({
    backend: memory(),
    providers: { provider },
    fraud: [{ type: 'country_mismatch', action: 'challenge' }],
  })
  const request = { operationId: 'o', amount, paymentMethod: 'cnon:ok', confirm: true }
  const fraud = { paymentCountry: 'DE', customerCountry: 'FR' }
  for (const more of [{ fraud }, { threeDSecure: 'challenge' as const }])
    await expect(payments.createPaymentIntent({ ...request, ...more })).rejects.toMatchObject({
      code: 'unsupported',
    })
})
