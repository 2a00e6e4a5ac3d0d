import type { Json } from '../../../../runtime/ports/json.ts'
import { PaymentError } from '../../payment-error.ts'
import { at, instantAt, textAt } from '../provider-http.ts'
import type { ProviderPayment } from '../provider-payment.ts'
import type { PaymentEventType, ProviderEvent } from '../provider.ts'
import { disputeFromSquare, subscriptionFromSquare } from './square-billing.ts'
import { paymentFromSquare, refundFromSquare } from './square-payment.ts'

const PAYMENT_TYPES: Readonly<Partial<Record<ProviderPayment['state'], PaymentEventType>>> = {
  requires_capture: 'payment.authorized',
  processing: 'payment.processing',
  succeeded: 'payment.succeeded',
  failed: 'payment.failed',
  canceled: 'payment.canceled',
}

const DISPUTE_TYPES: Readonly<Partial<Record<string, PaymentEventType>>> = {
  'dispute.created': 'dispute.opened',
  'dispute.state.updated': 'dispute.updated',
  'dispute.state.changed': 'dispute.updated',
}

/**
 * Reads a verified event.
 *
 * @param live Whether this provider is: Square's events do not say so, their signature's key does
 * @throws PaymentError `invalid_request` when it is none of Square's
 */
export function eventFromSquare(event: Json, live: boolean): ProviderEvent {
  const id = textAt(event, 'event_id')
  const providerType = textAt(event, 'type')
  const object = at(event, 'data', 'object')
  if (id === undefined || providerType === undefined || textAt(event, 'merchant_id') === undefined)
    throw new PaymentError('invalid_request', 'Cannot read event: it is none of Square’s', {
      provider: 'square',
    })
  const base = {
    id,
    type: 'other' as PaymentEventType,
    providerType,
    occurredAt: instantAt(event, 'created_at') ?? 0,
    live,
    paymentId: null,
    paymentReference: null,
    raw: event,
  }
  const paid = at(object, 'payment')
  if (providerType.startsWith('payment.') && paid !== undefined) {
    const payment = paymentFromSquare(paid)
    return {
      ...base,
      type: PAYMENT_TYPES[payment.state] ?? 'other',
      paymentId: textAt(paid, 'reference_id') ?? null,
      paymentReference: payment.reference,
      payment,
    }
  }
  const given = at(object, 'refund')
  if (providerType.startsWith('refund.') && given !== undefined) {
    const refund = refundFromSquare(given)
    const kind = providerType === 'refund.created' ? 'refund.created' : 'refund.updated'
    return {
      ...base,
      type: refund.state === 'failed' ? 'refund.failed' : kind,
      paymentReference: textAt(given, 'payment_id') ?? null,
      refund,
    }
  }
  const disputed = at(object, 'dispute')
  if (providerType.startsWith('dispute.') && disputed !== undefined) {
    const dispute = disputeFromSquare(disputed)
    const closed = ['won', 'lost', 'accepted'].includes(dispute.state)
    return {
      ...base,
      type: closed ? 'dispute.closed' : (DISPUTE_TYPES[providerType] ?? 'dispute.updated'),
      paymentReference: dispute.paymentReference,
      dispute,
    }
  }
  const subscribed = at(object, 'subscription')
  if (providerType.startsWith('subscription.') && subscribed !== undefined) {
    const subscription = { ...subscriptionFromSquare(subscribed), changedAt: base.occurredAt }
    const type =
      providerType === 'subscription.created' ? 'subscription.created' : 'subscription.updated'
    return {
      ...base,
      type: subscription.state === 'canceled' ? 'subscription.canceled' : type,
      subscription,
      subscriptionId: null,
    }
  }
  if (providerType === 'invoice.payment_made') return { ...base, type: 'invoice.paid' }
  if (providerType === 'invoice.scheduled_charge_failed')
    return { ...base, type: 'invoice.payment_failed' }
  return base
}
