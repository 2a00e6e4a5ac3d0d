import { memory } from '../../../../src/runtime/backends/memory/index.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { Json } from '../../../../src/runtime/ports/json.ts'
import { createPayments, money, type Payments } from '../../../../src/services/payments/index.ts'
import type { Payment } from '../../../../src/services/payments/intents/payment.ts'
import type { PaymentProvider } from '../../../../src/services/payments/providers/provider.ts'
import { createFakeClock, type FakeClock } from '../../../../src/testing/index.ts'
import type { StandIn } from '../../../support/payments/vendor-stand-in.ts'
import { isPaymentError } from './fixture.ts'

/** A vendor to hold to the laws of providers, on this side of the network. */
export interface VendorHarness {
  open(clock: FakeClock): Vendor
}

/** One vendor with its provider. */
export interface Vendor {
  readonly standIn: StandIn
  readonly provider: PaymentProvider
  /** Tokens; `undefined` where the payer chooses at the vendor's. */
  readonly token: { readonly good: string | undefined; readonly declined: string }
  /** What the payer does at the vendor's after `createPaymentIntent()`; absent where nothing is needed. */
  approve?(payment: Payment): void
  /** The event of a payment as it stands. */
  event(payment: Payment): Json
  /** Parts of the paths of these calls. */
  readonly paths: {
    readonly create: string
    readonly capture: string
    readonly refund: string
  }
}

const ERROR = { type: 'api_error', message: 'refused' }
const AMOUNT = money('50.00', 'EUR')

interface Shop extends Vendor {
  readonly payments: Payments
  readonly clock: FakeClock
  /** Up to where the money is held or taken. */
  pay(capture: 'automatic' | 'manual', operationId?: string): Promise<Payment>
}

function openShop({ open }: VendorHarness): Shop {
  const clock = createFakeClock()
  const vendor = open(clock)
  const payments = createPayments({
    backend: memory({ clock }),
    providers: { vendor: vendor.provider },
    clock,
  })
  return {
    ...vendor,
    payments,
    clock,
    async pay(capture, operationId = 'order') {
      const { good } = vendor.token
      const made = await payments.createPaymentIntent({
        operationId,
        amount: AMOUNT,
        capture,
        returnUrl: 'https://shop.example/back',
        ...(good !== undefined && { paymentMethod: good, confirm: true }),
      })
      if (vendor.approve === undefined) return made
      vendor.approve(made)
      return payments.confirmPayment(made.id, { operationId: `${operationId}-confirm` })
    },
  }
}

