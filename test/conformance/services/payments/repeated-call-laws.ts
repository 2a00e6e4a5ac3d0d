import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { money } from '../../../../src/services/payments/index.ts'
import type { Checkout } from '../../../../src/services/payments/intents/create-checkout.ts'
import type { Payment } from '../../../../src/services/payments/intents/payment.ts'
import { PaymentError } from '../../../../src/services/payments/payment-error.ts'
import type { ProviderCall } from '../../../../src/services/payments/providers/provider-payment.ts'
import type { PaymentProvider } from '../../../../src/services/payments/providers/provider.ts'
import type { Sandbox } from '../../../../src/services/payments/providers/sandbox.ts'
import type { Refund } from '../../../../src/services/payments/refunds/refund.ts'
import { EUR_50, isPaymentError, openPayments, success, type PaymentHarness } from './fixture.ts'

/** What one operation promises that is called for more than once. */
export const repeatedCallLaws: readonly Law<PaymentHarness>[] = [
  {
    name: 'a repeated call that is refused unseen says nothing about the first: what that did is kept, and done once',
    async run(harness) {
      for (const refusal of UNSEEN) {
        const { payments, provider } = await openPayments(harness)
        const request = { operationId: 'o', amount: EUR_50, paymentMethod: success, confirm: true }
        const create = (): Promise<Payment> => payments.createPaymentIntent(request)
        provider.failNext('create', 'lost_answer')
        await expectRejection(create, isPaymentError('indeterminate'), 'indeterminate')
        provider.failNext('create', refusal)
        await expectRejection(create, isPaymentError(refusal), refusal)
        const { id, state } = await create()
        const trail = await payments.auditTrail(id)
        expectEqual([state, trail[0]?.sequence, provider.carriedOut.create], ['succeeded', 1, 1])
        expectEqual(
          trail.map(({ action }) => action),
          ['create', 'unanswered', 'repeat', 'repeat', 'created'],
          refusal,
        )

        const refund = (): Promise<Refund> =>
          payments.refundPayment(id, { operationId: 'r', amount: money('10.00', 'EUR') })
        provider.failNext('refund', 'lost_answer')
        await expectRejection(refund, isPaymentError('indeterminate'), 'indeterminate')
        provider.failNext('refund', refusal)
        await expectRejection(refund, isPaymentError(refusal), refusal)
        const { refundable } = await payments.retrievePayment(id)
        expectEqual(refundable, money('40.00', 'EUR'), `held back after ${refusal}`)
        expectEqual([(await refund()).state, provider.carriedOut.refund], ['succeeded', 1], refusal)

        const held = await payments.createPaymentIntent({
          ...request,
          operationId: 'held',
          capture: 'manual',
        })
        const capture = (): Promise<Payment> =>
          payments.capturePayment(held.id, { operationId: 'c', amount: money('20.00', 'EUR') })
        provider.failNext('capture', 'indeterminate')
        await expectRejection(capture, isPaymentError('indeterminate'), 'indeterminate')
        provider.failNext('capture', refusal)
        await expectRejection(capture, isPaymentError(refusal), refusal)
        await expectRejection(
          () =>
            payments.capturePayment(held.id, { operationId: 'd', amount: money('40.00', 'EUR') }),
          isPaymentError('conflict'),
          `what may be captured already to be held back after ${refusal}`,
        )
        expectEqual((await capture()).amounts.captured, money('20.00', 'EUR'))

        const checkout = (): Promise<Checkout> =>
          payments.createCheckout({
            operationId: 'page',
            amount: EUR_50,
            name: 'Chair',
            returnUrl: 'https://shop.example/back',
          })
        provider.failNext('create', 'lost_answer')
        let page = ''
        await expectRejection(
          checkout,
          (error) => {
            page = (error as { paymentId?: string }).paymentId ?? ''
            return isPaymentError('indeterminate')(error)
          },
          'indeterminate',
        )
        provider.failNext('create', refusal)
        await expectRejection(checkout, isPaymentError(refusal), refusal)
        expectEqual((await payments.retrievePayment(page)).state, 'indeterminate', refusal)
        expectEqual((await checkout()).payment.id, page)
      }
    },
  },
  {
    name: 'a key that is in use at the provider costs the call that uses it nothing',
    async run(harness) {
      const { provider, another } = await openPayments(harness)
      const gate = keyInUse(provider)
      const payments = another({ providers: { sandbox: gate.provider } })
      const request = { operationId: 'o', amount: EUR_50, paymentMethod: success, confirm: true }
      const create = (): Promise<Payment> => payments.createPaymentIntent(request)
      const first = create()
      await gate.inside()
      await expectRejection(create, isPaymentError('conflict'), 'the second to be refused')
      gate.open()
      const { id, state } = await first
      expectEqual([state, (await payments.retrievePayment(id)).state], ['succeeded', 'succeeded'])
      const refund = (): Promise<Refund> => payments.refundPayment(id, { operationId: 'r' })
      const refunded = refund()
      await gate.inside()
      await expectRejection(refund, isPaymentError('conflict'), 'the second to be refused')
      await expectRejection(
        () => payments.refundPayment(id, { operationId: 'r2', amount: money('1.00', 'EUR') }),
        isPaymentError('refund_exceeds_capture'),
        'what is being given back to be held',
      )
      gate.open()
      expectEqual([(await refunded).state, (await refund()).state], ['succeeded', 'succeeded'])
      expectEqual([provider.carriedOut.create, provider.carriedOut.refund], [1, 1])
    },
  },
]

/** Refusals of a call that nobody has looked at: of too many, of our login, of a key in use. */
const UNSEEN = ['rate_limited', 'provider_unavailable', 'configuration', 'conflict'] as const

/** A provider that answers when told to, and refuses keys of calls that it has not answered. */
function keyInUse(provider: Sandbox): {
  readonly provider: PaymentProvider
  /** Resolves once a call waits for its answer. */
  inside(): Promise<void>
  /** Answers it. */
  open(): void
} {
  const inUse = new Set<string>()
  let told = Promise.withResolvers<void>()
  let answer = Promise.withResolvers<void>()
  async function answered<Found>(
    { idempotencyKey = '' }: ProviderCall,
    act: () => Promise<Found>,
  ): Promise<Found> {
    if (inUse.has(idempotencyKey))
      throw new PaymentError('conflict', 'The key is in use', { retryable: 'later' })
    inUse.add(idempotencyKey)
    told.resolve()
    await answer.promise
    inUse.delete(idempotencyKey)
    return act()
  }
  return {
    provider: {
      ...provider,
      createPayment: (request, call) => answered(call, () => provider.createPayment(request, call)),
      refundPayment: (handle, request, call) =>
        answered(call, () => provider.refundPayment(handle, request, call)),
    },
    inside: () => told.promise,
    open() {
      answer.resolve()
      answer = Promise.withResolvers()
      told = Promise.withResolvers()
    },
  }
}
