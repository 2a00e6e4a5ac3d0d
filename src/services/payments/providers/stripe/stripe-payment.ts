import type Stripe from 'stripe'
import type { Json } from '../../../../runtime/ports/json.ts'
import type {
  ProviderDispute,
  ProviderSubscription,
  SubscriptionState,
} from '../provider-billing.ts'
import type {
  NextAction,
  PaymentState,
  ProviderPayment,
  ProviderRefund,
  ProviderRisk,
} from '../provider-payment.ts'
import { moneyFromStripe } from './stripe-money.ts'

/** @param changedAt Of the event that brought it, ms since 1970; `null` for answers */
export function paymentFromStripe(
  intent: Stripe.PaymentIntent,
  changedAt: number | null,
): ProviderPayment {
  const { currency, amount, amount_capturable: capturable, amount_received: received } = intent
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null
  const chargeId = typeof intent.latest_charge === 'string' ? intent.latest_charge : charge?.id
  const state = PAYMENT_STATES[intent.status] ?? 'processing'
  const failure = intent.last_payment_error
  return {
    reference: intent.id,
    alsoKnownAs: chargeId === undefined ? [] : [chargeId],
    state,
    amount: moneyFromStripe(amount, currency),
    authorized: moneyFromStripe(capturable + received, currency),
    captured: moneyFromStripe(received, currency),
    refunded: charge === null ? null : moneyFromStripe(charge.amount_refunded, currency),
    nextAction: nextActionOf(intent, state),
    decline:
      failure === null || state !== 'requires_payment_method'
        ? null
        : {
            code: failure.decline_code ?? failure.code ?? 'declined',
            advice: failure.advice_code,
          },
    risk: riskOf(charge),
    changedAt,
    handles: {},
    raw: rawOf(intent),
  }
}

/** A page on which nobody paid in time. */
export function paymentFromSession(
  session: Stripe.Checkout.Session,
  changedAt: number | null,
): ProviderPayment {
  const currency = session.currency ?? ''
  const none = moneyFromStripe(0, currency)
  return {
    reference: idOf(session.payment_intent) ?? session.id,
    alsoKnownAs: [session.id],
    state: 'expired',
    amount: moneyFromStripe(session.amount_total ?? 0, currency),
    authorized: none,
    captured: none,
    refunded: none,
    nextAction: null,
    decline: null,
    risk: { level: 'unknown', reasons: [] },
    changedAt,
    handles: {},
    raw: rawOf(session),
  }
}

const PAYMENT_STATES: Readonly<Partial<Record<string, PaymentState>>> = {
  requires_payment_method: 'requires_payment_method',
  requires_confirmation: 'requires_confirmation',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'requires_capture',
  succeeded: 'succeeded',
  canceled: 'canceled',
}

function nextActionOf(intent: Stripe.PaymentIntent, state: PaymentState): NextAction | null {
  const { next_action: next, client_secret: clientSecret } = intent
  if (state === 'processing') return { type: 'await' }
  if (state === 'requires_action') {
    const url = next?.redirect_to_url?.url
    if (typeof url === 'string') return { type: 'redirect', url }
    const shown = next?.display_bank_transfer_instructions ?? next?.boleto_display_details
    if (shown !== undefined && shown !== null) return { type: 'display', content: rawOf(shown) }
  }
  const inBrowser = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  if (clientSecret !== null && inBrowser.includes(state))
    return { type: 'client_sdk', clientSecret }
  return null
}

function riskOf(charge: Stripe.Charge | null): ProviderRisk {
  const outcome = charge?.outcome
  if (outcome === null || outcome === undefined) return { level: 'unknown', reasons: [] }
  const levels: Readonly<Partial<Record<string, ProviderRisk['level']>>> = {
    normal: 'low',
    elevated: 'medium',
    highest: 'high',
  }
  return {
    level: levels[outcome.risk_level ?? ''] ?? 'unknown',
    ...(typeof outcome.risk_score === 'number' && { score: outcome.risk_score }),
    reasons: typeof outcome.reason === 'string' ? [outcome.reason] : [],
  }
}

