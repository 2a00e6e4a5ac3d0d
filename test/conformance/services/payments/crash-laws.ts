import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { createPayments, type Payments } from '../../../../src/services/payments/index.ts'
import type { Payment } from '../../../../src/services/payments/intents/payment.ts'
import {
  sandbox,
  type Sandbox,
  type SandboxCall,
} from '../../../../src/services/payments/providers/sandbox.ts'
import { deriveId } from '../../../../src/services/payments/operations/derive-id.ts'
import type { PaymentProvider } from '../../../../src/services/payments/providers/provider.ts'
import { watchStore } from '../../../support/watched-store.ts'
import {
  EUR_50,
  isPaymentError,
  lostAnswer,
  openPayments,
  success,
  type PaymentHarness,
} from './fixture.ts'
import type { Clock } from '../../../../src/runtime/ports/platform/clock.ts'
import { BackendError } from '../../../../src/runtime/ports/backend-error.ts'

const HOUR_MS = 3_600_000

/** From the first call to the money back, as a shop would do it again and again until it is done. */
async function sell(payments: Payments, provider: Sandbox): Promise<Payment> {
  const { id, reference } = await payments.createPaymentIntent({
    operationId: 'order',
    amount: EUR_50,
    paymentMethod: success,
    capture: 'manual',
    confirm: true,
  })
  const { state } = await payments.retrievePayment(id)
  if (state === 'requires_capture' || state === 'indeterminate')
    await payments.capturePayment(id, { operationId: 'ship' })
  await payments.processPayment(provider.event(reference ?? ''))
  await payments.refundPayment(id, { operationId: 'return' })
  return payments.retrievePayment(id)
}

/** A clock whose waits are over at once, so that nobody has to advance it for a retry. */
function hastened({ now }: Clock): Clock {
  return {
    now,
    setTimer(act) {
      const timer = setTimeout(act, 0)
      return () => clearTimeout(timer)
    },
  }
}

