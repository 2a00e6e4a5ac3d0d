import type { Json } from '../../../runtime/ports/json.ts'
import type { Money } from '../money/money.ts'
import type { CallTimes, NextAction, ProviderCall } from './provider-payment.ts'
import type { BillingInterval } from '../subscriptions/billing-period.ts'

/** A dispute as the provider has it now. */
export interface ProviderDispute {
  readonly reference: string
  /** The provider's id of the payment, charge or capture that is disputed. */
  readonly paymentReference: string
  readonly state:
    | 'inquiry_needs_response'
    | 'inquiry_under_review'
    | 'inquiry_closed'
    | 'needs_response'
    | 'under_review'
    | 'won'
    | 'lost'
    | 'accepted'
    | 'prevented'
  readonly amount: Money
  readonly reason:
    | 'fraud'
    | 'not_received'
    | 'not_as_described'
    | 'duplicate'
    | 'credit_not_processed'
    | 'canceled_recurring'
    | 'other'
  /** When an answer is due, ms since 1970. */
  readonly dueAt: number | null
  readonly raw: Json
}

/** What is handed in against a dispute: texts by the name of what they show. */
export interface DisputeEvidence {
  readonly explanation?: string
  readonly customerName?: string
  readonly customerEmail?: string
  readonly productDescription?: string
  readonly shippingCarrier?: string
  readonly trackingNumber?: string
  readonly shippedAt?: string
  readonly refundPolicy?: string
  readonly cancellationPolicy?: string
  readonly serviceDate?: string
}

/** A customer of the provider's. */
export interface ProviderCustomer {
  readonly reference: string
  readonly raw: Json
}

