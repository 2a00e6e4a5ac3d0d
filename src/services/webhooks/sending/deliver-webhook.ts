import type { AsJson } from '../../../runtime/ports/json.ts'
import { configuredWebhooks } from './configured-webhooks.ts'
import type { DirectDelivery, DirectResult } from './deliver-once.ts'

/**
 * Sends one message to one URL now: one signed attempt, whose failure is a result.
 *
 * @example
 * const result = await deliverWebhook({ url, payload: { type: 'ping' }, secret })
 * if (!result.ok) console.warn(result.error.code)
 *
 * @throws NotConfiguredError when webhooks are not configured
 * @throws TypeError or RangeError when the delivery is malformed
 */
export async function deliverWebhook(delivery: DirectDelivery): Promise<DirectResult>
export async function deliverWebhook<Payload>(
  delivery: DirectDelivery<Payload & AsJson<Payload>>,
): Promise<DirectResult>
export async function deliverWebhook(delivery: DirectDelivery): Promise<DirectResult> {
  return configuredWebhooks('deliver webhook').deliver(delivery)
}
