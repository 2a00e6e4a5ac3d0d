import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link PaymentError}. */
export type PaymentErrorCode =
  /** The customer's bank or the provider said no; `declineCode` says why, `advice` what to do. */
  | 'declined'
  /** The customer must prove who they are: show them `nextAction` of the payment. */
  | 'authentication_required'
  /** Too many calls: try again after `retryAfterMs`. */
  | 'rate_limited'
  /** The request cannot be carried out as it stands; the message names what is wrong. */
  | 'invalid_request'
  /** The provider's answer says that our own key or account is not in order. */
  | 'configuration'
  /** The provider cannot be reached, or failed before it could have done anything. */
  | 'provider_unavailable'
  /**
   * The call went out and no answer came back: it may or may not have happened. See `reconcile()`.
   */
  | 'indeterminate'
  /**
   * What is asked for does not fit the state it is in, or the operation id was used for something
   * else.
   */
  | 'conflict'
  /** There is no such payment, refund, subscription or dispute. */
  | 'not_found'
  /** The provider cannot do that; its `capabilities` say so. */
  | 'unsupported'
  /** More than what was captured, less what was refunded already or is being refunded. */
  | 'refund_exceeds_capture'
  /** Our own fraud rules refused it. */
  | 'blocked'

/** When it makes sense to try again. */
export type PaymentRetry =
  /** The same will fail again. */
  | 'never'
  /** The same may work later. */
  | 'later'
  /** With another card or account. */
  | 'new_method'
  /** Once the customer has proven who they are. */
  | 'after_auth'

/** What a {@link PaymentError} carries beside its code and message. */
export interface PaymentErrorDetails extends ErrorOptions {
  /** Default: what follows from the code. */
  readonly retryable?: PaymentRetry
  /** The provider's name. */
  readonly provider?: string | undefined
  /** The provider's own word for it, such as `insufficient_funds`. */
  readonly declineCode?: string | undefined
  /** What the card network advises, such as `try_again_later` or `do_not_try_again`. */
  readonly advice?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** Ours, when the payment exists. */
  readonly paymentId?: string | undefined
}

const STATUS: Readonly<Record<PaymentErrorCode, number>> = {
  declined: 402,
  authentication_required: 402,
  rate_limited: 429,
  invalid_request: 400,
  configuration: 500,
  provider_unavailable: 503,
  indeterminate: 502,
  conflict: 409,
  not_found: 404,
  unsupported: 501,
  refund_exceeds_capture: 409,
  blocked: 403,
}

const RETRY: Readonly<Record<PaymentErrorCode, PaymentRetry>> = {
  declined: 'new_method',
  authentication_required: 'after_auth',
  rate_limited: 'later',
  invalid_request: 'never',
  configuration: 'never',
  provider_unavailable: 'later',
  indeterminate: 'later',
  conflict: 'never',
  not_found: 'never',
  unsupported: 'never',
  refund_exceeds_capture: 'never',
  blocked: 'never',
}

/** A payment could not be made, changed or read. Never carries card data, tokens or secrets. */
export class PaymentError extends InfrastructureError<PaymentErrorCode> {
  override readonly name = 'PaymentError'
  readonly retryable: PaymentRetry
  readonly provider: string | undefined
  readonly declineCode: string | undefined
  readonly advice: string | undefined
  readonly retryAfterMs: number | undefined
  readonly paymentId: string | undefined

  constructor(code: PaymentErrorCode, message: string, details: PaymentErrorDetails = {}) {
    super(code, message, {
      status: STATUS[code],
      ...('cause' in details && { cause: details.cause }),
    })
    this.retryable = details.retryable ?? RETRY[code]
    this.provider = details.provider
    this.declineCode = details.declineCode
    this.advice = details.advice
    this.retryAfterMs = details.retryAfterMs
    this.paymentId = details.paymentId
  }
}
