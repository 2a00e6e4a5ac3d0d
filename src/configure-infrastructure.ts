import type { Backend } from './runtime/ports/backend.ts'
import type { JobProcessor } from './runtime/ports/job-store/job-processor.ts'
import type { Service, ServiceRunOptions } from './runtime/ports/service.ts'
import { runServices, sweepServices } from './runtime/workers/run-services.ts'
import {
  configureNotifications,
  type NotificationsOptions,
} from './services/notifications/index.ts'
import { configureRateLimiting, type RateLimitingOptions } from './services/rate-limiting/index.ts'
import { configurePayments, type PaymentsOptions } from './services/payments/index.ts'
import { configureStorage, type StorageOptions } from './services/storage/index.ts'
import { readProviderWebhook } from './services/webhooks/receiving/read-provider-webhook.ts'
import { configureWebhooks, type WebhooksOptions } from './services/webhooks/index.ts'

/** What the free functions of all services act on. */
export interface InfrastructureOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Backend
  /** Options of `createWebhooks` beside the backend. Default: its defaults. */
  readonly webhooks?: Omit<WebhooksOptions, 'backend'>
  /**
   * Options of `createNotifications` beside the backend. Default: notifications are not configured.
   */
  readonly notifications?: Omit<NotificationsOptions, 'backend'>
  /**
   * Providers by their names, `{ stripe: stripe({ … }) }`, or the options of `createPayments`
   * beside the backend. Default: payments are not configured.
   */
  readonly payments?: PaymentsOptions['providers'] | Omit<PaymentsOptions, 'backend'>
  /** What `checkRateLimit` goes by beside the backend. Default: its defaults. */
  readonly rateLimiting?: Omit<RateLimitingOptions, 'backend'>
  /**
   * Stores by their names, or the options of `createStorage` beside the backend. Default: storage
   * is not configured.
   */
  readonly storage?: Omit<StorageOptions, 'backend'>
  /**
   * Further services of the program, such as its queues and sagas: they run and sweep with the
   * rest.
   */
  readonly services?: readonly Service[]
}

/**
 * What was configured, as one service: `jobRunner(infrastructure)`, `infrastructure.run({ signal
 * })`.
 */
export interface Infrastructure extends Service {
  /** Each service that was configured, and those given. */
  readonly services: readonly Service[]
  readonly processors: readonly JobProcessor[]
  run(options: ServiceRunOptions): Promise<void>
  sweep(): Promise<void>
}

/**
 * Configures every service at once, for programs that call the free functions (`deliverWebhook`,
 * `retryWebhook`, …). Before it they throw `NotConfiguredError`. Services made with `createX` or
 * `new X` need no configuration.
 *
 * @returns All of them in one value, so that none is forgotten where work is run and swept
 * @throws RangeError when an option is out of range
 *
 * @example
 * const infrastructure = configureInfrastructure({ backend: memory() })
 * await infrastructure.sweep()
 */
export function configureInfrastructure(options: InfrastructureOptions): Infrastructure {
  const {
    backend,
    webhooks = {},
    notifications,
    payments,
    rateLimiting = {},
    services: given = [],
  } = options
  if (options.storage !== undefined) configureStorage({ backend, ...options.storage })
  configureRateLimiting({ backend, ...rateLimiting })
  const services: Service[] = [configureWebhooks({ backend, ...webhooks })]
  if (notifications !== undefined)
    services.push(configureNotifications({ backend, ...notifications }))
  if (payments !== undefined)
    services.push(
      configurePayments({
        backend,
        readWebhook: readProviderWebhook,
        ...(hasProviders(payments) ? payments : { providers: payments }),
      }),
    )
  services.push(...given)
  return {
    name: 'infrastructure',
    services,
    processors: services.flatMap(({ processors }) => processors),
    run: (run) => runServices(services, { backend, ...run }),
    sweep: () => sweepServices(services),
  }
}

function hasProviders(
  payments: NonNullable<InfrastructureOptions['payments']>,
): payments is Omit<PaymentsOptions, 'backend'> {
  // A provider that somebody calls `providers` has a method of its own there.
  return 'providers' in payments && !('createPayment' in payments.providers)
}
