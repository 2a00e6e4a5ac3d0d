import type { Backend } from './runtime/ports/backend.ts'
import { configurePayments, type PaymentsOptions } from './services/payments/index.ts'
import { readProviderWebhook } from './services/webhooks/receiving/read-provider-webhook.ts'
import { configureWebhooks, type WebhooksOptions } from './services/webhooks/index.ts'

/** What the free functions of all services act on. */
export interface InfrastructureOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Backend
  /** Options of `createWebhooks` beside the backend. Default: its defaults. */
  readonly webhooks?: Omit<WebhooksOptions, 'backend'>
  /**
   * Providers by their names, `{ stripe: stripe({ … }) }`, or the options of `createPayments` beside
   * the backend. Default: payments are not configured.
   */
  readonly payments?: PaymentsOptions['providers'] | Omit<PaymentsOptions, 'backend'>
}

/**
 * Configures every service at once, for programs that call the free functions (`deliverWebhook`, `retryWebhook`, …). Before
 * it they throw `NotConfiguredError`. Services made with `createX` or `new X` need no configuration.
 *
 * @throws RangeError when an option is out of range
 */
export function configureInfrastructure(options: InfrastructureOptions): void {
  const { backend, webhooks = {}, payments } = options
  configureWebhooks({ backend, ...webhooks })
  if (payments !== undefined)
    configurePayments({
      backend,
      readWebhook: readProviderWebhook,
      ...(hasProviders(payments) ? payments : { providers: payments }),
    })
}

function hasProviders(
  payments: NonNullable<InfrastructureOptions['payments']>,
): payments is Omit<PaymentsOptions, 'backend'> {
  // A provider that somebody calls `providers` has a method of its own there.
  return 'providers' in payments && !('createPayment' in payments.providers)
}
