import { configuredWebhooks } from './configured-webhooks.ts'

/**
 * Sends a delivery again now, in place of its pending attempt if it has one: see
 * `webhooks.deliveries.retry`.
 *
 * @example
 * for await (const { id } of webhooks.deliveries.list({ state: 'dead' })) await retryWebhook(id)
 *
 * @throws NotConfiguredError when webhooks are not configured
 * @throws WebhookError `delivery_not_found`, `endpoint_not_found` or `endpoint_disabled`
 */
export async function retryWebhook(
  deliveryId: string,
): Promise<{ readonly id: string; readonly round: number }> {
  return configuredWebhooks('retry webhook').deliveries.retry(deliveryId)
}
