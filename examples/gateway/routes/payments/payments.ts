import type { Payment, Payments } from '@white-cross/reuse/infrastructure/payments'
import * as api from '../../contract/payments.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Answer, type Call, type Route } from '../../http/route.ts'
import { serveOpenly } from '../../http/serve.ts'
import { paymentsOf, requestOf, shown } from './payments-of.ts'

type Body = Readonly<Record<string, unknown>>

/**
 * Payments by one model. Whatever changes something wants an operation id: the header
 * `idempotency-key`, or `operationId` in the body.
 */
export function paymentRoutes(): readonly Route[] {
  return [
    route(api.createPayment, async (call) =>
      serveOpenly(async () => {
        const payments = await paymentsOf(call)
        const payment = await payments.createPaymentIntent(requestOf(call, call.body))
        return { status: 201, body: shown(payment), target: payment.id }
      }),
    ),
    route(api.createCheckout, async (call) =>
      serveOpenly(async () => {
        const checkout = await (await paymentsOf(call)).createCheckout(requestOf(call, call.body))
        const body = { ...checkout, payment: shown(checkout.payment) }
        return { status: 201, body, target: checkout.payment.id }
      }),
    ),
    route(api.getPayment, async (call) =>
      serveOpenly(async () => {
        const refresh = call.query.refresh === 'true'
        const payment = await (
          await paymentsOf(call)
        ).retrievePayment(call.param('id'), { refresh })
        return { status: 200, body: shown(payment) }
      }),
    ),
    route(api.listRefunds, async (call) =>
      serveOpenly(async () => ({
        status: 200,
        body: { refunds: await (await paymentsOf(call)).listRefunds(call.param('id')) },
      })),
    ),
    route(api.auditTrail, async (call) => {
      const { cursor, limit = 100 } = call.query
      const id = call.param('id')
      return serveOpenly(async () => {
        const payments = await paymentsOf(call)
        const entries = await payments.auditTrail(id, {
          ...(cursor !== undefined && { after: Number(cursor) }),
          limit,
        })
        // Each payment has some: only who reads beyond the last, or has a wrong id, asks for this.
        if (entries.length === 0) await payments.retrievePayment(id)
        const last = entries.length < limit ? undefined : entries.at(-1)
        return {
          status: 200,
          body: { entries, cursor: last === undefined ? null : String(last.sequence) },
        }
      })
    }),
    route(api.confirmPayment, (call) => change(call, (payments) => payments.confirmPayment)),
    route(api.capturePayment, (call) => change(call, (payments) => payments.capturePayment)),
    route(api.cancelPayment, (call) => change(call, (payments) => payments.cancelPayment)),
    route(api.reconcilePayment, async (call) =>
      serveOpenly(async () => ({
        status: 200,
        body: shown(await (await paymentsOf(call)).reconcile(call.param('id'))),
      })),
    ),
    route(api.createRefund, async (call) => {
      const { payment, ...request } = call.body
      if (typeof payment !== 'string')
        throw new ProblemError(422, 'invalid_request', 'payment is not said, its id expected')
      return serveOpenly(async () => {
        const payments = await paymentsOf(call)
        const refund = await payments.refundPayment(payment, requestOf(call, request))
        return { status: 201, body: refund, target: refund.id }
      })
    }),
  ]
}

function change(
  call: Call<unknown, Body>,
  choose: (payments: Payments) => (id: string, request: never) => Promise<Payment>,
): Promise<Answer> {
  return serveOpenly(async () => {
    const act = choose(await paymentsOf(call))
    return { status: 200, body: shown(await act(call.param('id'), requestOf(call, call.body))) }
  })
}
