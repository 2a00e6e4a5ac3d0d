import type { AsJson } from '../../../runtime/ports/json.ts'
import type { BatchOptions, BatchResult } from './batch-deliveries.ts'
import { configuredWebhooks } from './configured-webhooks.ts'
import type { DirectDelivery } from './deliver-once.ts'

/**
 * Sends many messages now, some at a time, each with its own result.
 *
 * @example
 * const { results } = await batchWebhooks(deliveries, { concurrency: 16 })
 *
 * @throws NotConfiguredError when webhooks are not configured
 * @throws RangeError when there are too many, or an option is out of range
 */
export async function batchWebhooks(
  deliveries: readonly DirectDelivery[],
  options?: BatchOptions,
): Promise<BatchResult>
export async function batchWebhooks<Payload>(
  deliveries: readonly DirectDelivery<Payload & AsJson<Payload>>[],
  options?: BatchOptions,
): Promise<BatchResult>
export async function batchWebhooks(
  deliveries: readonly DirectDelivery[],
  options: BatchOptions = {},
): Promise<BatchResult> {
  return configuredWebhooks('deliver batch').batch(deliveries, options)
}
