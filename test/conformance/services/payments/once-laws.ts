import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { PaymentEvent } from '../../../../src/services/payments/incoming/payment-event.ts'
import {
  declined,
  EUR_50,
  idOfFailed,
  isPaymentError,
  lostAnswer,
  openPayments,
  processing,
  success,
  type PaymentHarness,
} from './fixture.ts'

const pay = { amount: EUR_50, paymentMethod: success, confirm: true } as const

/** What is told, counted and tried once, and looked for until it is known. */
export const onceLaws: readonly Law<PaymentHarness>[] = [
  {
    name: 'what happened is told once, be it by an answer, by one webhook or by several',
    async run(harness) {
      const seen: string[] = []
      const on = { '*': ({ type }: PaymentEvent) => void seen.push(type) }
      const { payments, provider } = await openPayments(harness, { on })
      const { reference } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        paymentMethod: processing,
      })
      for (let report = 0; report < 2; report++)
        await payments.processPayment(provider.event(reference ?? ''))
      expectEqual(seen, ['payment.processing'])
      await payments.processPayment(provider.settle(reference ?? '', 'failed'))
      expectEqual(seen, ['payment.processing', 'payment.failed'])
    },
  },
  {
    name: 'a confirmation is one attempt for each operation id, also when it was declined',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const id = await idOfFailed(() =>
        payments.createPaymentIntent({ ...pay, operationId: 'o', paymentMethod: declined }),
      )
      for (let time = 0; time < 3; time++)
        await expectRejection(
          () => payments.confirmPayment(id, { operationId: 'c', paymentMethod: declined }),
          isPaymentError('declined'),
          'the same decline',
        )
      expectEqual(provider.carriedOut.create, 2)
      await expectRejection(
        () => payments.confirmPayment(id, { operationId: 'c', paymentMethod: success }),
        isPaymentError('conflict'),
        'a conflict',
      )
      const paid = await payments.confirmPayment(id, { operationId: 'd', paymentMethod: success })
      expectEqual(paid.state, 'succeeded')
    },
  },
  {
    name: 'a rule on velocity counts a payment once, however often it is asked for at once',
    async run(harness) {
      const { payments, another } = await openPayments(harness, {
        fraud: [{ type: 'velocity', by: 'customer', limit: 1, window: '1h', action: 'block' }],
      })
      const request = { ...pay, operationId: 'o', fraud: { customer: 'c' } }
      const made = await Promise.all(
        Array.from({ length: 5 }, () => another().createPaymentIntent(request)),
      )
      expectEqual(new Set(made.map(({ id }) => id)).size, 1)
      await expectRejection(
        () => payments.createPaymentIntent({ ...request, operationId: 'p' }),
        isPaymentError('blocked'),
        'the second payment to be blocked',
      )
    },
  },
  {
    name: 'a refund that fails after it was seen at the provider is refundable again',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const { id } = await payments.createPaymentIntent({ ...pay, operationId: 'o' })
      const { reference } = await payments.refundPayment(id, { operationId: 'r' })
      await payments.retrievePayment(id, { refresh: true })
      await payments.processPayment(provider.settleRefund(reference ?? '', 'failed'))
      expectEqual((await payments.retrievePayment(id)).refundable, EUR_50)
      expectEqual((await payments.retrievePayment(id, { refresh: true })).refundable, EUR_50)
    },
  },
  {
    name: 'reconcileAll() comes to everything in turn, though much stays open for days',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      for (let index = 0; index < 12; index++)
        await payments.createPaymentIntent({
          ...pay,
          operationId: `slow-${index}`,
          paymentMethod: processing,
        })
      await harness.advance(1000)
      const id = await idOfFailed(() =>
        payments.createPaymentIntent({ ...pay, operationId: 'o', paymentMethod: lostAnswer }),
      )
      await harness.advance(61_000)
      let looked = 0
      for (let sweep = 0; sweep < 5; sweep++)
        looked += (await payments.reconcileAll({ limit: 3 })).looked
      expectEqual([(await payments.retrievePayment(id)).state, looked], ['succeeded', 13])
      // What stays as it is leaves no trace, however often it is looked at.
      const before = provider.carriedOut.retrieve
      for (let day = 0; day < 3; day++) {
        await harness.advance(86_400_000)
        await payments.reconcileAll()
      }
      expectEqual(provider.carriedOut.retrieve - before, 36)
      const slow = await payments.createPaymentIntent({
        ...pay,
        operationId: 'slow-0',
        paymentMethod: processing,
      })
      expectEqual((await payments.auditTrail(slow.id)).length, 2)
    },
  },
]
