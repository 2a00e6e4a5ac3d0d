import type { StandardSchema } from '../../../primitives/standard-schema.ts'
import { checkEvent } from './check-event.ts'
import type { WebhookContext, WebhookHandler } from './webhook-handlers.ts'

/**
 * A handler for events that a schema checks: what does not fit is refused with `invalid_event`.
 *
 * @example
 * handleWebhooks(
 *   { 'order.paid': webhookHandler(OrderPaid, async (order) => ship(order)) },
 *   options,
 * )
 */
export function webhookHandler<Event>(
  schema: StandardSchema<unknown, Event>,
  handle: (event: Event, context: WebhookContext) => unknown,
): WebhookHandler {
  return async (event, context) => handle(await checkEvent(schema, event), context)
}
