import type { QueuedWebhook } from './webhook-queue.ts'

/**
 * What to do with each type of event. A key is a type as the sender writes it, or a pattern in
 * which `*` stands for a word, last for one or more: `order.*`, `*`. The type itself goes before
 * patterns, a longer pattern before a shorter.
 */
export type WebhookHandlers = Readonly<Record<string, WebhookHandler>>

/**
 * Acts on one event. What it throws makes the sender try again; a `Response` it returns is the
 * answer (Slack's challenge wants one), unless the webhook was handed to a queue.
 */
export type WebhookHandler = (event: unknown, context: WebhookContext) => unknown

/** What a handler can use besides the event. */
export interface WebhookContext extends Omit<QueuedWebhook, 'event'> {
  /**
   * Aborts when the work must stop: another call has taken it over, or the worker of the queue
   * stops.
   */
  readonly signal: AbortSignal
}
