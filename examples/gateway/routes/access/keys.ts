import type { Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { ApiKeys } from '../../access/api-keys.ts'
import type { Caller } from '../../access/caller.ts'
import { SCOPES, SERVICE_SCOPES, type Scope } from '../../access/scopes.ts'
import * as api from '../../contract/access.ts'
import { durationMs } from '../../http/duration.ts'
import { ProblemError } from '../../http/problem.ts'
import { route, type Call, type Route } from '../../http/route.ts'
import type { Tenants } from '../../tenants/tenant-services.ts'

const DAY_MS = 86_400_000

/** API keys of a tenant, and those of operators. None may do more than who makes it. */
export function keyRoutes(keys: ApiKeys, tenants: Tenants, clock: Clock): readonly Route[] {
  return [
    route(api.createKey, async (call) => {
      const { label, expiresIn, requestsPerMinute, operator = false } = call.body
      const { caller, tenant } = call
      if (operator && caller.tenant !== null)
        throw new ProblemError(403, 'forbidden', 'Only an operator may make an operator’s key')
      const scopes = call.body.scopes ?? (operator ? SCOPES : SERVICE_SCOPES)
      checkScopes(caller, scopes)
      const expiresAt = expiryOf(caller, expiresIn, clock.now())
      if (!operator) await tenants.directory.add(tenant)
      const created = await keys.create({
        ...{ label, tenant: operator ? null : tenant, scopes: [...new Set(scopes)], expiresAt },
        ...(requestsPerMinute !== undefined && {
          requestsPerMinute: Math.min(requestsPerMinute, caller.requestsPerMinute ?? Infinity),
        }),
      })
      return { status: 201, body: created, target: `key/${created.id}` }
    }),
    route(api.listKeys, async (call) => {
      const { limit = 100, cursor, operators } = call.query
      if (cursor !== undefined && !/^[0-9a-f]{16}$/.test(cursor))
        throw new ProblemError(400, 'invalid_query', 'cursor: one of a page before expected')
      const of = ownerOf(call, operators)
      if (of !== null && !(await tenants.directory.has(of)))
        return { status: 200, body: { keys: [], cursor: null } }
      const page = await keys.page(of, { limit, ...(cursor !== undefined && { cursor }) })
      return { status: 200, body: page }
    }),
    route(api.getKey, async (call) => {
      const owner = await knownOwner(call, tenants)
      const key = await keys.get(owner, call.param('id'))
      if (key === null) throw notFound()
      return { status: 200, body: key }
    }),
    route(api.rotateKey, async (call) => {
      const owner = await knownOwner(call, tenants)
      const id = call.param('id')
      const key = await keys.get(owner, id)
      if (key === null) throw notFound()
      // Whoever gets the new secret may do what the key may, and for as long.
      checkScopes(call.caller, key.scopes)
      checkExpiry(call.caller, key.expiresAt)
      const overlapMs = durationMs('overlap', call.body.overlap ?? '1h', 0, 30 * DAY_MS)
      const rotated = await keys.rotate(owner, id, overlapMs)
      if (rotated === null) throw notFound()
      return { status: 200, body: rotated, target: `key/${id}` }
    }),
    route(api.revokeKey, async (call) => {
      const owner = await knownOwner(call, tenants)
      if (!(await keys.revoke(owner, call.param('id')))) throw notFound()
      return { status: 204 }
    }),
  ]
}

/** Nobody gives what they do not have. */
function checkScopes(caller: Caller, scopes: readonly Scope[]): void {
  const missing = scopes.find((scope) => !caller.scopes.includes(scope))
  if (missing !== undefined)
    throw new ProblemError(403, 'missing_scope', `The credential lacks the scope ${missing} itself`)
}

function checkExpiry(caller: Caller, expiresAt: number | null): void {
  if (caller.expiresAt !== null && (expiresAt === null || expiresAt > caller.expiresAt))
    throw new ProblemError(403, 'forbidden', 'The key outlives the credential that would rotate it')
}

/** A key lives no longer than the one that it was made with. */
function expiryOf(
  caller: Caller,
  expiresIn: string | number | undefined,
  now: number,
): number | null {
  const asked =
    expiresIn === undefined ? null : now + durationMs('expiresIn', expiresIn, 1000, 3650 * DAY_MS)
  if (caller.expiresAt === null || asked === null) return asked ?? caller.expiresAt
  return Math.min(asked, caller.expiresAt)
}

function ownerOf({ caller, tenant }: Call, operators: string | undefined): string | null {
  if (operators !== 'true') return tenant
  if (caller.tenant === null) return null
  throw new ProblemError(403, 'forbidden', 'Only an operator may see the keys of operators')
}

async function knownOwner(
  call: Call<{ readonly operators?: string | undefined }>,
  tenants: Tenants,
): Promise<string | null> {
  const owner = ownerOf(call, call.query.operators)
  if (owner !== null && !(await tenants.directory.has(owner))) throw notFound()
  return owner
}

function notFound(): ProblemError {
  return new ProblemError(404, 'not_found', 'There is no such key')
}
