import type { Hono } from 'hono'
import {
  systemClock,
  systemRandom,
  type Backend,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { createWebhooks, type Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import { createApiKeys } from './api-keys.ts'
import { createGateway, type GatewayOptions } from './app.ts'
import { readSettings, type GatewayVariables } from './settings.ts'

/** A gateway, and the services whose jobs its Worker runs. */
export interface ComposedGateway {
  readonly app: Hono
  readonly webhooks: Webhooks
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
  const { rootKeyHash, bodies } = settings
  const keys = createApiKeys({ store: backend.store, rootKeyHash, ...platform })
  return { app: createGateway({ backend, webhooks, keys, log, bodies, ...platform }), webhooks }
}
