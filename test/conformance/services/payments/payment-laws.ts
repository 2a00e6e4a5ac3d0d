import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { addMoney, minorMoney, money } from '../../../../src/services/payments/index.ts'
import type { PaymentEvent } from '../../../../src/services/payments/incoming/payment-event.ts'
import {
  declined,
  EUR_50,
  isPaymentError,
  openPayments,
  processing,
  success,
  threeDSecure,
  type PaymentHarness,
} from './fixture.ts'

const pay = { amount: EUR_50, paymentMethod: success, confirm: true } as const

/** What payments promise on every backend. */
export const paymentLaws: readonly Law<PaymentHarness>[] = [
  {
    name: 'createPaymentIntent() makes one payment for each operation id, however often it is asked',
    async run(harness) {
      const { payments, provider, another } = await openPayments(harness)
      const made = await Promise.all(
        Array.from({ length: 20 }, () =>
          another().createPaymentIntent({ operationId: 'o', ...pay }),
        ),
      )
      expectEqual(new Set(made.map(({ id }) => id)).size, 1)
      const again = await payments.createPaymentIntent({ operationId: 'o', ...pay })
      expectEqual(
        [again.state, again.amounts.captured, provider.carriedOut.create],
        ['succeeded', EUR_50, 1],
      )
      await payments.createPaymentIntent({ operationId: 'p', ...pay })
      expectEqual(provider.carriedOut.create, 2)
    },
  },
  {
    name: 'an operation id stands for one request: another one under it is a conflict and changes nothing',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      await payments.createPaymentIntent({ operationId: 'o', ...pay })
      await expectRejection(
        () =>
          payments.createPaymentIntent({ operationId: 'o', ...pay, amount: money('50.01', 'EUR') }),
        isPaymentError('conflict'),
        'a conflict',
      )
      expectEqual(provider.carriedOut.create, 1)
    },
  },
  {
    name: 'a refused request leaves nothing behind: its operation id is free for a corrected one',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      provider.failNext('create', 'invalid_request')
      await expectRejection(
        () => payments.createPaymentIntent({ operationId: 'o', ...pay, description: 'bad' }),
        isPaymentError('invalid_request'),
        'a refusal',
      )
      provider.failNext('create', 'provider_unavailable')
      await expectRejection(
        () => payments.createPaymentIntent({ operationId: 'o', ...pay, description: 'better' }),
        isPaymentError('provider_unavailable'),
        'no answer',
      )
      const made = await payments.createPaymentIntent({
        operationId: 'o',
        ...pay,
        description: 'good',
      })
      expectEqual([made.state, provider.carriedOut.create], ['succeeded', 1])
    },
  },
  {
    name: 'a declined payment says why, and goes on with another means of payment',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const request = { ...pay, operationId: 'o', paymentMethod: declined }
      await expectRejection(
        () => payments.createPaymentIntent(request),
        isPaymentError('declined'),
        'a decline',
      )
      const waiting = await payments.createPaymentIntent(request)
      expectEqual(
        [waiting.state, waiting.decline?.code],
        ['requires_payment_method', 'generic_decline'],
      )
      await expectRejection(
        () => payments.confirmPayment(waiting.id, { operationId: 'o2', paymentMethod: declined }),
        isPaymentError('declined'),
        'a second decline',
      )
      const paid = await payments.confirmPayment(waiting.id, {
        operationId: 'o3',
        paymentMethod: success,
      })
      expectEqual([paid.state, paid.decline], ['succeeded', null])
      expectEqual(provider.carriedOut.create, 3)
    },
  },
  {
    name: '3-D Secure: the customer is sent there, and the payment succeeds once they are back',
    async run(harness) {
      const { payments } = await openPayments(harness)
      const asked = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        paymentMethod: threeDSecure,
      })
      expectEqual([asked.state, asked.nextAction?.type], ['requires_action', 'redirect'])
      const paid = await payments.confirmPayment(asked.id, { operationId: 'back' })
      const again = await payments.confirmPayment(asked.id, { operationId: 'back' })
      expectEqual([paid.state, paid.nextAction, again.version], ['succeeded', null, paid.version])
    },
  },
  {
    name: 'capturePayment() captures in parts, never more than was authorized, each part once',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const { id } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        capture: 'manual',
      })
      const part = { operationId: 'c1', amount: money('20.00', 'EUR') }
      await payments.capturePayment(id, part)
      const same = await payments.capturePayment(id, part)
      expectEqual(
        [same.state, same.amounts.captured.toJSON().amount],
        ['requires_capture', '20.00'],
      )
      await expectRejection(
        () => payments.capturePayment(id, { operationId: 'c2', amount: money('30.01', 'EUR') }),
        isPaymentError('conflict'),
        'too much to be refused',
      )
      await expectRejection(
        () => payments.capturePayment(id, { operationId: 'c1', amount: money('1.00', 'EUR') }),
        isPaymentError('conflict'),
        'the used operation id to be refused',
      )
      const rest = await payments.capturePayment(id, { operationId: 'c3' })
      expectEqual(
        [rest.state, rest.amounts.captured, provider.carriedOut.capture],
        ['succeeded', EUR_50, 2],
      )
    },
  },
  {
    name: 'captures at once never take more than was authorized',
    async run(harness) {
      const { payments, another } = await openPayments(harness)
      const { id } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        capture: 'manual',
      })
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          another().capturePayment(id, { operationId: `c${index}`, amount: money('20.00', 'EUR') }),
        ),
      )
      expectEqual(results.filter(({ status }) => status === 'fulfilled').length, 2)
      const { amounts } = await payments.retrievePayment(id)
      expectEqual(amounts.captured.toJSON().amount, '40.00')
    },
  },
  {
    name: 'cancelPayment() ends what is not captured, and nothing else',
    async run(harness) {
      const { payments } = await openPayments(harness)
      const held = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        capture: 'manual',
      })
      const canceled = await payments.cancelPayment(held.id, { operationId: 'x' })
      const again = await payments.cancelPayment(held.id, { operationId: 'x' })
      expectEqual([canceled.state, again.version], ['canceled', canceled.version])
      const paid = await payments.createPaymentIntent({ ...pay, operationId: 'p' })
      await expectRejection(
        () => payments.cancelPayment(paid.id, { operationId: 'x' }),
        isPaymentError('conflict'),
        'a conflict',
      )
    },
  },
  {
    name: 'refunds at once never exceed what was captured, whoever asks for them',
    async run(harness) {
      const { payments, another, provider } = await openPayments(harness)
      const { id } = await payments.createPaymentIntent({ ...pay, operationId: 'o' })
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          another().refundPayment(id, { operationId: `r${index}`, amount: money('7.00', 'EUR') }),
        ),
      )
      const given = results.filter(({ status }) => status === 'fulfilled').length
      for (const result of results)
        if (result.status === 'rejected')
          expectTrue(
            isPaymentError('refund_exceeds_capture')(result.reason),
            `refund_exceeds_capture, got ${String(result.reason)}`,
          )
      const { amounts, refundable } = await payments.retrievePayment(id)
      expectEqual(
        [
          given,
          provider.carriedOut.refund,
          amounts.refunded.toJSON().amount,
          refundable.minor.toString(),
        ],
        [7, 7, '49.00', '100'],
      )
      const rest = await payments.refundPayment(id, { operationId: 'rest' })
      expectEqual(rest.amount.toJSON().amount, '1.00')
      await expectRejection(
        () => payments.refundPayment(id, { operationId: 'more' }),
        isPaymentError('refund_exceeds_capture'),
        'nothing to be left',
      )
    },
  },
  {
    name: 'a refund that fails gives its amount free again, also after it had succeeded',
    async run(harness) {
      const { payments, provider } = await openPayments(harness, {}, { pendingRefunds: true })
      const { id } = await payments.createPaymentIntent({ ...pay, operationId: 'o' })
      const refund = await payments.refundPayment(id, { operationId: 'r' })
      expectEqual(
        [refund.state, (await payments.retrievePayment(id)).refundable.minor.toString()],
        ['pending', '0'],
      )
      const failed = provider.settleRefund(refund.reference ?? '', 'failed')
      await payments.processPayment(failed)
      const after = await payments.retrievePayment(id)
      expectEqual(
        [after.refundable, (await payments.listRefunds(id))[0]?.state],
        [EUR_50, 'failed'],
      )
      const second = await payments.refundPayment(id, { operationId: 'r2' })
      await payments.processPayment(provider.settleRefund(second.reference ?? '', 'succeeded'))
      expectEqual((await payments.retrievePayment(id)).amounts.refunded, EUR_50)
    },
  },
  {
    name: 'a hundred reports of one success call its handler once',
    async run(harness) {
      const seen: PaymentEvent[] = []
      const on = { 'payment.succeeded': (event: PaymentEvent) => void seen.push(event) }
      const { payments, provider, another } = await openPayments(harness)
      const { id, reference } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        paymentMethod: processing,
      })
      const report = provider.settle(reference ?? '', 'succeeded')
      const others = Array.from({ length: 9 }, () => provider.event(reference ?? ''))
      await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          another({ on }).processPayment(index % 10 === 0 ? report : (others[index % 9] ?? report)),
        ),
      )
      expectEqual(
        [seen.length, seen[0]?.payment?.id, seen[0]?.payment?.state],
        [1, id, 'succeeded'],
      )
      await another({ on }).processPayment(provider.event(reference ?? ''))
      expectEqual(seen.length, 1)
    },
  },
  {
    name: 'a payment that was made elsewhere is told once as well, by the name the provider gives it',
    async run(harness) {
      const seen: PaymentEvent[] = []
      const elsewhere = await openPayments(harness)
      const { reference } = await elsewhere.payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
      })
      const on = { 'payment.succeeded': (event: PaymentEvent) => void seen.push(event) }
      const { payments } = await openPayments(harness, { on })
      for (let report = 0; report < 3; report++)
        await payments.processPayment(elsewhere.provider.event(reference ?? ''))
      expectEqual(
        seen.map(({ payment, paymentReference }) => [payment, paymentReference]),
        [[null, reference]],
      )
    },
  },
  {
    name: 'a handler that throws is called again with the next report, and its error is told',
    async run(harness) {
      let calls = 0
      const on = {
        'payment.succeeded': () => {
          calls++
          if (calls < 3) throw new Error('warehouse down')
        },
      }
      const { payments, provider } = await openPayments(harness, { on })
      const { reference } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        paymentMethod: processing,
      })
      const report = provider.settle(reference ?? '', 'succeeded')
      for (let attempt = 1; attempt <= 2; attempt++)
        await expectRejection(
          () => payments.processPayment(report),
          (error) => error instanceof Error && error.message === 'warehouse down',
          'its error',
        )
      await payments.processPayment(report)
      await payments.processPayment(report)
      expectEqual(calls, 3)
    },
  },
  {
    name: 'late and doubled reports do not move a payment backwards',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const { id, reference } = await payments.createPaymentIntent({
        ...pay,
        operationId: 'o',
        paymentMethod: processing,
      })
      const old = provider.event(reference ?? '')
      const news = provider.settle(reference ?? '', 'succeeded')
      for (const report of [news, old, news, old]) await payments.processPayment(report)
      expectEqual((await payments.retrievePayment(id)).state, 'succeeded')
    },
  },
  {
    name: 'what was asked for stands in the audit trail in order, without gaps and without tokens',
    async run(harness) {
      const { payments } = await openPayments(harness)
      const { id } = await payments.createPaymentIntent({ ...pay, operationId: 'o' })
      await payments.refundPayment(id, { operationId: 'r', amount: money('1.00', 'EUR') })
      const trail = await payments.auditTrail(id)
      expectEqual(
        trail.map(({ sequence }) => sequence),
        trail.map((_, index) => index + 1),
      )
      expectEqual(
        trail.map(({ action, to }) => [action, to]),
        [
          ['create', 'indeterminate'],
          ['created', 'succeeded'],
          ['refund', 'succeeded'],
          ['refund succeeded', 'succeeded'],
        ],
      )
      expectTrue(!JSON.stringify(trail).includes(success), 'no token in the trail')
      expectEqual((await payments.auditTrail(id, { after: 3 })).length, 1)
    },
  },
  {
    name: 'rules judge payments before they are made: block, challenge, review',
    async run(harness) {
      const { payments, provider } = await openPayments(harness, {
        fraud: [
          { type: 'velocity', by: 'customer', limit: 2, window: '1h', action: 'block' },
          { type: 'amount', atLeast: money('100.00', 'EUR'), action: 'review' },
          { type: 'country_mismatch', action: 'challenge' },
        ],
      })
      const fraud = { customer: 'c1', paymentCountry: 'DE', customerCountry: 'de' }
      const big = await payments.createPaymentIntent({
        ...pay,
        operationId: '1',
        amount: money('100.00', 'EUR'),
        fraud,
      })
      const abroad = await payments.createPaymentIntent({
        ...pay,
        operationId: '2',
        fraud: { ...fraud, paymentCountry: 'FR' },
      })
      expectEqual([big.state, abroad.state], ['requires_capture', 'requires_action'])
      await expectRejection(
        () => payments.createPaymentIntent({ ...pay, operationId: '3', fraud }),
        isPaymentError('blocked'),
        'the third to be blocked',
      )
      // Asking again for one that is there is no new payment.
      await payments.createPaymentIntent({
        ...pay,
        operationId: '2',
        fraud: { ...fraud, paymentCountry: 'FR' },
      })
      expectEqual(provider.carriedOut.create, 2)
    },
  },
  {
    name: 'a subscription is created once, changed, paused, canceled and taken back',
    async run(harness) {
      const { payments } = await openPayments(harness)
      const request = { operationId: 's', plan: 'gold', customer: 'cus', quantity: 2 }
      const [made, same] = await Promise.all([
        payments.subscriptions.create(request),
        payments.subscriptions.create(request),
      ])
      expectEqual([made.id, made.state, made.quantity], [same.id, 'active', 2])
      const { id } = made
      const changed = await payments.subscriptions.change(id, { operationId: '1', quantity: 5 })
      const paused = await payments.subscriptions.pause(id, { operationId: '2' })
      const resumed = await payments.subscriptions.resume(id, { operationId: '3' })
      const ending = await payments.subscriptions.cancel(id, { operationId: '4' })
      const kept = await payments.subscriptions.reactivate(id, { operationId: '5' })
      const ended = await payments.subscriptions.cancel(id, { operationId: '6', at: 'now' })
      expectEqual(
        [
          changed.quantity,
          paused.state,
          resumed.state,
          ending.cancelAtPeriodEnd,
          kept.cancelAtPeriodEnd,
          ended.state,
        ],
        [5, 'paused', 'active', true, false, 'canceled'],
      )
      await expectRejection(
        () => payments.subscriptions.create({ ...request, quantity: 3 }),
        isPaymentError('conflict'),
        'a conflict',
      )
    },
  },
  {
    name: 'reading what does not exist creates nothing and says so',
    async run(harness) {
      const { payments } = await openPayments(harness)
      for (const act of [
        () => payments.retrievePayment('pay_none'),
        () => payments.refundPayment('pay_none', { operationId: 'r' }),
        () => payments.capturePayment('pay_none', { operationId: 'c' }),
        () => payments.reconcile('pay_none'),
        () => payments.subscriptions.retrieve('sub_none'),
        ...['', 'x'.repeat(600), '\u{1f600}'.repeat(200), '\ud800', '__proto__'].flatMap((id) => [
          () => payments.retrievePayment(id),
          () => payments.capturePayment(id, { operationId: 'c' }),
          () => payments.subscriptions.pause(id, { operationId: 'p' }),
        ]),
      ])
        await expectRejection(act, isPaymentError('not_found'), 'not_found')
      expectEqual(await payments.auditTrail('pay_none'), [])
    },
  },
  {
    name: 'amounts add up: captured is refunded, refundable and held together',
    async run(harness) {
      const { payments } = await openPayments(harness, {}, { pendingRefunds: true })
      const { id } = await payments.createPaymentIntent({ ...pay, operationId: 'o' })
      await payments.refundPayment(id, { operationId: 'r', amount: money('12.34', 'EUR') })
      const { amounts, refundable } = await payments.retrievePayment(id)
      const held = minorMoney(1234, 'EUR')
      expectEqual(addMoney(amounts.refunded, refundable, held), amounts.captured)
    },
  },
]
