import { expect, test } from 'vitest'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { createPayments, money } from '../index.ts'
import { sandbox } from '../providers/sandbox.ts'
import { stripe } from '../providers/stripe.ts'

const ODD: readonly Json[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  '',
  'XXX',
  '__proto__',
  'constructor',
  [],
  [null],
  {},
]

/** Each value with one member taken out or exchanged, wherever it stands. */
function* variants(value: Json): Generator<Json> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    const without = Object.entries(value).filter(([name]) => name !== key)
    const put = (other: Json): Json => {
      if (!Array.isArray(value)) return { ...value, [key]: other }
      return value.map((one: Json, index) => (String(index) === key ? other : one))
    }
    if (!Array.isArray(value)) yield Object.fromEntries(without)
    for (const other of ODD) yield put(other)
    for (const other of variants(member)) yield put(other)
  }
}

test('a verified event that is not as it should be is a PaymentError, and leaves the payment as it was', async () => {
  const standIn = createStripeStandIn(Date.now)
  const toy = sandbox()
  const payments = createPayments({
    backend: memory(),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', fetch: standIn.fetch }), toy },
  })
  const pay = { amount: money('50.00', 'EUR'), confirm: true } as const
  const real = await payments.createPaymentIntent({
    ...pay,
    operationId: 'a',
    provider: 'stripe',
    paymentMethod: 'pm_card_visa',
  })
  const played = await payments.createPaymentIntent({
    ...pay,
    operationId: 'b',
    provider: 'toy',
    paymentMethod: 'pm_success',
  })
  const base = { id: 'evt_1', object: 'event', created: 1, livemode: false }
  const about = { amount: 100, currency: 'eur', payment_intent: real.reference, metadata: {} }
  const events: readonly (readonly [string, Json])[] = [
    ['stripe', standIn.event(real.reference ?? '', 'payment_intent.succeeded')],
    [
      'stripe',
      {
        ...base,
        type: 'charge.dispute.created',
        data: {
          object: {
            ...about,
            id: 'dp_1',
            object: 'dispute',
            status: 'needs_response',
            reason: 'fraudulent',
            evidence_details: { due_by: 5 },
          },
        },
      },
    ],
    [
      'stripe',
      {
        ...base,
        type: 'refund.created',
        data: { object: { ...about, id: 're_1', object: 'refund', status: 'succeeded' } },
      },
    ],
    ['toy', toy.event(played.reference ?? '')],
  ]
  let refused = 0
  for (const [provider, event] of events)
    for (const variant of variants(event)) {
      const outcome = payments.processPayment(variant, { provider })
      const error: unknown = await outcome.then(
        () => null,
        (thrown: unknown) => thrown,
      )
      if (error === null) continue
      refused++
      expect(error, JSON.stringify(variant)).toMatchObject({ name: 'PaymentError' })
    }
  expect(refused).toBeGreaterThan(100)
  for (const { id } of [real, played])
    expect(await payments.retrievePayment(id)).toMatchObject({
      state: 'succeeded',
      amount: pay.amount,
      amounts: { captured: pay.amount },
    })
})
