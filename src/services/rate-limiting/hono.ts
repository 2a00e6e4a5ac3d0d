import type { Context, MiddlewareHandler } from 'hono'
import type { ConnectionInfo } from './addresses/client-address.ts'
import { GUARD_SETTINGS, type GuardOptions, type GuardSettings } from './guard/guard-options.ts'
import type { GuardRule } from './guard/guard-rule.ts'
import { RateLimitGuard } from './guard/rate-limit-guard.ts'
import { RATE_LIMITING_OPTIONS } from './deciding/rate-limiting-options.ts'

export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Options of {@link rateLimit}: one rule, or several. */
export type RateLimitMiddlewareOptions = (GuardOptions | (GuardSettings & GuardRule)) & {
  /**
   * What the server says of the connection, where the client's address is read from it. Default:
   * what Deno, Bun and `@hono/node-server` put into `c.env`.
   */
  readonly connection?: (c: Context) => ConnectionInfo | undefined
}

const OF_GUARD: readonly string[] = [
  'backend',
  'rules',
  ...GUARD_SETTINGS,
  ...RATE_LIMITING_OPTIONS,
]

/**
 * Limits requests in Hono. Denied ones are answered with problem details; the headers say how
 * things stand on every answer.
 *
 * @throws TypeError or RangeError when an option is malformed
 * @example
 * app.use(rateLimit({ backend, limit: 100, window: '1m', key: 'ip' }))
 */
export function rateLimit(options: RateLimitMiddlewareOptions): MiddlewareHandler {
  const { connection = platformConnection, ...given } = options ?? {}
  const guard = new RateLimitGuard(guardOptions(given as GuardOptions & GuardRule))
  return async (c, next) => {
    const decision = await guard.decide(c.req.raw, connection(c))
    if (!decision.allowed) return guard.respond(decision, c.req.raw)
    await next()
    const { headers } = c.res
    for (const name in decision.headers) headers.set(name, decision.headers[name] ?? '')
    // Only what an operation took is corrected.
    if (typeof decision.outcome?.operation === 'string') await decision.settle(c.res)
    return undefined
  }
}

/** A single rule stands among the options themselves. */
function guardOptions(given: GuardOptions & GuardRule): GuardOptions {
  if (Object.hasOwn(given, 'rules')) return given
  const entries = Object.entries(given)
  const rule: GuardRule = Object.fromEntries(entries.filter(([name]) => !OF_GUARD.includes(name)))
  const guard = Object.fromEntries(entries.filter(([name]) => OF_GUARD.includes(name)))
  return { backend: given.backend, ...guard, rules: [rule] }
}

/** What servers hand to Hono as the environment. */
interface ServerEnvironment {
  /** Deno. */
  readonly remoteAddr?: { readonly hostname?: string }
  /** Bun, where the server is passed on. */
  readonly requestIP?: (request: Request) => { readonly address: string } | null
  readonly server?: { requestIP?(request: Request): { readonly address: string } | null }
  /** `@hono/node-server`. */
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
}

function platformConnection(c: Context): ConnectionInfo | undefined {
  // What is there depends on the server; each part is looked at before it is used.
  const env = c.env as ServerEnvironment | undefined
  if (env?.remoteAddr !== undefined) return { remoteAddr: env.remoteAddr }
  if (env?.incoming?.socket !== undefined) return env.incoming.socket
  const server = typeof env?.requestIP === 'function' ? env : env?.server
  return server?.requestIP?.(c.req.raw) ?? undefined
}
