import type { Context, Hono } from 'hono'
import type { JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import type { LogSink } from '@white-cross/reuse/infrastructure/logging'
import type { NotificationsOptions } from '@white-cross/reuse/infrastructure/notifications'
import { createNotifications } from '@white-cross/reuse/infrastructure/notifications'
import { createPayments, type PaymentsOptions } from '@white-cross/reuse/infrastructure/payments'
import { createIdempotency } from '@white-cross/reuse/infrastructure/runtime/coordination'
import {
  systemClock,
  systemRandom,
  type Backend,
  type Clock,
  type FetchClient,
  type RandomSource,
  type Service,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import { createUploadSessions } from '@white-cross/reuse/infrastructure/storage/uploads'
import {
  createHttpsResolver,
  createWebhooks,
  refusedRange,
  type WebhooksOptions,
} from '@white-cross/reuse/infrastructure/webhooks'
import { createApiKeys, type ApiKeys } from './access/api-keys.ts'
import { createGatewayAudit } from './access/audit.ts'
import { createAuthenticate, createCallerOf } from './access/authenticate.ts'
import { clientOf } from './access/client-of.ts'
import { createGuessLimit } from './access/limit-guesses.ts'
import { createRequestLimits } from './access/limit-requests.ts'
import { createOidc } from './access/oidc.ts'
import { createPortalTokens } from './access/portal-tokens.ts'
import { createGateway } from './app.ts'
import type { Dashboard } from '@white-cross/reuse/infrastructure/dashboard'
import { gatewayService, type GatewayService } from './gateway-service.ts'
import { DEFAULT_BODY_LIMITS } from './http/read-body.ts'
import type { Operation } from './http/operation.ts'
import type { ServeOptions } from './http/serve-route.ts'
import { createSagas } from './jobs/http-saga.ts'
import { createQueues } from './jobs/queues.ts'
import { createHealth, createObserving, type Observing } from './observing.ts'
import { createListenerUrls, type ListenerUrls } from './listeners/listener-urls.ts'
import type { ListenerConnection, Listeners } from './listeners/listeners.ts'
import { relayFetch, relayResolver } from './listeners/relay-fetch.ts'
import { readPaymentSettings } from './payment-settings.ts'
import { auditRoutes } from './routes/access/audit.ts'
import { keyRoutes } from './routes/access/keys.ts'
import { portalTokenRoutes } from './routes/access/portal-tokens.ts'
import { fileRoutes } from './routes/files/files.ts'
import { ticketRoutes } from './routes/files/tickets.ts'
import { uploadRoutes } from './routes/files/uploads.ts'
import { jobRoutes } from './routes/jobs/jobs.ts'
import { queueRoutes } from './routes/jobs/queues.ts'
import { sagaRoutes } from './routes/jobs/sagas.ts'
import { scheduleRoutes } from './routes/jobs/schedules.ts'
import { signingSecretRoutes } from './routes/jobs/signing-secret.ts'
import { mcpRoutes } from './routes/mcp/mcp.ts'
import { messageRoutes } from './routes/notifications/messages.ts'
import { suppressionRoutes } from './routes/notifications/suppressions.ts'
import { documentRoutes } from './routes/operations/document.ts'
import { healthRoutes } from './routes/operations/health.ts'
import { incomingWebhookRoutes } from './routes/operations/incoming-webhooks.ts'
import { metricsRoutes } from './routes/operations/metrics.ts'
import { disputeRoutes } from './routes/payments/disputes.ts'
import { paymentRoutes } from './routes/payments/payments.ts'
import { subscriptionRoutes } from './routes/payments/subscriptions.ts'
import { deliveryRoutes } from './routes/webhooks/deliveries.ts'
import { endpointRoutes } from './routes/webhooks/endpoints.ts'
import { eventRoutes } from './routes/webhooks/events.ts'
import { listenerRoutes } from './routes/webhooks/listeners.ts'
import { readSettings, type GatewayVariables } from './settings.ts'
import { createTenants, type Tenants, type TenantServices } from './tenants/tenant-services.ts'
import { tenantBlobs } from './tenants/tenant-blobs.ts'

/** A gateway, and the services behind it: what runs and sweeps them takes the list as it is. */
export interface ComposedGateway {
  readonly app: Hono
  /** Those with work of their own. */
  readonly services: readonly GatewayService[]
  readonly tenants: Tenants
  readonly observer: Observing['observer']
}

/** What a gateway is composed with beside its backend and variables. */
export interface ComposeOptions {
  /** Take the log. Default: the console, and a collector where the variables name one. */
  readonly sinks?: readonly LogSink[]
  /** Keeps files. Default: none, and there are no routes for them. */
  readonly bucket?: BlobStore
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /** Asks the OIDC issuer. Default: the platform's. */
  readonly fetch?: FetchClient
  /** What the variables say nothing of. */
  readonly webhooks?: Partial<WebhooksOptions>
  readonly notifications?: Partial<NotificationsOptions>
  readonly payments?: Partial<PaymentsOptions>
  /** Relays webhooks to programs that listen. Default: none can, and there are no routes for it. */
  readonly listening?: ListeningOptions
  /** Looks at each answer before it goes out. Default: nobody does. */
  readonly onAnswer?: ServeOptions['onAnswer']
}

/** Who listens, and how all other webhooks are sent. */
export interface ListeningOptions {
  readonly listeners: Listeners
  /**
   * Makes what sends them, which is the platform's to choose.
   *
   * @param refusedRange Judges addresses, where connections are this program's to make
   */
  readonly createFetch: (refusedRange: (address: string) => string | null) => FetchClient
}

/** Introduces the services to a backend and to each other. */
export function composeGateway(
  backend: Backend,
  variables: GatewayVariables,
  options: ComposeOptions = {},
): ComposedGateway {
  const { sinks, bucket, clock = systemClock, random = systemRandom, fetch, onAnswer } = options
  const settings = readSettings(variables)
  const { store } = backend
  const { secret } = settings
  const observing = createObserving(backend, settings.logging, sinks, { clock })
  const { metrics, tracing } = observing
  const keys = createApiKeys({ store, clock, random })
  const given = { ...settings.webhooks, ...options.webhooks }
  const { listening } = options
  const listeners =
    secret === undefined || listening === undefined
      ? undefined
      : { ...listening, urls: createListenerUrls(secret) }
  const webhooks = createWebhooks({
    ...{ backend, metrics, tracing, clock, random },
    ...given,
    ...(listeners !== undefined && relayed(given, listeners, createIsGood(keys, clock), clock)),
  })
  const sender = { webhooks, secret }

  const tenants = createTenants(backend, (own, tenant): TenantServices => {
    const platform = { backend: own, clock, random }
    const notifications = createNotifications({
      ...platform,
      ...settings.notifications,
      ...options.notifications,
    })
    const payments = createPayments({
      ...platform,
      ...readPaymentSettings(variables, own),
      ...options.payments,
    })
    const given = { ...platform, metrics, tracing, tenant, sender }
    const queues: readonly JobQueue[] = createQueues({ ...given, notifications })
    const sagas = createSagas(given)
    // No tenant is called so: nobody's files are nowhere.
    const files = bucket === undefined ? undefined : tenantBlobs(bucket, tenant ?? '.nobody')
    const uploads = files && createUploadSessions({ ...platform, store: files })
    const services: readonly Service[] = [
      ...[notifications, payments, ...queues],
      ...sagas.map(({ orchestrator }) => orchestrator),
      ...(uploads === undefined ? [] : [uploads]),
    ]
    return {
      ...{ notifications, payments, queues, sagas, services },
      ...(files !== undefined && uploads !== undefined && { files: { store: files, uploads } }),
    }
  })

  const portalTokens =
    secret === undefined ? undefined : createPortalTokens({ secret, clock, random })
  const oidc =
    settings.oidc && createOidc({ ...settings.oidc, clock, ...(fetch !== undefined && { fetch }) })
  const audit = createGatewayAudit(store, clock, secret)
  const bodies = { ...DEFAULT_BODY_LIMITS, ...settings.bodies }
  const dependencies: Service = {
    name: 'gateway',
    processors: [],
    healthChecks: {
      ...(bucket !== undefined && {
        files: async (signal) => void (await bucket.head('.health', { signal })),
      }),
      ...(oidc !== undefined && { issuer: (signal) => oidc.check(signal) }),
    },
  }
  const health = createHealth(backend, [webhooks, tenants, dependencies], observing, { clock })

  const callerOf = createCallerOf({
    ...{ rootKeyHash: settings.rootKeyHash, keys },
    ...(portalTokens !== undefined && { portalTokens }),
    ...(oidc !== undefined && { oidc }),
  })
  const limitGuesses = createGuessLimit(clock)
  /** Whose wrong keys count as guesses, by their requests. */
  const addresses = new WeakMap<Request, string | null>()
  let dashboard: Promise<Dashboard> | undefined
  /** Its pages are loaded with the first request for one of them. */
  const openDashboard = async (own: string): Promise<Dashboard> => {
    const { createGatewayDashboard } = await import('./dashboard/create-gateway-dashboard.ts')
    return createGatewayDashboard({
      ...{ backend, keys, audit, tenants, webhooks, health, clock, random },
      callerOf: (credential, request) =>
        limitGuesses(addresses.get(request) ?? null, credential, () => callerOf(credential)),
      // Another root key ends every session, whatever else the secret is made of.
      secret: `${own} ${settings.rootKeyHash}`,
      ...{ outbox: settings.outbox, lines: observing.lines },
      onError: (err) => observing.observer.log.error({ err }, 'a page could not be made'),
    })
  }

  const { corsOrigins } = settings
  const operations = (): readonly Operation[] =>
    services.flatMap(({ routes }) => routes.map((one) => one.operation))
  const services: readonly GatewayService[] = [
    gatewayService(
      'webhooks',
      [
        ...endpointRoutes(webhooks),
        ...deliveryRoutes(webhooks),
        ...eventRoutes(webhooks),
        ...(listeners === undefined ? [] : listenerRoutes({ webhooks, ...listeners })),
      ],
      webhooks,
    ),
    gatewayService('tenants', [], tenants),
    gatewayService('jobs', [
      ...signingSecretRoutes(sender),
      ...queueRoutes(),
      ...jobRoutes(),
      ...scheduleRoutes(),
      ...sagaRoutes(),
    ]),
    gatewayService('notifications', [...messageRoutes(), ...suppressionRoutes()]),
    gatewayService('payments', [...paymentRoutes(), ...subscriptionRoutes(), ...disputeRoutes()]),
    gatewayService(
      'files',
      bucket === undefined
        ? []
        : [
            ...fileRoutes(bodies.timeoutMs),
            ...uploadRoutes(bodies.timeoutMs),
            ...(settings.ticketSecret === undefined
              ? []
              : ticketRoutes(bucket, settings.ticketSecret, bodies.timeoutMs)),
          ],
    ),
    gatewayService('access', [
      ...keyRoutes(keys, tenants, clock),
      ...(portalTokens === undefined ? [] : portalTokenRoutes(portalTokens)),
      ...auditRoutes(audit, tenants),
    ]),
    gatewayService('operations', [
      ...healthRoutes(store, clock, health),
      ...metricsRoutes(metrics),
      ...incomingWebhookRoutes(tenants),
      ...documentRoutes({ operations }),
      ...mcpRoutes({
        ...{ operations, bodies, corsOrigins },
        fetch: (request, c) => app.fetch(request, c.env, executionOf(c)),
      }),
    ]),
  ]
  for (const service of services) if (service.readMetrics !== undefined) metrics.watch(service)
  const app = createGateway({
    ...{ services, observing, tenants, audit, bodies, corsOrigins },
    authenticate: createAuthenticate({ callerOf, limitGuesses, clients: settings.clients }),
    ...(secret !== undefined && {
      dashboard: async (c) => {
        addresses.set(c.req.raw, clientOf(c, settings.clients))
        return (await (dashboard ??= openDashboard(secret))).fetch(c.req.raw)
      },
    }),
    limit: createRequestLimits(backend.rateLimits, clock, settings.requests),
    idempotency: createIdempotency({ backend, partition: 'gateway:once', clock, random }),
    ...(onAnswer !== undefined && { onAnswer }),
  })
  return { app, services, tenants, observer: observing.observer }
}

/** What sends webhooks where some of them are relayed. */
function relayed(
  { outbound, fetch, resolve }: Partial<WebhooksOptions>,
  {
    listeners,
    urls,
    createFetch,
  }: ListeningOptions & {
    readonly urls: ListenerUrls
  },
  isGood: (connection: ListenerConnection) => Promise<boolean>,
  clock: Clock,
): Pick<WebhooksOptions, 'fetch' | 'resolve'> {
  const isLocal = outbound?.allowPrivateNetworks !== undefined
  const next = fetch ?? createFetch(isLocal ? () => null : refusedRange)
  const own = { fetch: relayFetch({ listeners, urls, isGood }, next) }
  if (typeof resolve === 'string') return { ...own, resolve }
  // What judges addresses as it connects needs no resolver.
  if (resolve === undefined && 'judgesAddresses' in next) return own
  return { ...own, resolve: relayResolver(resolve ?? createHttpsResolver({ fetch: next, clock })) }
}

/** Whether what a connection was opened with would open it still. */
function createIsGood(keys: ApiKeys, clock: Clock) {
  return async ({ caller, until }: ListenerConnection): Promise<boolean> => {
    if (until !== null && until <= clock.now()) return false
    const [, id] = /^key\/(.+)$/.exec(caller.id) ?? []
    return id === undefined || (await keys.get(caller.tenant, id)) !== null
  }
}

/** Only Workers have one. */
function executionOf(c: Context): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
