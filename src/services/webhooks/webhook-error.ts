/** Stable codes of {@link WebhookError}. */
export type WebhookErrorCode =
  /** A property of an endpoint is malformed or over its limit; the message names it. */
  | 'invalid_endpoint'
  /** An event's type, id, tenant or data is malformed or over its limit; the message names it. */
  | 'invalid_event'
  /** The URL is one that webhooks are never sent to; the message says which rule refuses it. */
  | 'url_blocked'
  /** No endpoint has this id. */
  | 'endpoint_not_found'
  /** The endpoint is disabled: enable it first. */
  | 'endpoint_disabled'
  /** Endpoints must answer a challenge before they are enabled, and this one did not yet. */
  | 'endpoint_unverified'
  /** The tenant has as many endpoints as it may have. */
  | 'too_many_endpoints'
  /** No delivery has this id, or it is older than the retention. */
  | 'delivery_not_found'
  /** The event id was used before, for an event with another type or other data. */
  | 'event_id_reused'
  /** Others kept changing the same record; nothing was written, trying again is safe. */
  | 'contended'

/** Sending webhooks could not do what was asked. Never carries a secret, a payload or a response. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code: WebhookErrorCode

  constructor(code: WebhookErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
