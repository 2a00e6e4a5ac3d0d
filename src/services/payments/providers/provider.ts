import type { Json } from '../../../runtime/ports/json.ts'
import type { Money } from '../money/money.ts'
import type {
  CheckoutRequest,
  CustomerCalls,
  DisputeCalls,
  InvoiceCalls,
  MethodCalls,
  ProviderCheckout,
  ProviderDispute,
  ProviderSetup,
  ProviderSubscription,
  SubscriptionCalls,
} from './provider-billing.ts'
import type {
  CallTimes,
  PaymentHandle,
  ProviderCall,
  ProviderPayment,
  ProviderPaymentRequest,
  ProviderRefund,
  ProviderRefundRequest,
} from './provider-payment.ts'

/**
 * What a provider can do; what it cannot is refused with `unsupported` before anything is called.
 */
export interface ProviderCapabilities {
  readonly manualCapture: boolean
  /** Less than was authorized. */
  readonly partialCapture: boolean
  /** More than one capture of one authorization. */
  readonly multipleCaptures: boolean
  /** The customer can be asked in any case to prove who they are. */
  readonly threeDSecure: boolean
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
  /**
   * How long a call may take, ms: what is not there sooner may be under way. Default: calls are
   * never under way when somebody else asks
   */
  readonly timeoutMs?: number
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
   * @param called When that call was made; what it made is hardly older or younger
   * @param call With the key of that call
   * @returns `null` when the provider is sure that there is none, or has undone it
   * @throws PaymentError `indeterminate` when the provider cannot be asked that
   */
  findPayment(
    request: ProviderPaymentRequest,
    called: CallTimes,
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
    request: ProviderRefundRequest,
    call: ProviderCall,
  ): Promise<ProviderRefund>
  /**
   * Finds what became of a `refundPayment` whose answer was lost. Absent where refunds are not kept
   * with our ids: what was refunded in all has to tell then.
   *
   * @param refundId Ours
   * @returns `null` when there is none
   */
  findRefund?(
    handle: PaymentHandle,
    refundId: string,
    call: ProviderCall,
  ): Promise<ProviderRefund | null>
  /** @param reference The refund's */
  retrieveRefund(reference: string, call: ProviderCall): Promise<ProviderRefund>
  /**
   * Reads a verified webhook. @throws PaymentError `invalid_request` when it is none of this
   * provider's
   */
  readEvent(event: Json): ProviderEvent | Promise<ProviderEvent>

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
  /**
   * Finds the payment that a page has led to, by the page's `reference`. Absent where
   * `createCheckout()` names the payment.
   *
   * @returns `null` while nobody has paid
   */
  findCheckout?(reference: string, call: ProviderCall): Promise<ProviderPayment | null>
  readonly subscriptions?: SubscriptionCalls
  readonly invoices?: InvoiceCalls
  readonly disputes?: DisputeCalls
}
