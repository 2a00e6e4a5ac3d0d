import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { MailboxInput } from '../addresses/mailbox.ts'
import type { ProviderBreakerOptions, ProviderEntry } from '../delivery/provider-pool.ts'
import type { InboxChannel } from '../inbox/inbox-channel.ts'
import type { FrequencyCap } from '../preferences/frequency-caps.ts'
import type {
  ChatProvider,
  EmailProvider,
  PushProvider,
  SmsProvider,
} from '../providers/provider.ts'
import type { NotificationQueue } from '../queue/notification-queue.ts'
import type { TemplateEngine } from '../templates/template-engine.ts'
import type { TemplateRegistry } from '../templates/templates.ts'
import type { DeliveryEvent } from '../tracking/delivery-event.ts'
import type { LinkWriter } from '../tracking/link-writer.ts'
import type { WebhookReader } from '../tracking/webhook-reader.ts'

/** What notifications are sent with. */
export interface NotificationsOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'store' | 'jobStore' | 'rateLimits' | 'waker'>
  /** The sender of e-mails that name none. Default: none, each names its own. */
  readonly from?: MailboxInput
  /** Providers of e-mail, in the order in which they are asked. */
  readonly email?: readonly ProviderEntry<EmailProvider>[]
  readonly sms?: readonly ProviderEntry<SmsProvider>[]
  readonly push?: readonly ProviderEntry<PushProvider>[]
  /**
   * Places of chats by names of one's own, each with its provider, or several of which one is to
   * succeed.
   */
  readonly chat?: Readonly<
    Record<string, ProviderEntry<ChatProvider> | readonly ProviderEntry<ChatProvider>[]>
  >
  /** Made by `createInbox`. Default: there is none. */
  readonly inbox?: InboxChannel
  /** Templates that go by their names. */
  readonly templates?: TemplateRegistry
  /**
   * Renders templates. Default: one that shows values and nothing else; `liquid()` knows the whole
   * language.
   */
  readonly engine?: TemplateEngine
  /** Made by `createLinks`: unsubscribing, opens and clicks. Default: none of them. */
  readonly links?: LinkWriter
  /**
   * How webhooks of providers are verified, by the provider's name: `(request) =>
   * readWebhook(request, {…})`.
   */
  readonly webhooks?: Readonly<Record<string, WebhookReader>>
  /** How many messages one person gets at most. Default: as many as are sent. */
  readonly caps?: readonly FrequencyCap[]
  /** How many soft bounces within a time suppress an address. Default 5 in 7 days. */
  readonly softBounces?: { readonly limit: number; readonly within: Duration }
  /** When a provider that keeps failing is left alone. */
  readonly breaker?: ProviderBreakerOptions
  /** For one request to a provider, 100 ms to 5 min. Default 30 s. */
  readonly timeout?: Duration
  /**
   * How long records of messages are kept, and how long an idempotency key counts: 1 h to 10 years.
   * Default 30 days.
   */
  readonly retention?: Duration
  /** Where messages wait. Default: the backend's own job store. */
  readonly queue?: NotificationQueue
  /** Hears what providers and links report of messages. What it throws goes to `onError`. */
  readonly onEvent?: (event: DeliveryEvent) => void | Promise<void>
  /** Hears what went wrong beside a message. Must not throw. Default: prints it. */
  readonly onError?: (error: unknown) => void
  /** Makes the requests. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}
