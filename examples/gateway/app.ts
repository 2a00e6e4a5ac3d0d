import { Hono } from 'hono'
import { rateLimit } from '@white-cross/reuse/infrastructure/rate-limiting/hono'
import type { Notifications } from '@white-cross/reuse/infrastructure/notifications'
import type { Payments } from '@white-cross/reuse/infrastructure/payments'
import type { HealthCheckService } from '@white-cross/reuse/infrastructure/logging'
import { observed } from '@white-cross/reuse/infrastructure/logging/hono'
import type { Backend, Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { ApiKeys } from './api-keys.ts'
import { authenticate, type AuthVariables } from './authenticate.ts'
import type { Observing } from './observing.ts'
import { problem, problemOf } from './problem.ts'
import { dropUnreadBody, limitBodies, type BodyLimits } from './read-body.ts'
import { apiKeyRoutes } from './routes/api-keys.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { endpointRoutes } from './routes/endpoints.ts'
import { eventRoutes } from './routes/events.ts'
import {
  fileRoutes,
  TICKET_PATH,
  ticketRoutes,
  ticketUseRoutes,
  uploadRoutes,
  type GatewayFiles,
} from './routes/files.ts'
import { healthRoutes } from './routes/health.ts'
import { incomingWebhookRoutes } from './routes/incoming-webhooks.ts'
import { metricsRoute } from './routes/metrics.ts'
import { messageRoutes, notificationRoutes, templateRoutes } from './routes/notifications.ts'
import {
  disputeRoutes,
  paymentRoutes,
  refundRoutes,
  subscriptionRoutes,
} from './routes/payments.ts'

/** What the gateway is put together from. */
export interface GatewayOptions {
  readonly backend: Pick<Backend, 'store' | 'rateLimits'>
  readonly webhooks: Webhooks
  /** Default: there are no routes for them. */
  readonly notifications?: Notifications
  /** Default: there are no routes for them. */
  readonly payments?: Payments
  /** Default: there are no routes for them. */
  readonly files?: GatewayFiles
  readonly keys: ApiKeys
  readonly clock: Clock
  readonly observing: Pick<Observing, 'observer' | 'metrics'>
  readonly health: HealthCheckService
  /** Default: 262,144 bytes within 15 s. */
  readonly bodies?: Partial<BodyLimits>
  /** Requests a minute of each API key. Default 1,000. */
  readonly requestsPerMinute?: number
}

/** Creates the gateway's routes. */
export function createGateway({
  backend,
  webhooks,
  notifications,
  payments,
  files,
  keys,
  clock,
  observing: { observer, metrics },
  health,
  bodies = {},
  requestsPerMinute = 1000,
}: GatewayOptions): Hono {
  const app = new Hono()
  app.use(observed(observer))
  app.use(dropUnreadBody())
  app.onError(problemOf)
  app.notFound((c) => problem(c, 404, 'not_found', 'There is nothing at this address'))
  app.route('/health', healthRoutes(backend.store, clock, health))
  app.use('/metrics', authenticate(keys))
  app.route('/metrics', metricsRoute(metrics))

  const api = new Hono<{ Variables: AuthVariables }>()
  // Before anything of a body is read.
  api.use(authenticate(keys))
  api.use(
    rateLimit({ backend, limit: requestsPerMinute, window: '1m', name: 'api', key: 'api-key' }),
  )
  api.use(limitBodies(bodies))
  api.route('/keys', apiKeyRoutes(keys))
  api.route('/webhooks/endpoints', endpointRoutes(webhooks))
  api.route('/events', eventRoutes(webhooks))
  api.route('/deliveries', deliveryRoutes(webhooks))
  if (notifications !== undefined) {
    api.route('/notifications', notificationRoutes(notifications))
    api.route('/messages', messageRoutes(notifications))
    api.route('/templates', templateRoutes(notifications))
  }
  if (payments !== undefined) {
    api.route('/payments', paymentRoutes(payments))
    api.route('/refunds', refundRoutes(payments))
    api.route('/subscriptions', subscriptionRoutes(payments))
    api.route('/disputes', disputeRoutes(payments))
  }
  if (files !== undefined) {
    api.route('/files', fileRoutes(files))
    api.route('/uploads', uploadRoutes(files, '/v1/uploads'))
    if (files.ticketSecret !== undefined) {
      api.route('/tickets', ticketRoutes(files))
      app.route(TICKET_PATH, ticketUseRoutes(files))
    }
  }
  app.route(
    '/v1/webhooks/in',
    incomingWebhookRoutes({
      ...(notifications !== undefined && { notifications }),
      ...(payments !== undefined && { payments }),
    }),
  )
  app.route('/v1', api)
  return app
}
