import type { Json } from '../../../../runtime/ports/json.ts'
import { minorMoney } from '../../money/money.ts'
import { at, instantAt, textAt } from '../provider-http.ts'
import type {
  ProviderDispute,
  ProviderInvoice,
  ProviderMethod,
  ProviderSubscription,
  SubscriptionState,
} from '../provider-billing.ts'
import { moneyFromSquare } from './square-payment.ts'

export function disputeFromSquare(dispute: Json): ProviderDispute {
  const states: Readonly<Partial<Record<string, ProviderDispute['state']>>> = {
    INQUIRY_EVIDENCE_REQUIRED: 'inquiry_needs_response',
    INQUIRY_PROCESSING: 'inquiry_under_review',
    INQUIRY_CLOSED: 'inquiry_closed',
    EVIDENCE_REQUIRED: 'needs_response',
    PROCESSING: 'under_review',
    WON: 'won',
    LOST: 'lost',
    ACCEPTED: 'accepted',
  }
  const reasons: Readonly<Partial<Record<string, ProviderDispute['reason']>>> = {
    NO_KNOWLEDGE: 'fraud',
    NOT_RECEIVED: 'not_received',
    NOT_AS_DESCRIBED: 'not_as_described',
    DUPLICATE: 'duplicate',
    PAID_BY_OTHER_MEANS: 'duplicate',
    CUSTOMER_REQUESTS_CREDIT: 'credit_not_processed',
    CANCELLED: 'canceled_recurring',
  }
  return {
    reference: textAt(dispute, 'id') ?? textAt(dispute, 'dispute_id') ?? '',
    paymentReference: textAt(dispute, 'disputed_payment', 'payment_id') ?? '',
    state: states[textAt(dispute, 'state') ?? ''] ?? 'under_review',
    amount: moneyFromSquare(at(dispute, 'amount_money')) ?? minorMoney(0n, 'USD'),
    reason: reasons[textAt(dispute, 'reason') ?? ''] ?? 'other',
    dueAt: instantAt(dispute, 'due_at'),
    raw: dispute,
  }
}

export function subscriptionFromSquare(subscription: Json): ProviderSubscription {
  const states: Readonly<Partial<Record<string, SubscriptionState>>> = {
    PENDING: 'pending',
    ACTIVE: 'active',
    PAUSED: 'paused',
    CANCELED: 'canceled',
    DEACTIVATED: 'unpaid',
    COMPLETED: 'expired',
  }
  const ends = textAt(subscription, 'canceled_date')
  const state = states[textAt(subscription, 'status') ?? ''] ?? 'pending'
  return {
    reference: textAt(subscription, 'id') ?? '',
    state,
    plan: textAt(subscription, 'plan_variation_id') ?? null,
    quantity: 1,
    periodStart: instantAt(subscription, 'start_date'),
    periodEnd: instantAt(subscription, 'charged_through_date'),
    trialEnd: null,
    cancelAtPeriodEnd: ends !== undefined && state !== 'canceled',
    nextAction: null,
    changedAt: null,
    raw: subscription,
  }
}

export function invoiceFromSquare(invoice: Json): ProviderInvoice {
  const states: Readonly<Partial<Record<string, ProviderInvoice['state']>>> = {
    DRAFT: 'draft',
    PAID: 'paid',
    CANCELED: 'void',
    FAILED: 'uncollectible',
    REFUNDED: 'paid',
  }
  const request = at(invoice, 'payment_requests', 0)
  const total =
    moneyFromSquare(at(request, 'computed_amount_money')) ??
    moneyFromSquare(at(invoice, 'next_payment_amount_money')) ??
    minorMoney(0n, 'USD')
  return {
    reference: textAt(invoice, 'id') ?? '',
    state: states[textAt(invoice, 'status') ?? ''] ?? 'open',
    total,
    due:
      moneyFromSquare(at(invoice, 'next_payment_amount_money')) ?? minorMoney(0n, total.currency),
    url: textAt(invoice, 'public_url') ?? null,
    raw: invoice,
  }
}

export function cardFromSquare(card: Json): ProviderMethod {
  const [month, year] = [at(card, 'exp_month'), at(card, 'exp_year')]
  return {
    reference: textAt(card, 'id') ?? '',
    type: 'card',
    brand: textAt(card, 'card_brand')?.toLowerCase() ?? null,
    last4: textAt(card, 'last_4') ?? null,
    expiry:
      month === undefined || year === undefined
        ? null
        : { month: Number(month), year: Number(year) },
  }
}
