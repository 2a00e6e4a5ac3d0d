import type { StandardSchema } from '../../../primitives/standard-schema.ts'
import { matchesEventPattern } from '../endpoints/event-pattern.ts'
import { checkEvent } from './check-event.ts'
import type { QueuedWebhook } from './webhook-queue.ts'

/**
 * What to do with each type of event. A key is a type as the sender writes it, or a pattern in which `*` stands for a
 * word, last for one or more: `order.*`, `*`. The type itself goes before patterns, a longer pattern before a shorter.
 */
export type WebhookHandlers = Readonly<Record<string, WebhookHandler>>

/**
 * Acts on one event. What it throws makes the sender try again; a `Response` it returns is the answer (Slack's
 * challenge wants one), unless the webhook was handed to a queue.
 */
export type WebhookHandler = (event: unknown, context: WebhookContext) => unknown

/** What a handler can use besides the event. */
export interface WebhookContext extends Omit<QueuedWebhook, 'event'> {
  /** Aborts when the work must stop because another call has taken over, or the worker stops. */
  readonly signal: AbortSignal
}

/**
 * A handler for events that a schema checks: what does not fit is refused with `invalid_event`.
 *
 * @example
 * handleWebhooks({ 'order.paid': webhookHandler(OrderPaid, async (order) => ship(order)) }, options)
 */
export function webhookHandler<Event>(
  schema: StandardSchema<unknown, Event>,
  handle: (event: Event, context: WebhookContext) => unknown,
): WebhookHandler {
  return async (event, context) => handle(await checkEvent(schema, event), context)
}

/** @returns The handler for a type, or `null` when there is none */
export function findHandler(handlers: WebhookHandlers, type: string | null): WebhookHandler | null {
  if (type !== null && Object.hasOwn(handlers, type)) return handlers[type] ?? null
  const patterns = Object.keys(handlers)
    .filter((key) => key.includes('*') && (key === '*' || matchesEventPattern(key, type ?? '')))
    .toSorted((a, b) => b.length - a.length)
  return handlers[patterns[0] ?? ''] ?? null
}
