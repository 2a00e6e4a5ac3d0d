import type { Json } from '../../../runtime/ports/json.ts'
import type { Payment } from '../intents/payment.ts'
import type { ProviderDispute, ProviderSubscription } from '../providers/provider-billing.ts'
import type { PaymentEventType } from '../providers/provider.ts'
import type { Refund } from '../refunds/refund.ts'

/** What a handler is told. */
export interface PaymentEvent {
  readonly type: PaymentEventType
  /** The provider's id of the webhook; for what an answer showed, one made of the payment's. */
  readonly id: string
  readonly provider: string
  /** ms since 1970. */
  readonly occurredAt: number
  readonly live: boolean
  /** As kept now, after this event; `null` where it was not made here. */
  readonly payment: Payment | null
  /** The provider's id of the payment that it is about, also where it was not made here. */
  readonly paymentReference: string | null
  readonly refund: Refund | null
  readonly dispute: ProviderDispute | null
  readonly subscription: ProviderSubscription | null
  /** Our id of the subscription, where it is one of ours. */
  readonly subscriptionId: string | null
  /** The provider's own word and object. May hold personal data. */
  readonly providerType: string
  readonly raw: Json
}

/**
 * Called once for each thing that happened, however many reports tell of it. One that throws or
 * crashes is called again with the provider's next try: make what it does idempotent under
 * `event.id`.
 */
export type PaymentEventHandler = (event: PaymentEvent) => void | Promise<void>

/** Handlers by what happened; `'*'` hears of everything that has no handler of its own. */
export type PaymentEventHandlers = Partial<Record<PaymentEventType | '*', PaymentEventHandler>>

const TYPES: Readonly<Record<PaymentEventType | '*', true>> = {
  'payment.created': true,
  'payment.requires_action': true,
  'payment.processing': true,
  'payment.authorized': true,
  'payment.succeeded': true,
  'payment.failed': true,
  'payment.canceled': true,
  'refund.created': true,
  'refund.updated': true,
  'refund.failed': true,
  'dispute.opened': true,
  'dispute.updated': true,
  'dispute.closed': true,
  'subscription.created': true,
  'subscription.updated': true,
  'subscription.trial_ending': true,
  'subscription.past_due': true,
  'subscription.canceled': true,
  'invoice.paid': true,
  'invoice.payment_failed': true,
  'fraud.review_opened': true,
  'fraud.review_closed': true,
  'fraud.warning': true,
  other: true,
  '*': true,
}

/** @throws TypeError when a handler is for nothing that happens, or is no function */
export function checkHandlers(handlers: unknown = {}): PaymentEventHandlers {
  if (typeof handlers !== 'object' || handlers === null)
    throw new TypeError('Cannot handle payment events: on is no object of handlers by event type')
  for (const [type, handler] of Object.entries(handlers)) {
    if (!Object.hasOwn(TYPES, type))
      throw new TypeError(
        `Cannot handle payment events: on[${JSON.stringify(type.slice(0, 40))}] never happens, such as 'payment.succeeded' expected`,
      )
    if (typeof handler !== 'function')
      throw new TypeError(
        `Cannot handle payment events: on[${JSON.stringify(type)}] is no function`,
      )
  }
  return { ...handlers }
}