/** What every provider keeps to, whatever its vendor's words are. */
export const providerLaws: readonly Law<VendorHarness>[] = [
  {
    name: 'a payment is created, paid and told by an event, once under its key',
    async run(harness) {
      const { pay, payments, event, provider } = openShop(harness)
      const paid = await pay('automatic')
      expectEqual(
        [paid.state, paid.amounts.captured, paid.refundable],
        ['succeeded', AMOUNT, AMOUNT],
      )
      const again = await pay('automatic')
      expectEqual([again.id, again.version], [paid.id, paid.version])
      const read = await provider.readEvent(event(paid))
      expectTrue(
        read.paymentId === paid.id || read.paymentReference === paid.reference,
        'the event to name the payment',
      )
      await payments.processPayment(event(paid))
      expectEqual((await payments.retrievePayment(paid.id)).state, 'succeeded')
    },
  },
  {
    name: 'money is held, captured and refunded in two parts, and no more',
    async run(harness) {
      const { pay, payments } = openShop(harness)
      const held = await pay('manual')
      expectEqual([held.state, held.amounts.authorized], ['requires_capture', AMOUNT])
      const taken = await payments.capturePayment(held.id, { operationId: 'c' })
      expectEqual([taken.state, taken.amounts.captured], ['succeeded', AMOUNT])
      const first = await payments.refundPayment(held.id, {
        operationId: 'r1',
        amount: money('20.00', 'EUR'),
      })
      expectEqual([first.state, first.amount.toJSON().amount], ['succeeded', '20.00'])
      const rest = await payments.refundPayment(held.id, { operationId: 'r2' })
      expectEqual(rest.amount.toJSON().amount, '30.00')
      await expectRejection(
        () => payments.refundPayment(held.id, { operationId: 'r3', amount: money('0.01', 'EUR') }),
        isPaymentError('refund_exceeds_capture'),
        'nothing to be left',
      )
      const after = await payments.retrievePayment(held.id, { refresh: true })
      expectEqual([after.amounts.refunded, after.refundable.minor.toString()], [AMOUNT, '0'])
    },
  },
  {
    name: 'what is held can be canceled, and then not captured',
    async run(harness) {
      const { pay, payments } = openShop(harness)
      const held = await pay('manual')
      const canceled = await payments.cancelPayment(held.id, { operationId: 'x' })
      expectEqual(canceled.state, 'canceled')
      await expectRejection(
        () => payments.capturePayment(held.id, { operationId: 'c' }),
        isPaymentError('conflict'),
        'a conflict',
      )
    },
  },
  {
    name: 'a decline is a decline, with its code, and nothing is paid',
    async run(harness) {
      const { payments, token } = openShop(harness)
      const request = {
        operationId: 'order',
        amount: AMOUNT,
        paymentMethod: token.declined,
        confirm: true,
      }
      let code: string | undefined
      await expectRejection(
        () => payments.createPaymentIntent(request),
        (error) => {
          code = (error as { declineCode?: string }).declineCode
          return isPaymentError('declined')(error)
        },
        'declined',
      )
      expectTrue(code !== undefined && code !== '', 'a decline code')
      const declined = await payments.createPaymentIntent(request)
      expectEqual(
        [declined.state, declined.amounts.captured.minor.toString()],
        ['requires_payment_method', '0'],
      )
    },
  },
  {
    name: 'a lost answer to create is found by asking again: paid once',
    async run(harness) {
      const { payments, standIn, paths, token, approve } = openShop(harness)
      standIn.loseAnswer(paths.create)
      const request = {
        operationId: 'order',
        amount: AMOUNT,
        ...(token.good !== undefined && { paymentMethod: token.good, confirm: true }),
      }
      await expectRejection(
        () => payments.createPaymentIntent(request),
        isPaymentError('indeterminate'),
        'indeterminate',
      )
      const found = await payments.createPaymentIntent(request)
      expectEqual(found.state, approve === undefined ? 'succeeded' : 'requires_action')
      const made = [...standIn.carriedOut].filter(([name]) => name === `POST ${paths.create}`)
      expectEqual(made, [[`POST ${paths.create}`, 1]])
    },
  },
  {
    name: 'lost answers to capture and refund are found by asking again or by reconciling',
    async run(harness) {
      for (const how of ['again', 'reconcile'] as const) {
        const { pay, payments, standIn, paths } = openShop(harness)
        const held = await pay('manual')
        standIn.loseAnswer(paths.capture)
        const capture = (): Promise<unknown> =>
          payments.capturePayment(held.id, { operationId: 'c' })
        await expectRejection(capture, isPaymentError('indeterminate'), 'indeterminate')
        if (how === 'again') await capture()
        else await payments.reconcile(held.id)
        expectEqual((await payments.retrievePayment(held.id)).state, 'succeeded', how)
        standIn.loseAnswer(paths.refund)
        const refund = (): Promise<unknown> => payments.refundPayment(held.id, { operationId: 'r' })
        await expectRejection(refund, isPaymentError('indeterminate'), 'indeterminate')
        if (how === 'again') await refund()
        else await payments.reconcile(held.id)
        const after = await payments.retrievePayment(held.id, { refresh: true })
        expectEqual([after.amounts.refunded, after.refundable.minor.toString()], [AMOUNT, '0'], how)
      }
    },
  },
  {
    name: 'failures are told apart: too many calls, no answer, a key that is not accepted',
    async run(harness) {
      const cases = [
        [429, 'rate_limited'],
        [500, 'indeterminate'],
        [401, 'configuration'],
      ] as const
      for (const [status, code] of cases) {
        const { payments, standIn, paths, token } = openShop(harness)
        standIn.failNext(paths.create, status, { error: ERROR, errors: [] })
        if (status === 401) standIn.failNext(paths.create, 401, { error: ERROR, errors: [] })
        const act = (): Promise<unknown> =>
          payments.createPaymentIntent({
            operationId: 'o',
            amount: AMOUNT,
            ...(token.good !== undefined && { paymentMethod: token.good, confirm: true }),
          })
        if (status === 401 && token.good === undefined) continue
        await expectRejection(act, isPaymentError(code), code)
      }
    },
  },
  {
    name: 'no request tells a secret in its address',
    async run(harness) {
      const { pay, payments, standIn } = openShop(harness)
      const { id } = await pay('manual')
      await payments.capturePayment(id, { operationId: 'c' })
      await payments.refundPayment(id, { operationId: 'r' })
      for (const { path } of standIn.requests)
        expectTrue(!/sk_test|secret|EAAA/.test(path), `no secret in ${path}`)
    },
  },
]
