import type { Json } from '../../../runtime/ports/json.ts'
import type { BillingInterval } from '../subscriptions/billing-period.ts'
import type { Money } from '../money/money.ts'

/** How a payment stands, in words that fit all providers. */
export type PaymentState =
  /** Without a means of payment, or the last one was declined. */
  | 'requires_payment_method'
  /** Has all it needs and waits for `confirmPayment()`. */
  | 'requires_confirmation'
  /** The customer has to do something: see `nextAction`. */
  | 'requires_action'
  /** On its way; the provider tells by webhook how it ends. */
  | 'processing'
  /** Authorized, to be captured. */
  | 'requires_capture'
  | 'succeeded'
  | 'canceled'
  /** The provider gave it up. */
  | 'failed'
  /** Nobody completed it in time. */
  | 'expired'
  /** A call went out and no answer came back: `reconcile()` finds out. */
  | 'indeterminate'

/** What has to be done for a payment to go on. */
export type NextAction =
  /** Send the customer there; they come back to the `returnUrl`. */
  | { readonly type: 'redirect'; readonly url: string }
  /** Hand the secret to the provider's own script in the browser. */
  | { readonly type: 'client_sdk'; readonly clientSecret: string }
  /** The browser has to verify the buyer and make a new token (Square). */
  | { readonly type: 'client_verification' }
  /** Show it: a voucher, a code, bank details. */
  | { readonly type: 'display'; readonly content: Json; readonly expiresAt?: number }
  /** Nothing but wait. */
  | { readonly type: 'await' }

/** What the provider thinks of a payment's risk. */
export interface ProviderRisk {
  readonly level: 'low' | 'medium' | 'high' | 'unknown'
  /** 0 to 100, where the provider has one. */
  readonly score?: number
  readonly reasons: readonly string[]
}

/** What a provider can do; what it cannot is refused with `unsupported` before anything is called. */
export interface ProviderCapabilities {
  readonly manualCapture: boolean
  /** Less than was authorized. */
  readonly partialCapture: boolean
  /** More than one capture of one authorization. */
  readonly multipleCaptures: boolean
  readonly checkout: boolean
  readonly setupIntents: boolean
  readonly customers: boolean
  readonly paymentMethods: boolean
  readonly subscriptions: boolean
  readonly pauseSubscriptions: boolean
  readonly invoices: boolean
  readonly disputes: boolean
  /** How long a mutating call may be repeated with the same key and be carried out once, ms. */
  readonly idempotencyMs: number
}

/** With every call. */
export interface ProviderCall {
  /**
   * 43 characters of `A–Z a–z 0–9 - _`. The same for every repetition of one attempt: it must never
   * be carried out twice. Absent for calls that only read.
   */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal | undefined
}

/** What a provider is asked to pay. */
export interface ProviderPaymentRequest {
  /** Ours. The provider keeps it with the payment and sends it along in its webhooks. */
  readonly paymentId: string
  readonly amount: Money
  readonly capture: 'automatic' | 'manual'
  /** A token of the provider's: `pm_…`, a nonce, a vault id. */
  readonly paymentMethod?: string | undefined
  /** The provider's id of the customer. */
  readonly customer?: string | undefined
  /** Pay at once where a means of payment is given. */
  readonly confirm: boolean
  readonly offSession: boolean
  readonly saveMethod: boolean
  readonly description?: string | undefined
  readonly statementDescriptor?: string | undefined
  readonly receiptEmail?: string | undefined
  readonly returnUrl?: string | undefined
  readonly cancelUrl?: string | undefined
  readonly threeDSecure: 'automatic' | 'challenge'
  readonly metadata: Readonly<Record<string, string>>
}

/** A payment as the provider has it now. */
export interface ProviderPayment {
  /** The provider's id: `pi_…`, an order, a payment. */
  readonly reference: string
  /** Further ids of the provider that its webhooks may name instead: charges, captures, authorizations. */
  readonly alsoKnownAs: readonly string[]
  readonly state: PaymentState
  /** Asked for. */
  readonly amount: Money
  readonly authorized: Money
  readonly captured: Money
  /** What the provider says was refunded, whoever asked for it. */
  readonly refunded: Money
  readonly nextAction: NextAction | null
  /** Why the last attempt was declined. */
  readonly decline: { readonly code: string; readonly advice?: string | undefined } | null
  readonly risk: ProviderRisk
  /** When the provider last changed it, ms since 1970; `null` where it does not say. */
  readonly changedAt: number | null
  /** What the provider needs again for later steps, such as the id of an authorization. */
  readonly handles: Readonly<Record<string, string>>
  /** The provider's own object. */
  readonly raw: Json
}

/** A refund as the provider has it now. */
export interface ProviderRefund {
  readonly reference: string
  readonly state: 'pending' | 'succeeded' | 'failed' | 'canceled'
  readonly amount: Money
  readonly failure: string | null
  readonly raw: Json
}

/** What identifies a payment at its provider. */
export interface PaymentHandle {
  readonly reference: string
  readonly amount: Money
  readonly captured: Money
  readonly handles: Readonly<Record<string, string>>
}

/** Why money is given back. */
export type RefundReason = 'requested_by_customer' | 'duplicate' | 'fraudulent' | 'other'

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

