import { expect, test, vi } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createPayments, money } from '../index.ts'
import { paypal } from './paypal.ts'
import { sandbox } from './sandbox.ts'
import { square } from './square.ts'
import { stripe } from './stripe.ts'

const makers: Readonly<Record<string, (more: object) => unknown>> = {
  stripe: (more) => stripe({ secretKey: 'sk_test_1', ...more }),
  paypal: (more) => paypal({ clientId: 'c', clientSecret: 's', ...more }),
  square: (more) => square({ accessToken: 'a', locationId: 'L1', ...more }),
}

test.for(Object.keys(makers))(
  '%s() refuses what it does not know, and lengths of time that are none',
  (name) => {
    const make = makers[name]
    expect(() => make?.({ webhookSecrets: 'whsec_1' })).toThrow('"webhookSecrets" is not known')
    for (const timeoutMs of [NaN, Infinity, -1, 0, 1.5, '60000'])
      expect(() => make?.({ timeoutMs }), String(timeoutMs)).toThrow('timeoutMs')
  },
)

test('sandbox() refuses what it does not know', () => {
  expect(() => sandbox({ pendingRefund: true } as object)).toThrow('"pendingRefund" is not known')
})

test('PayPal: what the payer has approved becomes a token to pay with', async () => {
  const seen: (readonly [string, unknown])[] = []
  const provider = paypal({
    clientId: 'c',
    clientSecret: 's',
    async fetch(url, init) {
      const { pathname } = new URL(url)
      if (pathname.endsWith('/token')) return Response.json({ access_token: 'A', expires_in: 9000 })
      seen.push([pathname, JSON.parse(typeof init?.body === 'string' ? init.body : '')])
      if (pathname.endsWith('/payment-tokens')) return Response.json({ id: 'TOKEN1' })
      const links = [{ rel: 'approve', href: 'https://paypal.example/approve' }]
      return Response.json({ id: 'SETUP1', status: 'PAYER_ACTION_REQUIRED', links })
    },
  })
  const payments = createPayments({ backend: memory(), providers: { paypal: provider } })
  const asked = await payments.createSetupIntent({
    operationId: 'save',
    returnUrl: 'https://shop.example/back',
  })
  expect(asked).toMatchObject({ state: 'requires_action', paymentMethod: null })
  const saved = await payments.createSetupIntent({
    operationId: 'saved',
    paymentMethod: asked.reference,
  })
  expect(saved).toMatchObject({ state: 'succeeded', paymentMethod: 'TOKEN1' })
  expect(seen.at(-1)).toEqual([
    '/v3/vault/payment-tokens',
    { payment_source: { token: { id: 'SETUP1', type: 'SETUP_TOKEN' } } },
  ])
})

test('a dispute in another currency, or told late, does not change amounts for the worse', async () => {
  const payments = createPayments({
    backend: memory(),
    providers: {
      paypal: paypal({
        clientId: 'c',
        clientSecret: 's',
        fetch: async (url) => Response.json(orderOr(url)),
      }),
    },
  })
  const { id } = await payments.createPaymentIntent({
    operationId: 'o',
    amount: money('50.00', 'EUR'),
  })
  await payments.retrievePayment(id, { refresh: true })
  const tell = (status: string, at: number, value: string, currency: string): Promise<unknown> =>
    payments.processPayment({
      id: `WH-${at}`,
      event_type: 'CUSTOMER.DISPUTE.UPDATED',
      create_time: new Date(at).toISOString(),
      resource: {
        dispute_id: 'PP-D-1',
        status,
        dispute_amount: { value, currency_code: currency },
        disputed_transactions: [{ seller_transaction_id: 'CAP1' }],
      },
    })
  await tell('UNDER_REVIEW', 2000, '8000', 'JPY')
  await tell('OPEN', 1000, '1.00', 'EUR')
  expect((await payments.retrievePayment(id)).amounts.disputed).toEqual(money('50.00', 'EUR'))
  await tell('UNDER_REVIEW', 3000, '20.00', 'EUR')
  expect((await payments.retrievePayment(id)).amounts.disputed).toEqual(money('20.00', 'EUR'))
})

function orderOr(url: string): object {
  if (url.endsWith('/token')) return { access_token: 'A', expires_in: 9000 }
  const amount = { value: '50.00', currency_code: 'EUR' }
  const captures = [{ id: 'CAP1', status: 'COMPLETED', amount }]
  return { id: 'O1', status: 'COMPLETED', purchase_units: [{ amount, payments: { captures } }] }
}

test('Stripe: a library that is not there is a fault of configuration, told with the first call', async () => {
  vi.doMock('./stripe/stripe-calls.ts', () => {
    throw new Error('Cannot find package stripe')
  })
  const provider = stripe({ secretKey: 'sk_test_1' })
  await expect(provider.retrieveRefund('re_1', {})).rejects.toMatchObject({
    name: 'PaymentError',
    code: 'configuration',
    message:
      'Cannot use Stripe: its library cannot be loaded, the package stripe expected beside this one',
  })
  vi.doUnmock('./stripe/stripe-calls.ts')
  const called: string[] = []
  const again = stripe({
    secretKey: 'sk_test_1',
    async fetch(url) {
      called.push(new URL(url).pathname)
      return Response.json({ error: { type: 'invalid_request_error' } }, { status: 404 })
    },
  })
  await expect(again.retrieveRefund('re_1', {})).rejects.toMatchObject({ code: 'not_found' })
  expect(called).toEqual(['/v1/refunds/re_1'])
})
