import type { Hono } from 'hono'
import {
  systemClock,
  systemRandom,
  type Backend,
  type Service,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import type { LogSink } from '@white-cross/reuse/infrastructure/logging'
import { createNotifications } from '@white-cross/reuse/infrastructure/notifications'
import { createPayments } from '@white-cross/reuse/infrastructure/payments'
import type { BlobStore } from '@white-cross/reuse/infrastructure/storage'
import { createUploadSessions } from '@white-cross/reuse/infrastructure/storage/uploads'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { createApiKeys } from './api-keys.ts'
import { createGateway } from './app.ts'
import { createHealth, createObserving, type Observing } from './observing.ts'
import { readPaymentSettings } from './payment-settings.ts'
import { readSettings, type GatewayVariables } from './settings.ts'

/** A gateway, and the services behind it: what runs and sweeps them takes the list as it is. */
export interface ComposedGateway {
  readonly app: Hono
  readonly services: readonly Service[]
  readonly observer: Observing['observer']
}

/**
 * Introduces the services to a backend and to each other, on the platform's clock.
 *
 * @param bucket Keeps files. Default: none, and there are no routes for them
 * @param sinks Take the log. Default: the console, and a collector where the variables name one
 */
export function composeGateway(
  backend: Backend,
  variables: GatewayVariables,
  sinks?: readonly LogSink[],
  bucket?: BlobStore,
): ComposedGateway {
  const settings = readSettings(variables)
  const platform = { clock: systemClock, random: systemRandom }
  const observing = createObserving(backend, settings.logging, sinks)
  const { metrics, tracing } = observing
  const webhooks = createWebhooks({ backend, metrics, tracing, ...settings.webhooks })
  const notifications = createNotifications({ backend, ...settings.notifications })
  const payments = createPayments({ backend, ...readPaymentSettings(variables, backend) })
  const files =
    bucket === undefined
      ? null
      : {
          store: bucket,
          uploads: createUploadSessions({ backend, store: bucket }),
          ...(settings.ticketSecret !== undefined && { ticketSecret: settings.ticketSecret }),
        }
  const services: readonly Service[] = [
    webhooks,
    notifications,
    payments,
    ...(files === null ? [] : [files.uploads]),
  ]
  for (const service of services) metrics.watch(service)
  const { rootKeyHash, bodies } = settings
  const app = createGateway({
    backend,
    webhooks,
    notifications,
    payments,
    ...(files !== null && { files }),
    keys: createApiKeys({ store: backend.store, rootKeyHash, ...platform }),
    observing,
    health: createHealth(backend, services, observing),
    bodies,
    clock: systemClock,
  })
  return { app, services, observer: observing.observer }
}
