import type { Json } from '../../../src/runtime/ports/json.ts'
import { at, textAt } from '../../../src/services/payments/providers/provider-http.ts'
import { createStandIn, type Route, type StandIn, type StandInAnswer } from './vendor-stand-in.ts'

interface Part {
  readonly id: string
  status: string
  amount: number
}

interface Order {
  readonly id: string
  status: string
  readonly intent: string
  readonly currency: string
  readonly value: number
  readonly unit: { readonly [key: string]: Json }
  readonly authorizations: Part[]
  readonly captures: (Part & { refunded: number })[]
  readonly refunds: (Part & { readonly customId: string; readonly of: string })[]
}

/** PayPal's Orders v2 and Payments v2, as strict about states and amounts as PayPal documents. */
export function createPaypalStandIn(now: () => number): StandIn & {
  /** The payer approves, or what else may happen to an order. */
  setStatus(orderId: string, status: string): void
  /** Captures come out so from now on. */
  setCaptureStatus(status: string): void
  event(type: string, resource: Json): Json
  captureOf(orderId: string): Json
} {
  const orders = new Map<string, Order>()
  let parts = 0
  let captureStatus = 'COMPLETED'

  const ok = (body: Json, status = 200): StandInAnswer => ({ status, body })
  const issue = (code: string, status = 422): StandInAnswer => ({
    status,
    body: { name: 'UNPROCESSABLE_ENTITY', details: [{ issue: code }] },
  })
  const text = (value: number): string => (value / 100).toFixed(2)
  const cents = (value: string | undefined): number => Math.round(Number(value) * 100)
  const money = (order: Order, value: number): Json => ({
    currency_code: order.currency,
    value: text(value),
  })
  const stamp = (): string => new Date(now()).toISOString()

  const partOf = (order: Order, { id, status, amount }: Part): Json => ({
    id,
    status,
    amount: money(order, amount),
    custom_id: order.unit['custom_id'] ?? '',
    create_time: stamp(),
    update_time: stamp(),
    supplementary_data: { related_ids: { order_id: order.id } },
  })

  const refundOf = (order: Order, refund: Order['refunds'][number]): Json => ({
    ...(partOf(order, refund) as { readonly [key: string]: Json }),
    custom_id: refund.customId,
    links: [{ rel: 'up', href: `https://api-m.paypal.com/v2/payments/captures/${refund.of}` }],
  })

  const objectOf = (order: Order): Json => ({
    id: order.id,
    status: order.status,
    intent: order.intent,
    create_time: stamp(),
    update_time: stamp(),
    purchase_units: [
      {
        ...order.unit,
        payments: {
          authorizations: order.authorizations.map((part) => partOf(order, part)),
          captures: order.captures.map((part) => partOf(order, part)),
          refunds: order.refunds.map((part) => refundOf(order, part)),
        },
      },
    ],
    links: [{ rel: 'payer-action', href: `https://www.paypal.com/checkoutnow?token=${order.id}` }],
  })

  function capture(order: Order, amount: number): Part & { refunded: number } {
    const made = { id: `CAP${++parts}`, status: captureStatus, amount, refunded: 0 }
    order.captures.push(made)
    return made
  }

  function find(act: (order: Order, body: Json) => StandInAnswer): Route['act'] {
    return (seen, [id = '']) => {
      const order = orders.get(id)
      return order === undefined ? issue('INVALID_RESOURCE_ID', 404) : act(order, seen.body)
    }
  }

  const all = (): readonly Order[] => [...orders.values()]
  const routes: readonly Route[] = [
    {
      method: 'POST',
      pattern: /^\/v1\/oauth2\/token$/,
      act: () => ok({ access_token: `A21.${++parts}`, expires_in: 32_400, token_type: 'Bearer' }),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/checkout\/orders$/,
      act({ body }) {
        const unit = at(body, 'purchase_units', 0) as { readonly [key: string]: Json }
        const vaulted = textAt(body, 'payment_source', 'paypal', 'vault_id')
        if (vaulted === 'VAULT-DECLINED') return issue('INSTRUMENT_DECLINED')
        const order: Order = {
          id: `ORDER${orders.size + 1}`,
          status: vaulted === undefined ? 'PAYER_ACTION_REQUIRED' : 'APPROVED',
          intent: textAt(body, 'intent') ?? '',
          currency: textAt(unit, 'amount', 'currency_code') ?? '',
          value: cents(textAt(unit, 'amount', 'value')),
          unit,
          authorizations: [],
          captures: [],
          refunds: [],
        }
        orders.set(order.id, order)
        return ok(objectOf(order), 201)
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\/checkout\/orders\/([^/]+)$/,
      act: find((order) => ok(objectOf(order))),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/checkout\/orders\/([^/]+)\/capture$/,
      act: find((order) => {
        if (order.status === 'COMPLETED') return issue('ORDER_ALREADY_CAPTURED')
        if (order.status !== 'APPROVED') return issue('ORDER_NOT_APPROVED')
        capture(order, order.value)
        order.status = 'COMPLETED'
        return ok(objectOf(order), 201)
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/checkout\/orders\/([^/]+)\/authorize$/,
      act: find((order) => {
        if (order.status !== 'APPROVED') return issue('ORDER_NOT_APPROVED')
        order.authorizations.push({ id: `AUTH${++parts}`, status: 'CREATED', amount: order.value })
        order.status = 'COMPLETED'
        return ok(objectOf(order), 201)
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/authorizations\/([^/]+)\/capture$/,
      act({ body }, [id = '']) {
        const order = all().find(({ authorizations }) =>
          authorizations.some((part) => part.id === id),
        )
        const authorization = order?.authorizations.find((part) => part.id === id)
        if (order === undefined || authorization === undefined)
          return issue('INVALID_RESOURCE_ID', 404)
        let taken = 0
        for (const part of order.captures) taken += part.amount
        const wanted = textAt(body, 'amount', 'value')
        const amount = wanted === undefined ? authorization.amount - taken : cents(wanted)
        if (authorization.status === 'VOIDED') return issue('AUTHORIZATION_VOIDED')
        if (amount > authorization.amount - taken) return issue('MAX_CAPTURE_AMOUNT_EXCEEDED')
        const made = capture(order, amount)
        const isFinal =
          at(body, 'final_capture') === true || taken + amount === authorization.amount
        authorization.status = isFinal ? 'CAPTURED' : 'PARTIALLY_CAPTURED'
        return ok(partOf(order, made), 201)
      },
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/authorizations\/([^/]+)\/void$/,
      act(_, [id = '']) {
        const authorization = all()
          .flatMap(({ authorizations }) => authorizations)
          .find((part) => part.id === id)
        if (authorization === undefined) return issue('INVALID_RESOURCE_ID', 404)
        if (authorization.status !== 'CREATED') return issue('PREVIOUSLY_CAPTURED')
        authorization.status = 'VOIDED'
        return { status: 204, body: null }
      },
    },
    {
      method: 'POST',
      pattern: /^\/v2\/payments\/captures\/([^/]+)\/refund$/,
      act({ body }, [id = '']) {
        const order = all().find(({ captures }) => captures.some((part) => part.id === id))
        const captured = order?.captures.find((part) => part.id === id)
        if (order === undefined || captured === undefined) return issue('INVALID_RESOURCE_ID', 404)
        const amount = cents(textAt(body, 'amount', 'value'))
        if (captured.amount === captured.refunded) return issue('CAPTURE_FULLY_REFUNDED')
        if (amount > captured.amount - captured.refunded) return issue('REFUND_AMOUNT_EXCEEDED')
        captured.refunded += amount
        captured.status = captured.refunded === captured.amount ? 'REFUNDED' : 'PARTIALLY_REFUNDED'
        const customId = textAt(body, 'custom_id') ?? ''
        const refund = { id: `REF${++parts}`, status: 'COMPLETED', amount, customId, of: id }
        order.refunds.push(refund)
        return ok(refundOf(order, refund), 201)
      },
    },
    {
      method: 'GET',
      pattern: /^\/v2\/payments\/refunds\/([^/]+)$/,
      act(_, [id = '']) {
        for (const order of all()) {
          const refund = order.refunds.find((part) => part.id === id)
          if (refund !== undefined) return ok(refundOf(order, refund))
        }
        return issue('INVALID_RESOURCE_ID', 404)
      },
    },
  ]

  let events = 0
  return {
    ...createStandIn(
      routes,
      ({ headers }) => headers.get('paypal-request-id'),
      issue('DUPLICATE_REQUEST_ID'),
    ),
    setStatus(orderId, status) {
      const order = orders.get(orderId)
      if (order === undefined) throw new Error(`No order ${orderId}`)
      order.status = status
    },
    setCaptureStatus(status) {
      captureStatus = status
    },
    captureOf(orderId) {
      const order = orders.get(orderId)
      const part = order?.captures.at(-1)
      if (order === undefined || part === undefined) throw new Error(`No capture of ${orderId}`)
      return partOf(order, part)
    },
    event: (type, resource) => ({
      id: `WH-${++events}`,
      event_type: type,
      create_time: stamp(),
      resource,
    }),
  }
}
