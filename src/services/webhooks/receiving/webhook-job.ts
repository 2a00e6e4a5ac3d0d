import type { SchemaResult, StandardSchema } from '../../../primitives/standard-schema.ts'
import { eventField } from '../schemes/event-field.ts'
import { findHandler } from './find-handler.ts'
import type { WebhookHandlers } from './webhook-handlers.ts'
import type { QueuedWebhook } from './webhook-queue.ts'

/** A kind of job that handles webhooks; made to be named `webhook` in a `JobQueue`. */
export interface WebhookJob {
  readonly input: StandardSchema<QueuedWebhook>
  /** @throws TypeError when the data is not what `input` lets through */
  run(job: { readonly data: unknown }, context: { readonly signal: AbortSignal }): Promise<void>
}

/**
 * The other end of a queue that `handleWebhooks` hands webhooks to.
 *
 * @example
 * const jobs = { webhook: webhookJob(handlers) }
 * const queue = new JobQueue({ name: 'webhooks', backend, jobs })
 * const receive = handleWebhooks(handlers, { secrets, queue })
 */
export function webhookJob(handlers: WebhookHandlers): WebhookJob {
  return {
    input: queuedWebhookSchema,
    async run({ data }, { signal }) {
      if (!isQueuedWebhook(data)) throw new TypeError(`Cannot handle webhook: ${UNEXPECTED}`)
      const { event, ...webhook } = data
      await findHandler(handlers, webhook.type)?.(event, { ...webhook, signal })
    },
  }
}

const UNEXPECTED = 'the data is not what handleWebhooks puts into a queue'

const queuedWebhookSchema: StandardSchema<QueuedWebhook> = {
  '~standard': { version: 1, vendor: 'white-cross', validate: validateQueuedWebhook },
}

function validateQueuedWebhook(value: unknown): SchemaResult<QueuedWebhook> {
  return isQueuedWebhook(value) ? { value } : { issues: [{ message: UNEXPECTED }] }
}

function isQueuedWebhook(value: unknown): value is QueuedWebhook {
  const isTextOrNull = (field: unknown): boolean => field === null || typeof field === 'string'
  const timestamp = eventField(value, 'timestamp')
  return (
    eventField(value, 'event') !== undefined &&
    isTextOrNull(eventField(value, 'id')) &&
    isTextOrNull(eventField(value, 'type')) &&
    (timestamp === null || typeof timestamp === 'number')
  )
}
