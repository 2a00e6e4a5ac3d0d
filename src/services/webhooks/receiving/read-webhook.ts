import type { StandardSchema } from '../../../primitives/standard-schema.ts'
import { checkEvent } from './check-event.ts'
import { receiveWebhook, type ReceivedWebhook } from './receive-webhook.ts'
import { checkReception, RECEIVE_OPTIONS, type ReceiveWebhookOptions } from './webhook-reception.ts'

/** Options of {@link readWebhook}. */
export interface ReadWebhookOptions<Event = unknown> extends ReceiveWebhookOptions {
  /** Checks the parsed event and gives it its type: any Standard Schema (zod, valibot, arktype). */
  readonly schema: StandardSchema<unknown, Event>
}

const READ_OPTIONS = [...RECEIVE_OPTIONS, 'schema']

/**
 * Reads a webhook from a request: its event when it is authentic, else an error that says why not.
 *
 * @example
 * const { event } = await readWebhook(request, {
 *   scheme: 'stripe',
 *   secrets: env.STRIPE_WEBHOOK_SECRET,
 * })
 *
 * @param request Its body not read yet
 * @param options Without a `schema` the event is parsed, not checked
 * @throws WebhookVerificationError with a `code` and the `status` to answer
 * @throws TypeError when the request's body was read before, or a secret or an option is not valid
 * @throws RangeError when a secret or an option is out of range
 */
export function readWebhook<Event>(
  request: Request,
  options: ReadWebhookOptions<Event>,
): Promise<ReceivedWebhook<Event>>
export function readWebhook(
  request: Request,
  options: ReceiveWebhookOptions,
): Promise<ReceivedWebhook<unknown>>
export async function readWebhook(
  request: Request,
  options: ReceiveWebhookOptions & Partial<ReadWebhookOptions>,
): Promise<ReceivedWebhook<unknown>> {
  const received = await receiveWebhook(request, checkReception(options, READ_OPTIONS))
  const { schema } = options
  if (schema === undefined) return received
  return { ...received, event: await checkEvent(schema, received.event) }
}
