import {
  InfrastructureError,
  type InfrastructureErrorOptions,
} from '../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link NotificationError}. */
export type NotificationErrorCode =
  /** The address, number or token cannot be sent to, now or later. */
  | 'invalid_recipient'
  /** The message itself is not one that can be sent; the error says which part. */
  | 'invalid_request'
  /** The provider does not know the credentials, or they may not do this. */
  | 'authentication'
  /** The account has used up what it may send, or cannot pay. */
  | 'quota'
  /** Too much at once; `retryAfterMs` says until when, where that is known. */
  | 'rate_limited'
  /** The provider did not take the message: it failed, or could not be reached. */
  | 'unavailable'
  /** The request went out and its answer is not known: the message may have been sent. */
  | 'ambiguous'
  /** The idempotency key was used before with another message. */
  | 'idempotency_conflict'
  /** The same message is being sent right now. */
  | 'in_progress'
  /** No template has this name. */
  | 'template_not_found'
  /** A template cannot be read, or the engine lacks what it uses. */
  | 'invalid_template'
  /** The data of a template does not fit its schema, or lacks a value that the template shows. */
  | 'invalid_data'
  /** No message, or no item of the inbox, has this id. */
  | 'not_found'
  /** A signed link is malformed, has expired or was signed with another secret. */
  | 'invalid_link'

/** What is known of a recipient that was refused for good. */
export type RecipientState =
  /** The address or the push token does not exist any more. */
  | 'gone'
  /** The recipient does not want messages from this sender. */
  | 'opted_out'
  /** The provider has the address on a suppression list of its own. */
  | 'suppressed'

/** Options of {@link NotificationError} beside its code and message. */
export interface NotificationErrorOptions extends InfrastructureErrorOptions {
  readonly provider?: string | undefined
  readonly vendorCode?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly recipient?: RecipientState | undefined
  readonly recipientSince?: number | undefined
}

const STATUS: Readonly<Record<NotificationErrorCode, number>> = {
  invalid_recipient: 400,
  invalid_request: 400,
  authentication: 502,
  quota: 502,
  rate_limited: 503,
  unavailable: 503,
  ambiguous: 502,
  idempotency_conflict: 422,
  in_progress: 409,
  template_not_found: 404,
  invalid_template: 400,
  invalid_data: 400,
  not_found: 404,
  invalid_link: 400,
}

/** With these, the same call may succeed later. */
const RETRYABLE: ReadonlySet<NotificationErrorCode> = new Set([
  'authentication',
  'quota',
  'rate_limited',
  'unavailable',
  'in_progress',
])

/**
 * A notification was not sent, or it is not known whether it was. Carries no address and no
 * content.
 */
export class NotificationError extends InfrastructureError<NotificationErrorCode> {
  override readonly name = 'NotificationError'
  /** Whether trying again later can help without sending anything twice. */
  readonly retryable: boolean
  /** Whose answer it is; `null` when no provider was asked. */
  readonly provider: string | null
  /** The provider's own code, as `21211` or `validation_error`; `null` where it gave none. */
  readonly vendorCode: string | null
  /** How long to wait before trying again; `null` where nobody said. */
  readonly retryAfterMs: number | null
  /** What the provider knows of the recipient; `null` where it did not say. */
  readonly recipient: RecipientState | null
  /** Since when a recipient is gone, ms since 1970; `null` where nobody said. */
  readonly recipientSince: number | null

  constructor(
    code: NotificationErrorCode,
    message: string,
    {
      provider,
      vendorCode,
      retryAfterMs,
      recipient,
      recipientSince,
      status = STATUS[code],
      ...options
    }: NotificationErrorOptions = {},
  ) {
    super(code, message, { ...options, status })
    this.retryable = RETRYABLE.has(code)
    this.provider = provider ?? null
    this.vendorCode = vendorCode ?? null
    this.retryAfterMs = retryAfterMs ?? null
    this.recipient = recipient ?? null
    this.recipientSince = recipientSince ?? null
  }
}
