import type { Json } from '../../../runtime/ports/json.ts'
import type { ProviderWebhookSettings } from '../providers/provider.ts'

/**
 * Verifies a provider's webhook over its raw bytes and parses it. `readProviderWebhook` of
 * `…/webhooks/schemes` is one; `configureInfrastructure()` introduces it.
 *
 * @throws An error with a `status` from 400 to 499 when the request is not authentic
 */
export type WebhookReader = (
  request: Request,
  settings: ProviderWebhookSettings,
) => Promise<{ readonly event: unknown }>

/** A verified event, as JSON: it was parsed from it. */
export function verifiedJson({ event }: { readonly event: unknown }): Json {
  return event as Json
}