/** Who is to become one. */
export interface CustomerRequest {
  /** Yours: kept with the provider's customer. */
  readonly id?: string
  readonly name?: string
  readonly email?: string
  readonly phone?: string
  readonly description?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A saved means of payment: what may be shown of it, never a card number. */
export interface ProviderMethod {
  readonly reference: string
  readonly type: string
  readonly brand: string | null
  readonly last4: string | null
  readonly expiry: { readonly month: number; readonly year: number } | null
}

/** A means of payment that is being saved. */
export interface ProviderSetup {
  readonly reference: string
  readonly state: 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'canceled'
  readonly nextAction: NextAction | null
  /** The token to pay with later. */
  readonly paymentMethod: string | null
  readonly raw: Json
}

/** A page of the provider's where a customer pays. */
export interface ProviderCheckout {
  readonly reference: string
  readonly url: string
  readonly expiresAt: number | null
  /** The payment behind it, where the provider names it already. */
  readonly paymentReference: string | null
  readonly raw: Json
}

/** What a checkout page asks for. */
export interface CheckoutRequest {
  readonly paymentId: string
  readonly amount: Money
  readonly name: string
  readonly capture: 'automatic' | 'manual'
  /** Default `automatic`. */
  readonly threeDSecure?: 'automatic' | 'challenge' | undefined
  readonly customer?: string | undefined
  readonly returnUrl: string
  readonly cancelUrl?: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** What is sold again and again. */
export interface PlanRequest {
  readonly name: string
  readonly amount: Money
  readonly interval: BillingInterval
  /** Where the provider wants one made before. */
  readonly productReference?: string | undefined
  readonly trialDays?: number | undefined
}

/** A plan at the provider. */
export interface ProviderPlan {
  readonly reference: string
  readonly amount: Money | null
  readonly raw: Json
}

/** How a subscription stands. */
export type SubscriptionState =
  | 'pending'
  | 'requires_action'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'unpaid'
  | 'paused'
  | 'canceled'
  | 'expired'

/** What a customer subscribes to. */
export interface SubscriptionRequest {
  readonly subscriptionId: string
  /** The provider's id of the plan or price. */
  readonly plan: string
  readonly customer?: string | undefined
  readonly paymentMethod?: string | undefined
  readonly quantity: number
  /** First payment then, ms since 1970. */
  readonly trialEnd?: number | undefined
  /** When periods begin, ms since 1970. */
  readonly anchor?: number | undefined
  readonly returnUrl?: string | undefined
  readonly cancelUrl?: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** A subscription as the provider has it now. */
export interface ProviderSubscription {
  readonly reference: string
  readonly state: SubscriptionState
  readonly plan: string | null
  readonly quantity: number
  readonly periodStart: number | null
  readonly periodEnd: number | null
  readonly trialEnd: number | null
  readonly cancelAtPeriodEnd: boolean
  readonly nextAction: NextAction | null
  readonly changedAt: number | null
  readonly raw: Json
}

/** What changes about a subscription. */
export interface SubscriptionChange {
  readonly plan?: string | undefined
  readonly quantity?: number | undefined
  readonly proration?: 'prorate' | 'none' | 'invoice_now' | undefined
}

/** An invoice as the provider has it now. */
export interface ProviderInvoice {
  readonly reference: string
  readonly state: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible'
  readonly total: Money
  readonly due: Money
  /** Where the customer sees and pays it. */
  readonly url: string | null
  readonly raw: Json
}

/** What is invoiced. */
export interface InvoiceRequest {
  readonly customer: string
  readonly lines: readonly { readonly description: string; readonly amount: Money }[]
  readonly subscription?: string | undefined
  readonly daysUntilDue?: number | undefined
  readonly metadata: Readonly<Record<string, string>>
}

/** Customers at a provider. */
export interface CustomerCalls {
  create(request: CustomerRequest, call: ProviderCall): Promise<ProviderCustomer>
  retrieve(reference: string, call: ProviderCall): Promise<ProviderCustomer>
  update(reference: string, request: CustomerRequest, call: ProviderCall): Promise<ProviderCustomer>
}

/** Saved means of payment at a provider. */
export interface MethodCalls {
  attach(customer: string, token: string, call: ProviderCall): Promise<ProviderMethod>
  list(customer: string, call: ProviderCall): Promise<readonly ProviderMethod[]>
  detach(reference: string, call: ProviderCall): Promise<void>
}

/** Subscriptions at a provider. */
export interface SubscriptionCalls {
  createPlan(request: PlanRequest, call: ProviderCall): Promise<ProviderPlan>
  create(request: SubscriptionRequest, call: ProviderCall): Promise<ProviderSubscription>
  /**
   * Finds what became of a `create` whose answer was lost and whose key is forgotten. Absent where
   * the provider cannot be asked that.
   *
   * @returns `null` when the provider is sure that there is none
   */
  find?(
    request: SubscriptionRequest,
    called: CallTimes,
    call: ProviderCall,
  ): Promise<ProviderSubscription | null>
  retrieve(reference: string, call: ProviderCall): Promise<ProviderSubscription>
  change(
    reference: string,
    change: SubscriptionChange,
    call: ProviderCall,
  ): Promise<ProviderSubscription>
  pause?(reference: string, call: ProviderCall): Promise<ProviderSubscription>
  resume?(reference: string, call: ProviderCall): Promise<ProviderSubscription>
  cancel(
    reference: string,
    at: 'now' | 'period_end',
    call: ProviderCall,
  ): Promise<ProviderSubscription>
  /** Takes a cancellation at the period's end back. */
  reactivate?(reference: string, call: ProviderCall): Promise<ProviderSubscription>
}

/** Of a provider that pauses, and takes no cancellation back. */
export type PausableSubscriptionCalls = Required<Omit<SubscriptionCalls, 'reactivate' | 'find'>> &
  Pick<SubscriptionCalls, 'find'>

/** Invoices at a provider. */
export interface InvoiceCalls {
  create(request: InvoiceRequest, call: ProviderCall): Promise<ProviderInvoice>
  retrieve(reference: string, call: ProviderCall): Promise<ProviderInvoice>
  finalize(reference: string, call: ProviderCall): Promise<ProviderInvoice>
  pay?(reference: string, call: ProviderCall): Promise<ProviderInvoice>
  void(reference: string, call: ProviderCall): Promise<ProviderInvoice>
}

/** Disputes at a provider. */
export interface DisputeCalls {
  list(
    options: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
    call: ProviderCall,
  ): Promise<{ readonly disputes: readonly ProviderDispute[]; readonly cursor: string | null }>
  retrieve(reference: string, call: ProviderCall): Promise<ProviderDispute>
  submitEvidence(
    reference: string,
    evidence: DisputeEvidence,
    call: ProviderCall,
  ): Promise<ProviderDispute>
  accept(reference: string, call: ProviderCall): Promise<ProviderDispute>
}
