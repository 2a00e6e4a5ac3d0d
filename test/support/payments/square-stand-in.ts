import type { Json } from '../../../src/runtime/ports/json.ts'
import { at, textAt } from '../../../src/services/payments/providers/provider-http.ts'
import { createStandIn, type Route, type StandIn, type StandInAnswer } from './vendor-stand-in.ts'

interface Paid {
  readonly id: string
  readonly key: string
  readonly reference: string
  readonly amount: number
  readonly currency: string
  status: string
  refunded: number
  version: number
  readonly created: number
}

/** Square's payments and refunds, as strict about states and amounts as Square documents. */
export function createSquareStandIn(now: () => number): StandIn & {
  event(id: string, type: string): Json
} {
  const payments = new Map<string, Paid>()
  const refunds = new Map<string, { id: string; payment: Paid; amount: number }>()
  const ok = (body: Json): StandInAnswer => ({ status: 200, body })
  const error = (status: number, category: string, code: string): StandInAnswer => ({
    status,
    body: { errors: [{ category, code }] },
  })
  const missing = error(404, 'INVALID_REQUEST_ERROR', 'NOT_FOUND')
  const stamp = (at = now()): string => new Date(at).toISOString()

  const objectOf = (paid: Paid): Json => ({
    id: paid.id,
    status: paid.status,
    amount_money: { amount: paid.amount, currency: paid.currency },
    approved_money: { amount: paid.status === 'FAILED' ? 0 : paid.amount, currency: paid.currency },
    refunded_money: { amount: paid.refunded, currency: paid.currency },
    reference_id: paid.reference,
    order_id: `order_${paid.id}`,
    version_token: `v${paid.version}`,
    created_at: stamp(paid.created),
    updated_at: stamp(),
    risk_evaluation: { risk_level: 'NORMAL' },
  })
  const refundOf = ({
    id,
    payment,
    amount,
  }: {
    id: string
    payment: Paid
    amount: number
  }): Json => ({
    id,
    status: 'COMPLETED',
    payment_id: payment.id,
    amount_money: { amount, currency: payment.currency },
  })
  const change =
    (
      from: readonly string[],
      to: string,
      check: (paid: Paid, body: Json) => boolean,
    ): Route['act'] =>
    ({ body }, [id = '']) => {
      const paid = payments.get(id)
      if (paid === undefined) return missing
      if (!from.includes(paid.status) || !check(paid, body))
        return error(400, 'INVALID_REQUEST_ERROR', 'BAD_REQUEST_STATE')
      paid.status = to
      paid.version++
      return ok({ payment: objectOf(paid) })
    }

  const routes: readonly Route[] = [
    {
      method: 'POST',
      pattern: /^\/v2\/payments$/,
      act({ body }) {
        const source = textAt(body, 'source_id')
        if (source === 'cnon:verify')
          return error(400, 'PAYMENT_METHOD_ERROR', 'CARD_DECLINED_VERIFICATION_REQUIRED')
        if (source === 'cnon:declined')
          return error(400, 'PAYMENT_METHOD_ERROR', 'INSUFFICIENT_FUNDS')
        const paid: Paid = {
          id: `sqpay${payments.size + 1}`,
          key: textAt(body, 'idempotency_key') ?? '',
          reference: textAt(body, 'reference_id') ?? '',
          amount: Number(at(body, 'amount_money', 'amount')),
          currency: textAt(body, 'amount_money', 'currency') ?? '',
          status: at(body, 'autocomplete') === false ? 'APPROVED' : 'COMPLETED',
          refunded: 0,
          version: 1,
          created: now(),
        }
        payments.set(paid.id, paid)
        return ok({ payment: objectOf(paid) })
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\/payments$/,
      act: () => ok({ payments: [...payments.values()].map(objectOf) }),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/cancel$/,
      act({ body }) {
        const key = textAt(body, 'idempotency_key')
        const paid = [...payments.values()].find((payment) => payment.key === key)
        if (paid?.status === 'APPROVED') paid.status = 'CANCELED'
        return ok({})
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\/payments\/([^/]+)$/,
      act(_, [id = '']) {
        const paid = payments.get(id)
        return paid === undefined ? missing : ok({ payment: objectOf(paid) })
      },
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/([^/]+)\/complete$/,
      act: change(['APPROVED'], 'COMPLETED', (paid, body) => {
        const version = textAt(body, 'version_token')
        return version === undefined || version === `v${paid.version}`
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/([^/]+)\/cancel$/,
      act: change(['APPROVED', 'PENDING'], 'CANCELED', () => true),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/refunds$/,
      act({ body }) {
        const payment = payments.get(textAt(body, 'payment_id') ?? '')
        if (payment === undefined) return missing
        const amount = Number(at(body, 'amount_money', 'amount'))
        if (payment.status !== 'COMPLETED' || amount > payment.amount - payment.refunded)
          return error(400, 'REFUND_ERROR', 'REFUND_AMOUNT_INVALID')
        payment.refunded += amount
        const refund = { id: `sqref${refunds.size + 1}`, payment, amount }
        refunds.set(refund.id, refund)
        return ok({ refund: refundOf(refund) })
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\/refunds\/([^/]+)$/,
      act(_, [id = '']) {
        const refund = refunds.get(id)
        return refund === undefined ? missing : ok({ refund: refundOf(refund) })
      },
    },
  ]
  let events = 0
  return {
    ...createStandIn(
      routes,
      // The key of a cancellation names another call's payment.
      ({ body, path }) =>
        path === '/v2/payments/cancel' ? null : (textAt(body, 'idempotency_key') ?? null),
      error(400, 'INVALID_REQUEST_ERROR', 'IDEMPOTENCY_KEY_REUSED'),
    ),
    event(id, type) {
      const paid = payments.get(id)
      if (paid === undefined) throw new Error(`No payment ${id}`)
      return {
        event_id: `sqevt${++events}`,
        merchant_id: 'M1',
        type,
        created_at: stamp(),
        data: { type: 'payment', object: { payment: objectOf(paid) } },
      }
    },
  }
}
