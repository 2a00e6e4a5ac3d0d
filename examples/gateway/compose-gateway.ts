import type { Hono } from 'hono'
import {
  systemClock,
  systemRandom,
  type Backend,
  type Service,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { createNotifications } from '@white-cross/reuse/infrastructure/notifications'
import { createPayments } from '@white-cross/reuse/infrastructure/payments'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { createApiKeys } from './api-keys.ts'
import { createGateway, type GatewayOptions } from './app.ts'
import { readPaymentSettings } from './payment-settings.ts'
import { readSettings, type GatewayVariables } from './settings.ts'

/** A gateway, and the services behind it: what runs and sweeps them takes the list as it is. */
export interface ComposedGateway {
  readonly app: Hono
  readonly services: readonly Service[]
}

/** Introduces the services to a backend and to each other, on the platform's clock. */
export function composeGateway(
  backend: Backend,
  variables: GatewayVariables,
  log: GatewayOptions['log'],
): ComposedGateway {
  const settings = readSettings(variables)
  const platform = { clock: systemClock, random: systemRandom }
  const webhooks = createWebhooks({ backend, ...settings.webhooks })
  const notifications = createNotifications({ backend, ...settings.notifications })
  const payments = createPayments({ backend, ...readPaymentSettings(variables, backend) })
  const { rootKeyHash, bodies } = settings
  const keys = createApiKeys({ store: backend.store, rootKeyHash, ...platform })
  const app = createGateway({
    backend,
    webhooks,
    notifications,
    payments,
    keys,
    log,
    bodies,
    ...platform,
  })
  return { app, services: [webhooks, notifications, payments] }
}
