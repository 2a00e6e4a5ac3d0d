import type { HealthCheckService, MemorySink } from '@white-cross/reuse/infrastructure/logging'
import {
  createDashboard,
  type Authorize,
  type Dashboard,
  type DashboardRole,
  type DashboardServices,
  type DashboardUser,
} from '@white-cross/reuse/infrastructure/dashboard'
import type { Outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import type { Backend, Clock, RandomSource } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { Webhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { ApiKeys } from '../access/api-keys.ts'
import type { GatewayAudit } from '../access/audit.ts'
import { DEFAULT_TENANT, isTenant, type Caller } from '../access/caller.ts'
import { SERVICE_SCOPES, type Scope } from '../access/scopes.ts'
import type { TenantServices, Tenants } from '../tenants/tenant-services.ts'

/** What the gateway's dashboard is made of. */
export interface GatewayDashboardOptions {
  readonly backend: Backend
  readonly secret: string
  /** Whose a key is that somebody types. */
  readonly callerOf: (credential: string, request: Request) => Promise<Caller | null>
  readonly keys: ApiKeys
  readonly audit: GatewayAudit
  readonly tenants: Tenants
  readonly webhooks: Webhooks
  readonly health: HealthCheckService
  /** What is kept of messages that are not sent, in this isolate. */
  readonly outbox: Outbox | undefined
  /** The latest lines of this isolate. */
  readonly lines: MemorySink
  readonly onError: (error: unknown) => void
  readonly clock: Clock
  readonly random: RandomSource
}

const ADMIN_SCOPES: readonly Scope[] = [
  ...SERVICE_SCOPES,
  ...(['keys:read', 'keys:write', 'audit:read'] as const),
]
const OPERATOR_SCOPES: readonly Scope[] = SERVICE_SCOPES
const READER_SCOPES: readonly Scope[] = SERVICE_SCOPES.filter((scope) => scope.endsWith(':read'))

/**
 * What a credential may do here: whoever may see every service may look, whoever may change every
 * service may mend, and whoever may make keys besides may do all. Whoever may less has the API.
 */
export function roleOf({ kind, scopes }: Caller): DashboardRole | null {
  if (kind === 'portal') return null
  const has = (needed: readonly Scope[]): boolean => needed.every((one) => scopes.includes(one))
  if (has(ADMIN_SCOPES)) return 'admin'
  if (has(OPERATOR_SCOPES)) return 'operator'
  return has(READER_SCOPES) ? 'reader' : null
}

/** Creates the dashboard of all tenants: a tenant's key sees its own, an operator's whichever it chooses. */
export function createGatewayDashboard(options: GatewayDashboardOptions): Dashboard {
  const { backend, secret, tenants, onError, clock, random } = options
  return createDashboard({
    ...{ backend, clock, random, onError },
    secret: `dashboard ${secret}`,
    authorize: createAuthorize(options),
    async services(named, user) {
      // Of a tenant whom nobody knows nothing is opened.
      const isKnown = isTenant(named) && (await tenants.directory.has(named))
      const tenant = isKnown ? named : DEFAULT_TENANT
      return servicesOf(tenant, await tenants.toRead(named), user, options)
    },
    tenants: async () => [DEFAULT_TENANT, ...(await tenants.directory.page()).tenants],
  })
}

function createAuthorize({ callerOf, keys }: GatewayDashboardOptions): Authorize {
  async function isStillGood({ id, tenant = null }: DashboardUser): Promise<boolean> {
    // Root is in the settings, and a JWT ends by itself.
    const [, key] = /^key\/(\w+)$/.exec(id) ?? []
    return key === undefined || (await keys.get(tenant, key)) !== null
  }

  return async ({ credential, session, request }) => {
    if (session !== undefined) return (await isStillGood(session)) ? session : null
    if (credential === undefined) return null
    const caller = await callerOf(credential, request)
    const role = caller === null ? null : roleOf(caller)
    if (caller === null || role === null) return null
    const { id, tenant, expiresAt } = caller
    return { id, role, tenant, expiresAt }
  }
}

function servicesOf(
  tenant: string,
  own: TenantServices,
  user: DashboardUser,
  { webhooks, health, lines, keys, audit, outbox }: GatewayDashboardOptions,
): DashboardServices {
  const { queues, sagas, notifications, payments, files } = own
  return {
    ...{ queues, webhooks, audit: audit.of(tenant) },
    sagas: sagas.map(({ orchestrator }) => orchestrator),
    ...(notifications !== undefined && { notifications }),
    ...(payments !== undefined && { payments }),
    ...(files !== undefined && { files }),
    // What one isolate logs, keeps and depends on is about all tenants.
    ...(user.tenant === null && { health, logs: lines, ...(outbox !== undefined && { outbox }) }),
    keys: {
      page: async (page) => keys.page(tenant, page),
      revoke: async (id) => keys.revoke(tenant, id),
    },
  }
}