export function refundFromStripe(refund: Stripe.Refund): ProviderRefund {
  const states: Readonly<Partial<Record<string, ProviderRefund['state']>>> = {
    succeeded: 'succeeded',
    failed: 'failed',
    canceled: 'canceled',
  }
  return {
    reference: refund.id,
    refundId: refund.metadata?.['refund_id'] ?? null,
    state: states[refund.status ?? ''] ?? 'pending',
    amount: moneyFromStripe(refund.amount, refund.currency),
    failure: refund.failure_reason ?? null,
    raw: rawOf(refund),
  }
}

export function disputeFromStripe(dispute: Stripe.Dispute): ProviderDispute {
  const states: Readonly<Partial<Record<string, ProviderDispute['state']>>> = {
    warning_needs_response: 'inquiry_needs_response',
    warning_under_review: 'inquiry_under_review',
    warning_closed: 'inquiry_closed',
    needs_response: 'needs_response',
    under_review: 'under_review',
    won: 'won',
    lost: 'lost',
    prevented: 'prevented',
  }
  const reasons: Readonly<Partial<Record<string, ProviderDispute['reason']>>> = {
    fraudulent: 'fraud',
    product_not_received: 'not_received',
    product_unacceptable: 'not_as_described',
    duplicate: 'duplicate',
    credit_not_processed: 'credit_not_processed',
    subscription_canceled: 'canceled_recurring',
  }
  const dueBy = dispute.evidence_details?.due_by ?? null
  return {
    reference: dispute.id,
    paymentReference: idOf(dispute.payment_intent) ?? idOf(dispute.charge) ?? '',
    state: states[dispute.status] ?? 'under_review',
    amount: moneyFromStripe(dispute.amount, dispute.currency),
    reason: reasons[dispute.reason] ?? 'other',
    dueAt: dueBy === null ? null : dueBy * 1000,
    raw: rawOf(dispute),
  }
}

export function subscriptionFromStripe(
  subscription: Stripe.Subscription,
  changedAt: number | null,
): ProviderSubscription {
  const states: Readonly<Partial<Record<string, SubscriptionState>>> = {
    incomplete: 'requires_action',
    incomplete_expired: 'expired',
    trialing: 'trialing',
    active: 'active',
    past_due: 'past_due',
    unpaid: 'unpaid',
    canceled: 'canceled',
    paused: 'paused',
  }
  const [item] = subscription.items.data
  // Where versions of the API before 2025-03-31 have them.
  const old = subscription as { current_period_start?: number; current_period_end?: number }
  const state = states[subscription.status] ?? 'pending'
  return {
    reference: subscription.id,
    // Stripe calls a subscription active whose collection is paused.
    state:
      state === 'active' && (subscription.pause_collection ?? null) !== null ? 'paused' : state,
    plan: item?.price.id ?? null,
    quantity: item?.quantity ?? 1,
    periodStart: msOf(item?.current_period_start ?? old.current_period_start),
    periodEnd: msOf(item?.current_period_end ?? old.current_period_end),
    trialEnd: msOf(subscription.trial_end),
    cancelAtPeriodEnd: subscription.cancel_at_period_end === true,
    nextAction: state === 'requires_action' ? firstPayment(subscription) : null,
    changedAt,
    raw: rawOf(subscription),
  }
}

/** The first invoice waits for the customer, whose browser goes on with its secret. */
function firstPayment({ latest_invoice: invoice }: Stripe.Subscription): NextAction {
  if (typeof invoice !== 'object' || invoice === null) return { type: 'await' }
  const secret = invoice.confirmation_secret?.client_secret
  return secret === undefined ? { type: 'await' } : { type: 'client_sdk', clientSecret: secret }
}

function msOf(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : seconds * 1000
}

/** The id of what Stripe expands or does not. */
export function idOf(value: string | { readonly id: string } | null | undefined): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : value.id
}

/** Stripe's objects as JSON, without what their library adds, and without client secrets. */
export function rawOf(value: object): Json {
  const text = JSON.stringify(value, (key, member: unknown) =>
    key === 'client_secret' || key === 'lastResponse' ? undefined : member,
  )
  return JSON.parse(text) as Json
}
