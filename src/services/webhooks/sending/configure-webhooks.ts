import { setConfiguredWebhooks } from './configured-webhooks.ts'
import { createWebhooks, type Webhooks } from './create-webhooks.ts'
import type { WebhooksOptions } from './webhooks-options.ts'

/**
 * Chooses what `deliverWebhook`, `retryWebhook` and `batchWebhooks` act on, once for the program.
 *
 * @param webhooks What `createWebhooks` made, or its options; `undefined` takes the choice back
 * @returns What was chosen
 *
 * @example
 * configureWebhooks({ backend: sqlite('webhooks.db') })
 * await deliverWebhook({ url, payload: { type: 'ping' }, secret })
 */
export function configureWebhooks(webhooks: Webhooks | WebhooksOptions): Webhooks
export function configureWebhooks(webhooks: undefined): undefined
export function configureWebhooks(
  webhooks: Webhooks | WebhooksOptions | undefined,
): Webhooks | undefined {
  const chosen =
    webhooks === undefined || 'publish' in webhooks ? webhooks : createWebhooks(webhooks)
  setConfiguredWebhooks(chosen)
  return chosen
}