/** What a provider's webhook says, in words that fit all providers. */
export type PaymentEventType =
  | 'payment.created'
  | 'payment.requires_action'
  | 'payment.processing'
  | 'payment.authorized'
  | 'payment.succeeded'
  | 'payment.failed'
  | 'payment.canceled'
  | 'refund.created'
  | 'refund.updated'
  | 'refund.failed'
  | 'dispute.opened'
  | 'dispute.updated'
  | 'dispute.closed'
  | 'subscription.created'
  | 'subscription.updated'
  | 'subscription.trial_ending'
  | 'subscription.past_due'
  | 'subscription.canceled'
  | 'invoice.paid'
  | 'invoice.payment_failed'
  | 'fraud.review_opened'
  | 'fraud.review_closed'
  | 'fraud.warning'
  /** Anything else; `providerType` says what. */
  | 'other'

/** One webhook, normalised. What it embeds is used as far as it is the whole object. */
export interface ProviderEvent {
  /** The provider's id of the event. */
  readonly id: string
  readonly type: PaymentEventType
  /** The provider's own word. */
  readonly providerType: string
  /** ms since 1970. */
  readonly occurredAt: number
  /** Whether it is about real money. */
  readonly live: boolean
  /** Our id, where the provider sends it along. */
  readonly paymentId: string | null
  /** The provider's id of the payment that it is about, or of one of its parts. */
  readonly paymentReference: string | null
  readonly payment?: ProviderPayment
  readonly refund?: ProviderRefund
  readonly dispute?: ProviderDispute
  readonly subscription?: ProviderSubscription
  readonly subscriptionId?: string | null
  readonly raw: Json
}

/** How a provider's webhooks are verified: what `…/webhooks/schemes` needs to know. */
export type ProviderWebhookSettings =
  | { readonly scheme: 'stripe'; readonly secrets: readonly string[] }
  | { readonly scheme: 'square'; readonly secrets: readonly string[]; readonly url: string }
  | {
      readonly scheme: 'paypal'
      readonly webhookId: string
      readonly environment: 'live' | 'sandbox'
      /** A token for PayPal's own verification, the second way. */
      readonly accessToken?: () => Promise<string>
    }
  | { readonly scheme: 'standard'; readonly secrets: readonly string[] }

/**
 * Takes payments at one provider.
 *
 * Every method that changes something is given an idempotency key and carries its request out at
 * most once under it. Failures are {@link import('../payment-error.ts').PaymentError}s: `declined`
 * and its like when the provider said no, `provider_unavailable` when nothing can have happened,
 * `indeterminate` when something may have. The laws are in `provider.conformance.ts`.
 */
export interface PaymentProvider {
  readonly name: string
  /** Whether real money moves. */
  readonly live: boolean
  readonly capabilities: ProviderCapabilities
  /** Absent where no secret was given: webhooks are then refused. */
  readonly webhooks?: ProviderWebhookSettings

  /** @throws PaymentError `invalid_request` when the provider cannot write this amount exactly */
  checkAmount(amount: Money): void
  /** One that is declined but kept by the provider is answered, with its `decline`. */
  createPayment(request: ProviderPaymentRequest, call: ProviderCall): Promise<ProviderPayment>
  retrievePayment(handle: PaymentHandle, call: ProviderCall): Promise<ProviderPayment>
  /**
   * Finds what became of a `createPayment` whose answer was lost. It must not pay anything itself.
   *
   * @param since When that call was made at the earliest, ms since 1970
   * @param call With the key of that call
   * @returns `null` when the provider is sure that there is none, or has undone it
   * @throws PaymentError `indeterminate` when the provider cannot be asked that
   */
  findPayment(
    request: ProviderPaymentRequest,
    since: number,
    call: ProviderCall,
  ): Promise<ProviderPayment | null>
  confirmPayment(
    handle: PaymentHandle,
    options: {
      readonly paymentMethod?: string | undefined
      readonly returnUrl?: string | undefined
    },
    call: ProviderCall,
  ): Promise<ProviderPayment>
  /** @param amount Default: all that is authorized */
  capturePayment(
    handle: PaymentHandle,
    amount: Money | null,
    call: ProviderCall,
  ): Promise<ProviderPayment>
  cancelPayment(handle: PaymentHandle, call: ProviderCall): Promise<ProviderPayment>
  refundPayment(
    handle: PaymentHandle,
    request: { readonly refundId: string; readonly amount: Money; readonly reason: RefundReason },
    call: ProviderCall,
  ): Promise<ProviderRefund>
  /** @param reference The refund's */
  retrieveRefund(reference: string, call: ProviderCall): Promise<ProviderRefund>
  /** Reads a verified webhook. @throws PaymentError `invalid_request` when it is none of this provider's */
  readEvent(event: Json): ProviderEvent

  readonly customers?: CustomerCalls
  readonly methods?: MethodCalls
  createSetup?(
    request: {
      readonly customer?: string | undefined
      readonly returnUrl?: string | undefined
      readonly paymentMethod?: string | undefined
    },
    call: ProviderCall,
  ): Promise<ProviderSetup>
  createCheckout?(request: CheckoutRequest, call: ProviderCall): Promise<ProviderCheckout>
  readonly subscriptions?: SubscriptionCalls
  readonly invoices?: InvoiceCalls
  readonly disputes?: DisputeCalls
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
