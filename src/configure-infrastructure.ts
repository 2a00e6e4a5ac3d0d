import type { Backend } from './runtime/ports/backend.ts'
import { configureWebhooks, type WebhooksOptions } from './services/webhooks/index.ts'

/** What the free functions of all services act on. */
export interface InfrastructureOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Backend
  /** Options of `createWebhooks` beside the backend. Default: its defaults. */
  readonly webhooks?: Omit<WebhooksOptions, 'backend'>
}

/**
 * Configures every service at once, for programs that call the free functions (`deliverWebhook`, `retryWebhook`, …). Before
 * it they throw `NotConfiguredError`. Services made with `createX` or `new X` need no configuration.
 *
 * @throws RangeError when an option is out of range
 */
export function configureInfrastructure({ backend, webhooks = {} }: InfrastructureOptions): void {
  configureWebhooks({ backend, ...webhooks })
}
