import { keepLoaded, lateMethods } from '../../../primitives/late-methods.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { systemReport } from '../../../runtime/ports/platform/report.ts'
import type { CheckedEntry } from '../delivery/check-providers.ts'
import { createDeliver } from '../delivery/deliver.ts'
import { createGate } from '../delivery/gate.ts'
import { createProviderPool, type ProviderPool } from '../delivery/provider-pool.ts'
import type { Devices } from '../preferences/devices.ts'
import type { CheckedCap } from '../preferences/frequency-caps.ts'
import type { Preferences } from '../preferences/preferences.ts'
import type {
  ChatProvider,
  EmailProvider,
  Provider,
  PushProvider,
  SmsProvider,
  TokenCache,
} from '../providers/provider.ts'
import { createOwnQueue } from '../queue/notification-queue.ts'
import { findStops } from '../suppression/find-stops.ts'
import type { SoftBouncePolicy, SuppressionList } from '../suppression/suppressions.ts'
import type { Templates } from '../templates/templates.ts'
import { createMessageLog } from '../tracking/message-log.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { NotificationsOptions } from './notifications-options.ts'
import { createPrepare } from './prepare.ts'
import { createSender } from './sender.ts'

/** The options of notifications, checked. */
export interface CheckedOptions {
  /** As they were given. */
  readonly given: NotificationsOptions
  readonly timeoutMs: number
  readonly retentionMs: number
  readonly softBounces: SoftBouncePolicy
  readonly caps: readonly CheckedCap[]
  readonly providers: CheckedProviders
}

/** The providers of each channel. */
export interface CheckedProviders {
  readonly email: readonly CheckedEntry<EmailProvider>[]
  readonly sms: readonly CheckedEntry<SmsProvider>[]
  readonly push: readonly CheckedEntry<PushProvider>[]
  readonly chat: ReadonlyMap<string, readonly CheckedEntry<ChatProvider>[]>
}

/** Makes what notifications are made of. Nothing here waits or begins anything. */
export function createParts(options: CheckedOptions): NotificationParts {
  const { given, timeoutMs, retentionMs, softBounces, caps } = options
  const { backend, clock = systemClock, random = systemRandom, fetch = systemFetch } = given
  const { from, links, webhooks = {} } = given
  const { onError = systemReport.bind(null, 'Notifications failed') } = given
  const { store } = backend
  const pools = createPools(options, {
    backend,
    context: { fetch, clock, random, tokens: lateTokens({ store, clock, random }) },
    timeoutMs,
  })
  const suppressions = lateSuppressions({ store, clock, softBounces })
  const preferences = lateMethods<Preferences>(
    { get: true, update: true, delete: true },
    async () => (await import('../preferences/preferences.ts')).createPreferences(store),
  )
  const devices = lateMethods<Devices>({ add: true, list: true, remove: true }, async () =>
    (await import('../preferences/devices.ts')).createDevices(store, clock),
  )
  const log = createMessageLog({ store, clock, random, retentionMs })
  const queue = given.queue ?? createOwnQueue(backend)
  const gate = createGate({ store, clock, random, suppressions, preferences, caps })
  const deliver = createDeliver({ gate, log, suppressions, clock, random, timeoutMs, onError })
  const registry = given.templates ?? []
  /** The code of templates is loaded when the first message names one. */
  const loadTemplates = keepLoaded(async (): Promise<Templates> => {
    const { createTemplates } = await import('../templates/templates.ts')
    return createTemplates(registry, given.engine)
  })

  const prepare = createPrepare({ from, pools, templates: loadTemplates, links })
  return {
    backend,
    pools,
    sender: createSender({
      prepare,
      deliver,
      log,
      queue,
      templates: loadTemplates,
      clock,
      random,
    }),
    prepare,
    gate,
    log,
    queue,
    suppressions,
    preferences,
    devices,
    templates: loadTemplates,
    inbox: given.inbox ?? null,
    links: links ?? null,
    webhooks: { ...webhooks },
    onEvent: given.onEvent ?? null,
    onError,
    clock,
    random,
    retentionMs,
    timeoutMs,
  }
}

/** Only some vendors have tokens to share. */
function lateTokens(options: {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
}): TokenCache {
  return lateMethods<TokenCache>({ get: true, drop: true }, async () =>
    (await import('../delivery/token-store.ts')).createTokenStore(options),
  )
}

/** Each message looks into the list; what changes it is loaded when something does. */
function lateSuppressions(options: {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly softBounces: SoftBouncePolicy
}): SuppressionList {
  const load = keepLoaded(async () => {
    const { createSuppressions } = await import('../suppression/suppressions.ts')
    return createSuppressions(options)
  })
  return {
    ...lateMethods<Omit<SuppressionList, 'list' | 'findAll'>>(
      { add: true, remove: true, find: true, softBounce: true },
      load,
    ),
    findAll: findStops(options.store, options.clock),
    async *list() {
      yield* (await load()).list()
    },
  }
}

function createPools(
  { given: { breaker = {} }, providers: { email, sms, push, chat } }: CheckedOptions,
  given: Pick<Parameters<typeof createProviderPool>[0], 'backend' | 'context' | 'timeoutMs'>,
): NotificationParts['pools'] {
  const shared = { ...given, breaker }
  const pool = <Sender extends Provider<never>>(
    channel: 'email' | 'sms' | 'push',
    entries: readonly CheckedEntry<Sender>[],
  ): ProviderPool<Sender> | null =>
    entries.length === 0 ? null : createProviderPool({ ...shared, channel, entries })
  return {
    email: pool('email', email),
    sms: pool('sms', sms),
    push: pool('push', push),
    chat: new Map(
      [...chat].map(([name, entries]) => [
        name,
        createProviderPool({ ...shared, channel: 'chat', name, entries }),
      ]),
    ),
  }
}
