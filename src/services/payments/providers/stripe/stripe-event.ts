import type Stripe from 'stripe'
import type { Json } from '../../../../runtime/ports/json.ts'
import { PaymentError } from '../../payment-error.ts'
import type { PaymentEventType, ProviderEvent } from '../provider.ts'
import {
  disputeFromStripe,
  idOf,
  paymentFromSession,
  paymentFromStripe,
  refundFromStripe,
  subscriptionFromStripe,
} from './stripe-payment.ts'

const TYPES: Readonly<Partial<Record<string, PaymentEventType>>> = {
  'payment_intent.created': 'payment.created',
  'payment_intent.requires_action': 'payment.requires_action',
  'payment_intent.processing': 'payment.processing',
  'payment_intent.amount_capturable_updated': 'payment.authorized',
  'payment_intent.succeeded': 'payment.succeeded',
  'payment_intent.payment_failed': 'payment.failed',
  'payment_intent.canceled': 'payment.canceled',
  'refund.created': 'refund.created',
  'refund.updated': 'refund.updated',
  'charge.refund.updated': 'refund.updated',
  'refund.failed': 'refund.failed',
  'charge.dispute.created': 'dispute.opened',
  'charge.dispute.updated': 'dispute.updated',
  'charge.dispute.funds_withdrawn': 'dispute.updated',
  'charge.dispute.funds_reinstated': 'dispute.updated',
  'charge.dispute.closed': 'dispute.closed',
  'customer.subscription.created': 'subscription.created',
  'customer.subscription.updated': 'subscription.updated',
  'customer.subscription.paused': 'subscription.updated',
  'customer.subscription.resumed': 'subscription.updated',
  'customer.subscription.deleted': 'subscription.canceled',
  'customer.subscription.trial_will_end': 'subscription.trial_ending',
  'invoice.paid': 'invoice.paid',
  'invoice.payment_failed': 'invoice.payment_failed',
  'review.opened': 'fraud.review_opened',
  'review.closed': 'fraud.review_closed',
  'radar.early_fraud_warning.created': 'fraud.warning',
}

/**
 * Reads a verified event.
 *
 * @param account That the provider acts for: whoever runs another one may give its payments our ids
 * @throws PaymentError `invalid_request` when it is none of Stripe's
 */
export function eventFromStripe(json: Json, account?: string): ProviderEvent {
  if (!isEvent(json))
    throw new PaymentError('invalid_request', 'Cannot read event: it is none of Stripe’s', {
      provider: 'stripe',
    })
  const { id, type, created, livemode } = json
  const occurredAt = created * 1000
  const isOurs = json.account === account
  const object = json.data.object as unknown as { readonly object?: unknown } & Readonly<
    Record<string, Json>
  >
  const base = {
    id,
    type: TYPES[type] ?? ('other' as const),
    providerType: type,
    occurredAt,
    live: livemode,
    paymentId: isOurs ? fieldOf(object['metadata'], 'payment_id') : null,
    paymentReference: textOf(object['payment_intent']) ?? textOf(object['charge']),
    raw: json as unknown as Json,
  }
  switch (object.object) {
    case 'payment_intent': {
      const payment = paymentFromStripe(object as unknown as Stripe.PaymentIntent, occurredAt)
      return { ...base, paymentReference: payment.reference, payment }
    }
    case 'refund':
      return { ...base, refund: refundFromStripe(object as unknown as Stripe.Refund) }
    case 'dispute': {
      const dispute = disputeFromStripe(object as unknown as Stripe.Dispute)
      return { ...base, paymentReference: dispute.paymentReference, dispute }
    }
    case 'subscription': {
      const stripes = object as unknown as Stripe.Subscription
      const subscription = subscriptionFromStripe(stripes, occurredAt)
      const late = base.type === 'subscription.updated' && subscription.state === 'past_due'
      return {
        ...base,
        type: late ? 'subscription.past_due' : base.type,
        paymentId: null,
        subscription,
        subscriptionId: isOurs ? fieldOf(object['metadata'], 'subscription_id') : null,
      }
    }
    case 'checkout.session': {
      const session = object as unknown as Stripe.Checkout.Session
      return {
        ...base,
        paymentReference: idOf(session.payment_intent) ?? session.id,
        ...(type === 'checkout.session.expired' && {
          type: 'payment.canceled',
          payment: paymentFromSession(session, occurredAt),
        }),
      }
    }
    default:
      return base
  }
}

interface StripeEvent {
  readonly id: string
  readonly type: string
  readonly created: number
  readonly livemode: boolean
  readonly account?: unknown
  readonly data: { readonly object: Json }
}

function isEvent(json: unknown): json is StripeEvent {
  if (typeof json !== 'object' || json === null) return false
  const { object, id, type, created, livemode, data } = json as Readonly<Record<string, unknown>>
  return (
    object === 'event' &&
    typeof id === 'string' &&
    typeof type === 'string' &&
    typeof created === 'number' &&
    typeof livemode === 'boolean' &&
    typeof data === 'object' &&
    data !== null &&
    'object' in data &&
    typeof data.object === 'object'
  )
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : fieldOf(value, 'id')
}

function fieldOf(value: Json | undefined, name: string): string | null {
  if (typeof value !== 'object' || value === null) return null
  const field = (value as Readonly<Record<string, unknown>>)[name]
  return typeof field === 'string' ? field : null
}
