import type { Json } from '../../../runtime/ports/json.ts'
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

/** With every call. */
export interface ProviderCall {
  /**
   * 43 characters of `A–Z a–z 0–9 - _`. The same for every repetition of one attempt: it must never
   * be carried out twice. Absent for calls that only read.
   */
  readonly idempotencyKey?: string
  readonly signal?: AbortSignal | undefined
}

/** When a call was made for the first and for the last time, ms since 1970. */
export interface CallTimes {
  readonly first: number
  readonly last: number
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
  /**
   * Further ids of the provider that its webhooks may name instead: charges, captures,
   * authorizations.
   */
  readonly alsoKnownAs: readonly string[]
  readonly state: PaymentState
  /** Asked for. */
  readonly amount: Money
  readonly authorized: Money
  readonly captured: Money
  /** What the provider says was refunded, whoever asked for it; `null` where it does not say. */
  readonly refunded: Money | null
  readonly nextAction: NextAction | null
  /** Why the last attempt was declined. */
  readonly decline: { readonly code: string; readonly advice?: string | undefined } | null
  readonly risk: ProviderRisk
  /** When the provider last changed it, ms since 1970; `null` where it does not say. */
  readonly changedAt: number | null
  /** What the provider needs again for later steps, such as the id of an authorization. */
  readonly handles: Readonly<Record<string, string>>
  /** Where a refund is of one capture, all there are; absent elsewhere. */
  readonly captures?: readonly ProviderCapture[]
  /** The provider's own object. */
  readonly raw: Json
}

/** A part of a payment that was taken by itself, and is given back by itself. */
export interface ProviderCapture {
  readonly reference: string
  readonly amount: Money
  readonly refunded: Money
}

/** A refund as the provider has it now. */
export interface ProviderRefund {
  /**
   * Our id, where the provider sends it along; `null` where it would and there is none, so that it
   * was made elsewhere. Default: the provider does not say
   */
  readonly refundId?: string | null
  readonly reference: string
  /** The capture that it is of, where the provider says so. */
  readonly capture?: string | undefined
  readonly state: 'pending' | 'succeeded' | 'failed' | 'canceled'
  readonly amount: Money
  readonly failure: string | null
  readonly raw: Json
}

/** What is to be given back. */
export interface ProviderRefundRequest {
  /** Ours. The provider keeps it with the refund where it can. */
  readonly refundId: string
  readonly amount: Money
  readonly reason: RefundReason
  /** Of which capture, where the provider has told of several. */
  readonly capture?: string | undefined
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
