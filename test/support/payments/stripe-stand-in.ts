import type { Json } from '../../../src/runtime/ports/json.ts'
import {
  createStandIn,
  type Route,
  type SeenRequest,
  type StandIn,
  type StandInAnswer,
} from './vendor-stand-in.ts'

interface Intent {
  id: string
  status: string
  amount: number
  currency: string
  capture: string
  received: number
  capturable: number
  refunded: number
  method: string | null
  metadata: Json
  created: number
  error: Json
}

interface Refund {
  readonly id: string
  readonly intent: Intent
  readonly amount: number
  readonly metadata: Json
}

/** Stripe's PaymentIntents and refunds, as strict about states and amounts as Stripe documents. */
export function createStripeStandIn(now: () => number): StandIn & {
  /** The event that Stripe would send of a payment as it stands. */
  event(id: string, type: string): Json
} {
  const intents = new Map<string, Intent>()
  const refunds = new Map<string, Refund>()
  let events = 0

  const ok = (body: Json): StandInAnswer => ({ status: 200, body })
  const error = (
    status: number,
    type: string,
    code: string,
    more: { readonly [key: string]: Json } = {},
  ): StandInAnswer => ({
    status,
    body: { error: { type, code, message: code, ...more } },
  })
  const unexpected = error(400, 'invalid_request_error', 'payment_intent_unexpected_state')
  const missing = error(404, 'invalid_request_error', 'resource_missing')

  function objectOf(intent: Intent): { readonly [key: string]: Json } {
    const charge = intent.received + intent.capturable > 0
    return {
      id: intent.id,
      object: 'payment_intent',
      amount: intent.amount,
      amount_capturable: intent.capturable,
      amount_received: intent.received,
      capture_method: intent.capture,
      client_secret: `${intent.id}_secret_x`,
      created: intent.created,
      currency: intent.currency,
      last_payment_error: intent.error,
      latest_charge: charge
        ? {
            id: `ch_${intent.id}`,
            object: 'charge',
            amount_refunded: intent.refunded,
            outcome: { risk_level: 'normal', risk_score: 12, reason: null },
          }
        : null,
      livemode: false,
      metadata: intent.metadata,
      next_action:
        intent.status === 'requires_action'
          ? { type: 'redirect_to_url', redirect_to_url: { url: 'https://hooks.stripe.com/3ds' } }
          : null,
      payment_method: intent.method,
      status: intent.status,
    }
  }

  function confirm(intent: Intent, method: string | null): StandInAnswer {
    intent.error = null
    intent.method = method
    if (method === 'pm_card_chargeDeclined') {
      intent.status = 'requires_payment_method'
      intent.error = {
        code: 'card_declined',
        decline_code: 'generic_decline',
        advice_code: 'try_again_later',
      }
      return error(402, 'card_error', 'card_declined', {
        decline_code: 'generic_decline',
        payment_intent: objectOf(intent),
      })
    }
    if (method === 'pm_card_threeDSecure2Required' && intent.status !== 'requires_action') {
      intent.status = 'requires_action'
      return ok(objectOf(intent))
    }
    if (intent.capture === 'manual') {
      intent.status = 'requires_capture'
      intent.capturable = intent.amount
    } else {
      intent.status = 'succeeded'
      intent.received = intent.amount
    }
    return ok(objectOf(intent))
  }

  const field = (seen: SeenRequest, name: string): string | undefined => {
    const value = (seen.body as { readonly [key: string]: Json } | null)?.[name]
    return typeof value === 'string' ? value : undefined
  }
  const withIntent =
    (act: (intent: Intent, seen: SeenRequest) => StandInAnswer): Route['act'] =>
    (seen, [id = '']) => {
      const intent = intents.get(id)
      return intent === undefined ? missing : act(intent, seen)
    }

  const routes: readonly Route[] = [
    {
      method: 'POST',
      pattern: /^\/v1\/payment_intents$/,
      act(seen) {
        const intent: Intent = {
          id: `pi_${intents.size + 1}`,
          status: 'requires_payment_method',
          amount: Number(field(seen, 'amount')),
          currency: field(seen, 'currency') ?? '',
          capture: field(seen, 'capture_method') ?? 'automatic',
          received: 0,
          capturable: 0,
          refunded: 0,
          method: field(seen, 'payment_method') ?? null,
          metadata: (seen.body as { readonly metadata?: Json }).metadata ?? {},
          created: Math.floor(now() / 1000),
          error: null,
        }
        intents.set(intent.id, intent)
        if (intent.method !== null) intent.status = 'requires_confirmation'
        return field(seen, 'confirm') === 'true'
          ? confirm(intent, intent.method)
          : ok(objectOf(intent))
      },
    },
    {
      method: 'GET',
      pattern: /^\/v1\/payment_intents$/,
      act({ path }) {
        const query = new URL(path, 'https://api.stripe.com').searchParams
        const from = Number(query.get('created[gte]') ?? 0)
        const to = Number(query.get('created[lte]') ?? Infinity)
        const found = [...intents.values()].filter(
          ({ created }) => created >= from && created <= to,
        )
        return ok({ object: 'list', has_more: false, data: found.map(objectOf) })
      },
    },
    {
      method: 'GET',
      pattern: /^\/v1\/payment_intents\/([^/]+)$/,
      act: withIntent((intent) => ok(objectOf(intent))),
    },
    {
      method: 'POST',
      pattern: /^\/v1\/payment_intents\/([^/]+)\/confirm$/,
      act: withIntent((intent, seen) => {
        if (['succeeded', 'canceled', 'requires_capture'].includes(intent.status)) return unexpected
        return confirm(intent, field(seen, 'payment_method') ?? intent.method)
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v1\/payment_intents\/([^/]+)\/capture$/,
      act: withIntent((intent, seen) => {
        const amount = Number(field(seen, 'amount_to_capture') ?? intent.capturable)
        if (intent.status !== 'requires_capture' || amount > intent.capturable) return unexpected
        intent.received = amount
        intent.capturable = 0
        intent.status = 'succeeded'
        return ok(objectOf(intent))
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v1\/payment_intents\/([^/]+)\/cancel$/,
      act: withIntent((intent) => {
        if (['succeeded', 'canceled', 'processing'].includes(intent.status)) return unexpected
        intent.status = 'canceled'
        intent.capturable = 0
        return ok(objectOf(intent))
      }),
    },
    {
      method: 'POST',
      pattern: /^\/v1\/refunds$/,
      act(seen) {
        const intent = intents.get(field(seen, 'payment_intent') ?? '')
        if (intent === undefined) return missing
        const amount = Number(field(seen, 'amount') ?? intent.received - intent.refunded)
        if (amount > intent.received - intent.refunded)
          return error(400, 'invalid_request_error', 'charge_already_refunded')
        intent.refunded += amount
        const { metadata = {} } = seen.body as { readonly metadata?: Json }
        const refund = { intent, amount, id: `re_${refunds.size + 1}`, metadata }
        refunds.set(refund.id, refund)
        return ok(refundObject(refund))
      },
    },
    {
      method: 'GET',
      pattern: /^\/v1\/refunds$/,
      act({ path }) {
        const of = new URL(path, 'https://api.stripe.com').searchParams.get('payment_intent')
        const found = [...refunds.values()].filter(({ intent }) => intent.id === of)
        return ok({ object: 'list', has_more: false, data: found.map(refundObject) })
      },
    },
    {
      method: 'GET',
      pattern: /^\/v1\/refunds\/([^/]+)$/,
      act(_, [id = '']) {
        const refund = refunds.get(id)
        return refund === undefined ? missing : ok(refundObject(refund))
      },
    },
  ]

  const refundObject = ({ id, amount, intent, metadata }: Refund): Json => ({
    id,
    object: 'refund',
    amount,
    currency: intent.currency,
    payment_intent: intent.id,
    status: 'succeeded',
    failure_reason: null,
    metadata,
  })

  return {
    ...createStandIn(
      routes,
      ({ headers }) => headers.get('idempotency-key'),
      error(400, 'idempotency_error', 'idempotency_key_in_use'),
    ),
    event(id, type) {
      const intent = intents.get(id)
      if (intent === undefined) throw new Error(`No payment ${id}`)
      return {
        id: `evt_${++events}`,
        object: 'event',
        type,
        created: Math.floor(now() / 1000),
        livemode: false,
        data: { object: { ...objectOf(intent), latest_charge: `ch_${id}` } },
      }
    },
  }
}
