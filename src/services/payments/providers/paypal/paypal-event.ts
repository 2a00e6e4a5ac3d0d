import type { Json } from '../../../../runtime/ports/json.ts'
import { PaymentError } from '../../payment-error.ts'
import { at, instantAt, textAt } from '../provider-http.ts'
import type { PaymentEventType, ProviderEvent } from '../provider.ts'
import { disputeFromPaypal, subscriptionFromPaypal } from './paypal-billing.ts'
import { paymentFromPaypal, refundFromPaypal } from './paypal-payment.ts'

const TYPES: Readonly<Partial<Record<string, PaymentEventType>>> = {
  'CHECKOUT.ORDER.APPROVED': 'payment.processing',
  'CHECKOUT.ORDER.COMPLETED': 'payment.processing',
  'CHECKOUT.ORDER.VOIDED': 'payment.canceled',
  'CHECKOUT.PAYMENT-APPROVAL.REVERSED': 'payment.canceled',
  'PAYMENT.AUTHORIZATION.CREATED': 'payment.authorized',
  'PAYMENT.AUTHORIZATION.VOIDED': 'payment.canceled',
  'PAYMENT.CAPTURE.COMPLETED': 'payment.succeeded',
  'PAYMENT.CAPTURE.PENDING': 'payment.processing',
  'PAYMENT.CAPTURE.DENIED': 'payment.failed',
  'PAYMENT.CAPTURE.DECLINED': 'payment.failed',
  'PAYMENT.CAPTURE.REFUNDED': 'refund.updated',
  'PAYMENT.CAPTURE.REVERSED': 'refund.updated',
  'PAYMENT.REFUND.PENDING': 'refund.created',
  'PAYMENT.REFUND.FAILED': 'refund.failed',
  'CUSTOMER.DISPUTE.CREATED': 'dispute.opened',
  'CUSTOMER.DISPUTE.UPDATED': 'dispute.updated',
  'CUSTOMER.DISPUTE.RESOLVED': 'dispute.closed',
  'BILLING.SUBSCRIPTION.CREATED': 'subscription.created',
  'BILLING.SUBSCRIPTION.ACTIVATED': 'subscription.updated',
  'BILLING.SUBSCRIPTION.UPDATED': 'subscription.updated',
  'BILLING.SUBSCRIPTION.RE-ACTIVATED': 'subscription.updated',
  'BILLING.SUBSCRIPTION.SUSPENDED': 'subscription.updated',
  'BILLING.SUBSCRIPTION.CANCELLED': 'subscription.canceled',
  'BILLING.SUBSCRIPTION.EXPIRED': 'subscription.canceled',
  'BILLING.SUBSCRIPTION.PAYMENT.FAILED': 'subscription.past_due',
  'PAYMENT.SALE.COMPLETED': 'invoice.paid',
}

/**
 * Reads a verified event.
 *
 * What it embeds is one part of a payment, hardly ever the whole order: `paymentReference` says
 * which, and the service asks PayPal for the rest.
 *
 * @param live Whether this provider is: PayPal's events do not say so, their signature's key does
 * @throws PaymentError `invalid_request` when it is none of PayPal's
 */
export function eventFromPaypal(event: Json, live: boolean): ProviderEvent {
  const id = textAt(event, 'id')
  const providerType = textAt(event, 'event_type')
  const resource = at(event, 'resource')
  if (id === undefined || providerType === undefined || resource === undefined)
    throw new PaymentError('invalid_request', 'Cannot read event: it is none of PayPal’s', {
      provider: 'paypal',
    })
  const type = TYPES[providerType] ?? ('other' as const)
  const related = at(resource, 'supplementary_data', 'related_ids')
  const base = {
    id,
    type,
    providerType,
    occurredAt: instantAt(event, 'create_time') ?? 0,
    live,
    paymentId:
      textAt(resource, 'custom_id') ?? textAt(resource, 'purchase_units', 0, 'custom_id') ?? null,
    paymentReference: textAt(related, 'order_id') ?? textAt(resource, 'id') ?? null,
    raw: event,
  }
  if (providerType.startsWith('CHECKOUT.ORDER.') && at(resource, 'purchase_units') !== undefined) {
    const payment = paymentFromPaypal(resource)
    return { ...base, paymentReference: payment.reference, payment }
  }
  if (providerType === 'PAYMENT.CAPTURE.REFUNDED' || providerType.startsWith('PAYMENT.REFUND.')) {
    const refund = refundFromPaypal(resource)
    return {
      ...base,
      paymentReference: textAt(related, 'order_id') ?? refund.capture ?? null,
      refund,
    }
  }
  if (providerType.startsWith('CUSTOMER.DISPUTE.')) {
    const dispute = disputeFromPaypal(resource)
    return { ...base, paymentId: null, paymentReference: dispute.paymentReference, dispute }
  }
  if (providerType.startsWith('BILLING.SUBSCRIPTION.')) {
    const subscriptionId = base.paymentId
    const subscription = subscriptionFromPaypal(resource)
    return { ...base, paymentId: null, paymentReference: null, subscription, subscriptionId }
  }
  return base
}
