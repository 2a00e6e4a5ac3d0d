import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Stable codes of {@link WebhookError}. */
export type WebhookErrorCode =
  /** A property of an endpoint is malformed or over its limit; the message names it. */
  | 'invalid_endpoint'
  /** An event's type, id, tenant or data is malformed or over its limit; the message names it. */
  | 'invalid_event'
  /** A listing's tenant, cursor or filter is malformed; the message names it. */
  | 'invalid_query'
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
  /** As many secrets sign along as may: wait, or rotate with an `overlap` of 0. */
  | 'too_many_secrets'
  /** No delivery has this id, or it is older than the retention. */
  | 'delivery_not_found'
  /** The event id was used before, for an event with another type or other data. */
  | 'event_id_reused'
  /** Others kept changing the same record; nothing was written, trying again is safe. */
  | 'contended'

const STATUSES: Readonly<Record<WebhookErrorCode, number>> = {
  invalid_endpoint: 422,
  invalid_event: 422,
  invalid_query: 400,
  url_blocked: 422,
  endpoint_not_found: 404,
  endpoint_disabled: 409,
  endpoint_unverified: 409,
  too_many_endpoints: 409,
  too_many_secrets: 409,
  delivery_not_found: 404,
  event_id_reused: 409,
  contended: 503,
}

/**
 * Sending webhooks could not do what was asked. Never carries a secret, a payload or a response.
 */
export class WebhookError extends InfrastructureError<WebhookErrorCode> {
  override readonly name = 'WebhookError'

  constructor(code: WebhookErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, { ...options, status: STATUSES[code] })
  }
}
