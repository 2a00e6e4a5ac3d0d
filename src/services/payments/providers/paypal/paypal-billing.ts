import type { Json } from '../../../../runtime/ports/json.ts'
import { minorMoney } from '../../money/money.ts'
import { at, instantAt, listAt, textAt } from '../provider-http.ts'
import type {
  ProviderDispute,
  ProviderSubscription,
  SubscriptionState,
} from '../provider-billing.ts'
import { moneyFromPaypal } from './paypal-money.ts'

export function disputeFromPaypal(dispute: Json): ProviderDispute {
  const reasons: Readonly<Partial<Record<string, ProviderDispute['reason']>>> = {
    UNAUTHORISED: 'fraud',
    MERCHANDISE_OR_SERVICE_NOT_RECEIVED: 'not_received',
    MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED: 'not_as_described',
    DUPLICATE_TRANSACTION: 'duplicate',
    CREDIT_NOT_PROCESSED: 'credit_not_processed',
    CANCELED_RECURRING_BILLING: 'canceled_recurring',
  }
  return {
    reference: textAt(dispute, 'dispute_id') ?? '',
    paymentReference: textAt(dispute, 'disputed_transactions', 0, 'seller_transaction_id') ?? '',
    state: disputeState(dispute),
    amount: moneyFromPaypal(at(dispute, 'dispute_amount')) ?? minorMoney(0n, 'USD'),
    reason: reasons[textAt(dispute, 'reason') ?? ''] ?? 'other',
    dueAt: instantAt(dispute, 'seller_response_due_date'),
    raw: dispute,
  }
}

function disputeState(dispute: Json): ProviderDispute['state'] {
  const isInquiry = textAt(dispute, 'dispute_life_cycle_stage') === 'INQUIRY'
  switch (textAt(dispute, 'status')) {
    case 'OPEN':
    case 'WAITING_FOR_SELLER_RESPONSE':
      return isInquiry ? 'inquiry_needs_response' : 'needs_response'
    case 'RESOLVED': {
      const outcome = textAt(dispute, 'dispute_outcome', 'outcome_code') ?? ''
      if (outcome === 'RESOLVED_SELLER_FAVOUR' || outcome === 'CANCELED_BY_BUYER') return 'won'
      return outcome === 'ACCEPTED' ? 'accepted' : 'lost'
    }
    default:
      return isInquiry ? 'inquiry_under_review' : 'under_review'
  }
}

export function subscriptionFromPaypal(subscription: Json): ProviderSubscription {
  const states: Readonly<Partial<Record<string, SubscriptionState>>> = {
    APPROVAL_PENDING: 'requires_action',
    APPROVED: 'pending',
    ACTIVE: 'active',
    SUSPENDED: 'paused',
    CANCELLED: 'canceled',
    EXPIRED: 'expired',
  }
  const state = states[textAt(subscription, 'status') ?? ''] ?? 'pending'
  const link = listAt(subscription, 'links').find((entry) => textAt(entry, 'rel') === 'approve')
  const url = textAt(link, 'href')
  return {
    reference: textAt(subscription, 'id') ?? '',
    state,
    plan: textAt(subscription, 'plan_id') ?? null,
    quantity: Number(textAt(subscription, 'quantity') ?? 1),
    periodStart: instantAt(subscription, 'billing_info', 'last_payment', 'time'),
    periodEnd: instantAt(subscription, 'billing_info', 'next_billing_time'),
    trialEnd: null,
    cancelAtPeriodEnd: false,
    nextAction: state === 'requires_action' && url !== undefined ? { type: 'redirect', url } : null,
    changedAt: instantAt(subscription, 'update_time') ?? instantAt(subscription, 'create_time'),
    raw: subscription,
  }
}
