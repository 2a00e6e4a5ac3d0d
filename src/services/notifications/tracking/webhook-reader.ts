/**
 * Verifies a webhook of a provider and reads it: `readWebhook` of the webhooks service does, and so
 * does anything else that throws when the request is not authentic. An error with a `status` of 400
 * to 599 is answered with that status.
 *
 * @example
 * webhooks: {
 *   sendgrid: (request) =>
 *     readWebhook(request, { scheme: sendgridWebhook(), secrets: env.SENDGRID_WEBHOOK_KEY })
 * }
 */
export type WebhookReader = (request: Request) => Promise<ReadWebhook>

/** A verified webhook. */
export interface ReadWebhook {
  /** The parsed body. */
  readonly event: unknown
  /**
   * The sender's id of this delivery, the same when it is repeated; `null` or absent when there is
   * none.
   */
  readonly id?: string | null
}
