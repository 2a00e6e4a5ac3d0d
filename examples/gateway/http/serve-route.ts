import type { Context, Handler } from 'hono'
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status'
import type { Idempotency } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { observationOf } from '@white-cross/reuse/infrastructure/logging'
import type { GatewayAudit } from '../access/audit.ts'
import type { Authenticate } from '../access/authenticate.ts'
import { DEFAULT_TENANT, isTenant, type Caller } from '../access/caller.ts'
import type { LimitRequest } from '../access/limit-requests.ts'
import type { TenantServices, Tenants } from '../tenants/tenant-services.ts'
import { admittedCaller } from './admitted.ts'
import { answerOnce, readIdempotencyKey, type PlainAnswer } from './answer-once.ts'
import { authorize, wrongTenant } from './authorize.ts'
import type { Operation } from './operation.ts'
import { problem, ProblemError } from './problem.ts'
import { readJsonBody, type BodyLimits, type JsonBody } from './read-body.ts'
import { readQuery } from './read-query.ts'
import type { Answer, Call, Route } from './route.ts'

/** What every route is served with. */
export interface ServeOptions {
  readonly authenticate: Authenticate
  readonly limit: LimitRequest
  readonly tenants: Tenants
  readonly idempotency: Idempotency
  readonly audit: GatewayAudit
  readonly bodies: BodyLimits
  /** Looks at each answer before it goes out. Default: nobody does. */
  readonly onAnswer?: (operation: Operation, answer: PlainAnswer) => void
}

const NOBODY: Caller = {
  kind: 'key',
  id: 'nobody',
  tenant: DEFAULT_TENANT,
  scopes: [],
  expiresAt: null,
}
const JSON_TYPE = { 'content-type': 'application/json' }
const NO_BODY: JsonBody = { value: undefined, text: '', members: new Map() }

/**
 * Serves one route: who asks, how often, whether they may, what they say; once for each key, and on
 * record where it is an administrator's. The one place that lets a request through.
 */
export function serveRoute(route: Route, options: ServeOptions): Handler {
  const { operation } = route
  const { policy } = operation
  if ('public' in policy) return (c) => servePublic(route, options, c)
  return async (c) => {
    const caller = admittedCaller(c.req.raw) ?? (await admitted(options, c))
    const { query, tenant: named } = readQuery(c, operation.query)
    let tenant = caller.tenant ?? named ?? DEFAULT_TENANT
    try {
      authorize(policy, caller, named)
      const body = await bodyOf(operation, options, c)
      tenant = tenantIn(operation, body.value, caller, named) ?? tenant
      const call = callOf({ c, operation, query, body, caller, tenant, options })
      const answer = await answerOf(route, call, body, options)
      if (!(answer instanceof Response)) options.onAnswer?.(operation, answer)
      return written(c, answer)
    } catch (error) {
      if (policy.audit === true)
        await recordRefusal(error, { options, caller, tenant, operation, c })
      throw error
    }
  }
}

/** What proves such a request is the handler's to look at. */
async function servePublic(route: Route, options: ServeOptions, c: Context): Promise<Response> {
  const { operation } = route
  // What a provider or a browser adds to an address is theirs.
  const query = operation.query === undefined ? {} : readQuery(c, operation.query).query
  const body = await bodyOf(operation, options, c)
  const call = callOf({
    ...{ c, operation, query, body, options },
    ...{ caller: NOBODY, tenant: DEFAULT_TENANT },
  })
  return written(c, await route.handle(call))
}

/** Finds out who asks, and counts the request. */
async function admitted(options: ServeOptions, c: Context): Promise<Caller> {
  const caller = await options.authenticate(c)
  const { allowed, headers } = await options.limit(caller)
  if (!allowed)
    throw new ProblemError(429, 'rate_limited', 'Too many requests, try again later', { headers })
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  return caller
}

function tenantIn(
  operation: Operation,
  body: unknown,
  caller: Caller,
  named: string | undefined,
): string | undefined {
  if (operation.tenantInBody !== true || typeof body !== 'object' || body === null) return undefined
  const tenant: unknown = 'tenant' in body ? body.tenant : undefined
  if (tenant === undefined) return undefined
  if (!isTenant(tenant))
    throw new ProblemError(
      422,
      'invalid_body',
      'tenant: 1 to 64 characters of A–Z a–z 0–9 _ - expected',
    )
  if (named !== undefined && named !== tenant)
    throw new ProblemError(422, 'invalid_body', 'tenant: the query names another one')
  if (caller.tenant !== null && caller.tenant !== tenant) throw wrongTenant()
  return tenant
}

async function bodyOf(
  operation: Operation,
  { bodies }: ServeOptions,
  c: Context,
): Promise<JsonBody> {
  const { body, bodyOptional } = operation
  if (body === undefined || body === 'bytes') return NO_BODY
  return readJsonBody(c.req.raw, body, bodies, bodyOptional)
}

