import type { Json } from '../../../runtime/ports/json.ts'

/**
 * What takes webhooks over, to handle them after the sender has got its answer. A `JobQueue` fits.
 */
export interface WebhookQueue {
  /**
   * Resolves when the webhook is safe; only then is it acknowledged.
   *
   * @param name Always `webhook`
   */
  add(name: 'webhook', webhook: QueuedWebhook): Promise<unknown>
}

/** A verified webhook as JSON. */
export interface QueuedWebhook {
  readonly event: Json
  /** The sender's id of the event or of the delivery; `null` when it has none. */
  readonly id: string | null
  readonly type: string | null
  /** When it was signed, seconds since 1970; `null` when the scheme does not sign a time. */
  readonly timestamp: number | null
}
