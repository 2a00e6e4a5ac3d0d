import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import type { Webhooks } from './create-webhooks.ts'

let configured: Webhooks | undefined

/** Sets what {@link configuredWebhooks} answers. */
export function setConfiguredWebhooks(webhooks: Webhooks | undefined): void {
  configured = webhooks
}

/**
 * @param action What cannot be done without, as in `deliver webhook`
 * @throws NotConfiguredError when nothing was configured
 */
export function configuredWebhooks(action: string): Webhooks {
  if (configured !== undefined) return configured
  throw new NotConfiguredError(action, 'configureWebhooks({ backend })')
}