function callOf(given: {
  readonly c: Context
  readonly operation: Operation
  readonly query: unknown
  readonly body: JsonBody
  readonly caller: Caller
  readonly tenant: string
  readonly options: ServeOptions
}): Call {
  const { c, operation, query, body, caller, tenant, options } = given
  const { tenants } = options
  const isRead = operation.method === 'GET' || operation.method === 'HEAD'
  let services: Promise<TenantServices> | undefined
  return {
    ...{ c, query, body: body.value, members: body.members, caller, tenant },
    idempotencyKey: isRead ? undefined : readIdempotencyKey(c.req.raw.headers),
    param: (name) => c.req.param(name) ?? '',
    services: () => (services ??= isRead ? tenants.toRead(tenant) : tenants.toWrite(tenant)),
  }
}

async function answerOf(
  route: Route,
  call: Call,
  body: JsonBody,
  options: ServeOptions,
): Promise<Answer> {
  const { operation } = route
  const { idempotencyKey: key, tenant, c } = call
  const act = async (): Promise<Answer> => {
    const answer = await route.handle(call)
    await recordAct(operation, call, answer, options)
    return answer
  }
  if (key === undefined || operation.body === 'bytes') return act()
  const { pathname, search } = new URL(c.req.url)
  const sealWith = operation.secret === true ? (c.req.header('authorization') ?? '') : null
  return answerOnce(
    options.idempotency,
    {
      key,
      tenant,
      method: operation.method,
      address: pathname + search,
      body: body.text,
      sealWith,
    },
    async () => {
      const answer = await act()
      if (!(answer instanceof Response)) return answer
      // Handlers of bytes alone answer with streams.
      return { status: answer.status }
    },
  )
}

async function recordAct(
  { policy, id }: Operation,
  { caller, tenant, c }: Call,
  answer: Answer,
  { audit, tenants }: ServeOptions,
): Promise<void> {
  if ('public' in policy || policy.audit !== true) return
  const { status } = answer
  const named = answer instanceof Response ? undefined : answer.target
  // Whoever was acted for is there, and their log is found.
  if (status < 400) await tenants.directory.add(tenant)
  await audit.record({
    ...{ caller, tenant, action: id, status, target: named ?? targetOf(c) },
    outcome: status < 400 ? 'success' : 'failure',
    requestId: observationOf(c.req.raw)?.requestId,
  })
}

/** Whoever has a key and may not: that too goes on record, and how an act failed. */
async function recordRefusal(
  error: unknown,
  given: {
    readonly options: ServeOptions
    readonly caller: Caller
    readonly tenant: string
    readonly operation: Operation
    readonly c: Context
  },
): Promise<void> {
  const { options, caller, tenant, operation, c } = given
  const status =
    typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
  // A key that is used by two at once, or a body that cannot be read, is no act.
  if (status === 400 || status === 408 || status === 413 || status === 415) return
  const record = async (): Promise<void> => {
    // Of a tenant whom nobody knows no log is begun.
    const isKnown = await options.tenants.directory.has(tenant)
    await options.audit.record({
      ...{ caller, action: operation.id, target: targetOf(c), status },
      tenant: isKnown ? tenant : DEFAULT_TENANT,
      outcome: status === 403 ? 'denied' : 'failure',
      requestId: observationOf(c.req.raw)?.requestId,
    })
  }
  // What the caller must learn is why it was refused.
  await record().catch(() => undefined)
}

function targetOf(c: Context): string {
  const { pathname } = new URL(c.req.url)
  return pathname.slice(0, 400)
}

function written(c: Context, answer: Answer): Response {
  if (answer instanceof Response) return answer
  const { status, body, headers = {} } = answer
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  // Hono's types know statuses one by one; what routes answer is in the contract.
  if (body === undefined) return c.body(null, status as StatusCode)
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, JSON_TYPE)
}

/** Answers methods that a path does not have with those that it has. */
export function refuseMethod(routes: readonly Route[]): (c: Context) => Response {
  const patterns = Map.groupBy(routes, ({ operation }) => operation.path)
  const known = [...patterns].map(([path, here]) => ({
    pattern: patternOf(path),
    allow: [...new Set(here.map(({ operation }) => operation.method))].join(', '),
  }))
  return (c) => {
    const { pathname } = new URL(c.req.url)
    const allow = known.filter(({ pattern }) => pattern.test(pathname)).map((one) => one.allow)
    if (allow.length > 0)
      return problem(c, 405, 'method_not_allowed', 'This address has no such method', {
        allow: [...new Set(allow.join(', ').split(', '))].join(', '),
      })
    return problem(c, 404, 'not_found', 'There is nothing at this address')
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? (part.endsWith('{.+}') ? '.+' : '[^/]+') : part))
    .join('/')
  return new RegExp(`^${source.replaceAll('.json', String.raw`\.json`)}$`, 's')
}