/** What payments promise when processes die, answers get lost and providers fail. */
export const paymentCrashLaws: readonly Law<PaymentHarness>[] = [
  {
    name: 'killed at any write of a sale, it is finished by doing it again: charged, fulfilled and refunded once',
    async run(harness) {
      for (let crashAt = 1; ; crashAt++) {
        let crashes = 0
        for (const when of ['before', 'after'] as const) {
          const backend = await harness.open()
          const provider = sandbox()
          let fulfilled = 0
          const shop = (over: typeof backend): Payments =>
            createPayments({
              backend: over,
              providers: { sandbox: provider },
              clock: hastened(harness.clock),
              on: { 'payment.succeeded': () => void fulfilled++ },
            })
          const dying = watchStore(backend.store)
          dying.failCommit(crashAt, when, true)
          let crashed = false
          try {
            await sell(shop({ ...backend, store: dying }), provider)
          } catch (error) {
            crashed = error instanceof BackendError || isPaymentError('indeterminate')(error)
            expectTrue(crashed, `no other failure than the crash, got ${String(error)}`)
          }
          if (crashed || dying.commits >= crashAt) crashes++
          // The dead process's lease on the handler has to end.
          await harness.advance(31_000)
          const done = await sell(shop(backend), provider)
          expectEqual(
            [
              done.state,
              done.amounts.captured,
              done.amounts.refunded,
              done.refundable.minor.toString(),
              provider.carriedOut.create,
              provider.carriedOut.capture,
              provider.carriedOut.refund,
            ],
            ['succeeded', EUR_50, EUR_50, '0', 1, 1, 1],
            `the sale killed ${when} write ${crashAt}`,
          )
          expectTrue(
            fulfilled === 1 || (crashed && fulfilled === 2),
            `it to be fulfilled once, ${fulfilled} times when killed ${when} write ${crashAt}`,
          )
        }
        if (crashes === 0) return
      }
    },
  },
  {
    name: 'a lost answer leaves the payment indeterminate; asking again or reconciling finds it, nothing is charged twice',
    async run(harness) {
      for (const how of ['again', 'reconcile', 'sweep', 'event'] as const) {
        const { payments, provider } = await openPayments(harness)
        const request = {
          operationId: 'o',
          amount: EUR_50,
          paymentMethod: lostAnswer,
          confirm: true,
        }
        let id = ''
        await expectRejection(
          () => payments.createPaymentIntent(request),
          (error) => {
            id = (error as { paymentId?: string }).paymentId ?? ''
            return isPaymentError('indeterminate')(error)
          },
          'indeterminate',
        )
        expectEqual((await payments.retrievePayment(id)).state, 'indeterminate')
        await expectRejection(
          () => payments.refundPayment(id, { operationId: 'r' }),
          isPaymentError('conflict'),
          'a refund of the unknown to be refused',
        )
        if (how === 'again') await payments.createPaymentIntent(request)
        else if (how === 'reconcile') await payments.reconcile(id)
        else if (how === 'event') await payments.processPayment(provider.event('sbx_1'))
        else {
          await harness.advance(61_000)
          await payments.sweep()
        }
        const found = await payments.retrievePayment(id)
        expectEqual([found.state, provider.carriedOut.create], ['succeeded', 1], how)
      }
    },
  },
  {
    name: 'reconcile() says so when nothing was charged, and the payment can be tried again',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      // The provider never got it: as a connection that broke on the way there.
      provider.failNext('create', 'indeterminate')
      const request = { operationId: 'o', amount: EUR_50, paymentMethod: success, confirm: true }
      let id = ''
      await expectRejection(
        () => payments.createPaymentIntent(request),
        (error) => {
          id = (error as { paymentId?: string }).paymentId ?? ''
          return isPaymentError('indeterminate')(error)
        },
        'indeterminate',
      )
      expectEqual((await payments.reconcile(id)).state, 'requires_payment_method')
      const paid = await payments.confirmPayment(id, { operationId: 'c', paymentMethod: success })
      expectEqual([paid.state, provider.carriedOut.create], ['succeeded', 1])
    },
  },
  {
    name: 'what reconcile() found not to be there is made by whoever asks for it again, at once or later',
    async run(harness) {
      const { provider, another } = await openPayments(harness)
      const request = { operationId: 'o', amount: EUR_50, paymentMethod: success, confirm: true }
      provider.failNext('create', 'indeterminate')
      await expectRejection(
        () => another().createPaymentIntent(request),
        isPaymentError('indeterminate'),
        'indeterminate',
      )
      await harness.advance(61_000)
      await another().sweep()
      const made = await Promise.all(
        Array.from({ length: 5 }, () => another().createPaymentIntent(request)),
      )
      expectEqual(
        made.map(({ state }) => state),
        made.map(() => 'succeeded'),
      )
      expectEqual(provider.carriedOut.create, 1)
    },
  },
  {
    name: 'a call that may be under way is not taken for lost by who looks for it: nobody pays a second time',
    async run(harness) {
      const { provider, another } = await openPayments(harness)
      const answer = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const slow: PaymentProvider = {
        ...provider,
        timeoutMs: 80_000,
        async createPayment(request, call) {
          asked.resolve()
          await answer.promise
          return provider.createPayment(request, call)
        },
      }
      const payments = another({ providers: { sandbox: slow } })
      const request = { operationId: 'o', amount: EUR_50, paymentMethod: success, confirm: true }
      const first = payments.createPaymentIntent(request)
      await asked.promise
      const id = await deriveId('pay', 'o')
      expectEqual((await payments.reconcile(id)).state, 'indeterminate')
      await harness.advance(70_000)
      await payments.sweep()
      expectEqual((await payments.retrievePayment(id, { refresh: true })).state, 'indeterminate')
      answer.resolve()
      const [{ state }, again] = [await first, await payments.createPaymentIntent(request)]
      expectEqual([state, again.state, provider.carriedOut.create], ['succeeded', 'succeeded', 1])
    },
  },
  {
    name: 'once the provider has forgotten a key, it is asked first: no second charge after a day',
    async run(harness) {
      const { payments, provider } = await openPayments(harness)
      const request = { operationId: 'o', amount: EUR_50, paymentMethod: lostAnswer, confirm: true }
      await expectRejection(
        () => payments.createPaymentIntent(request),
        isPaymentError('indeterminate'),
        'indeterminate',
      )
      await harness.advance(25 * HOUR_MS)
      const paid = await payments.createPaymentIntent(request)
      expectEqual([paid.state, provider.carriedOut.create], ['succeeded', 1])
    },
  },
  {
    name: 'lost answers of capture, cancel and refund are found again, and nothing is done twice',
    async run(harness) {
      const calls: readonly SandboxCall[] = ['capture', 'cancel', 'refund']
      for (const call of calls) {
        for (const how of ['again', 'reconcile'] as const) {
          const { payments, provider } = await openPayments(harness)
          const { id } = await payments.createPaymentIntent({
            operationId: 'o',
            amount: EUR_50,
            paymentMethod: success,
            confirm: true,
            capture: call === 'refund' ? 'automatic' : 'manual',
          })
          const act = (): Promise<unknown> => {
            if (call === 'capture') return payments.capturePayment(id, { operationId: 'x' })
            if (call === 'cancel') return payments.cancelPayment(id, { operationId: 'x' })
            return payments.refundPayment(id, { operationId: 'x' })
          }
          provider.failNext(call, 'lost_answer')
          await expectRejection(act, isPaymentError('indeterminate'), 'indeterminate')
          if (how === 'again') await act()
          else await payments.reconcile(id)
          const { state, amounts } = await payments.retrievePayment(id)
          expectEqual(
            [state, amounts.refunded, provider.carriedOut[call]],
            [
              call === 'cancel' ? 'canceled' : 'succeeded',
              call === 'refund' ? EUR_50 : { amount: '0.00', currency: 'EUR' },
              1,
            ],
            `${call}, ${how}`,
          )
        }
      }
    },
  },
]
