import { paypalWebhook } from '../schemes/paypal/paypal.ts'
import { squareWebhook } from '../schemes/square.ts'
import type { WebhookScheme } from '../schemes/webhook-scheme.ts'
import { readWebhook } from './read-webhook.ts'
import type { ReceivedWebhook } from './receive-webhook.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export {
  WebhookVerificationError,
  type WebhookVerificationCode,
} from '../webhook-verification-error.ts'

/** How a payment provider's webhooks are verified. */
export type ProviderWebhookSettings =
  | { readonly scheme: 'stripe'; readonly secrets: readonly string[] }
  | { readonly scheme: 'standard'; readonly secrets: readonly string[] }
  | { readonly scheme: 'square'; readonly secrets: readonly string[]; readonly url: string }
  | {
      readonly scheme: 'paypal'
      readonly webhookId: string
      readonly environment: 'live' | 'sandbox'
    }

/** Schemes keep what they have fetched, so there is one for each provider's settings. */
const schemes = new WeakMap<ProviderWebhookSettings, WebhookScheme>()

/**
 * Reads a payment provider's webhook by the provider's own settings: what
 * `createPayments({ readWebhook })` takes.
 *
 * @throws WebhookVerificationError with the `status` to answer
 * @example
 * createPayments({ backend, providers, readWebhook: readProviderWebhook })
 */
export function readProviderWebhook(
  request: Request,
  settings: ProviderWebhookSettings,
): Promise<ReceivedWebhook<unknown>> {
  if (settings.scheme !== 'square' && settings.scheme !== 'paypal')
    return readWebhook(request, settings)
  const scheme = schemes.get(settings) ?? schemeOf(settings)
  schemes.set(settings, scheme)
  return readWebhook(request, {
    scheme,
    ...('secrets' in settings && { secrets: settings.secrets }),
  })
}

function schemeOf(
  settings: Extract<
    ProviderWebhookSettings,
    { readonly scheme: 'square' } | { readonly scheme: 'paypal' }
  >,
): WebhookScheme {
  if (settings.scheme === 'square') return squareWebhook({ url: settings.url })
  const { webhookId, environment } = settings
  return paypalWebhook({ webhookId, environment })
}
