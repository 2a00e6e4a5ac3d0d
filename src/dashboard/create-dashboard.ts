import { checkOptions, checkParts } from '../primitives/check-options.ts'
import { checkDuration } from '../primitives/check-range.ts'
import type { Duration } from '../primitives/duration.ts'
import { systemClock, type Clock } from '../runtime/ports/platform/clock.ts'
import { systemReport } from '../runtime/ports/platform/report.ts'
import { systemRandom, type RandomSource } from '../runtime/ports/platform/random-source.ts'
import type { Backend } from '../runtime/ports/backend.ts'
import { createAuditLog } from '../services/logging/audit/audit-log.ts'
import { checkUser, type Authorize, type DashboardUser } from './access/dashboard-user.ts'
import { createSessions } from './access/sessions.ts'
import { createSignInLinks } from './access/sign-in-links.ts'
import type { DashboardServices } from './dashboard-services.ts'
import { dashboardRoutes } from './dashboard-routes.ts'
import { createServe } from './http/serve.ts'
import { signInPath } from './http/sign-in.ts'

/** Options of {@link createDashboard}. */
export interface DashboardOptions {
  /** What is shown; of each tenant and to each user, where they differ. */
  readonly services:
    | DashboardServices
    | ((
        tenant: string,
        user: Required<DashboardUser>,
      ) => DashboardServices | Promise<DashboardServices>)
  /** Finds out who asks, and what they may do. */
  readonly authorize: Authorize
  /** Remembers which sign-in links were used, and what was done, where no audit log is given. */
  readonly backend: Pick<Backend, 'store'>
  /** Signs sessions, forms and sign-in links: 32 characters or more, the same in every process. */
  readonly secret: string
  /** Where it is mounted, without a slash at its end; empty for all. Default `/dashboard`. */
  readonly basePath?: string
  /** What stands at the top of each page, at most 40 characters. Default `White Cross`. */
  readonly title?: string
  /** Names of tenants to choose from, for those who see all of them. Default: they type one. */
  readonly tenants?: () => Promise<readonly string[]>
  /** How long somebody is signed in, 1 minute to 30 days. Default 12 hours. */
  readonly sessionLasts?: Duration
  /** Hears of what could not be served. Default: prints it. */
  readonly onError?: (error: unknown, request: Request) => void
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** An operations dashboard, to be mounted anywhere. */
export interface Dashboard {
  /** Answers requests below the base path. */
  fetch(request: Request): Promise<Response>
  /**
   * Makes a link that lets somebody in once, within 15 minutes.
   *
   * @returns Its path, to be put behind the origin, and when it ends, ms since 1970
   */
  createSignInLink(user: DashboardUser): { readonly path: string; readonly expiresAt: number }
}

const CREATE = 'create dashboard'
const DAY_MS = 86_400_000

/**
 * Creates a dashboard of whatever services are given: to look at them, and to mend them.
 *
 * @throws TypeError when an option is missing, of another kind, or has another name
 * @throws RangeError when the secret is too short or another option out of range
 * @example
 * ```ts
 * const dashboard = createDashboard({
 *   backend,
 *   services: { queues: [emails], webhooks },
 *   secret: env.DASHBOARD_SECRET,
 *   authorize: ({ credential, session }) =>
 *     session ?? (credential === env.DASHBOARD_KEY ? { id: 'ops', role: 'admin' } : null),
 * })
 * app.all('/dashboard/*', (c) => dashboard.fetch(c.req.raw))
 * ```
 */
export function createDashboard(options: DashboardOptions): Dashboard {
  checkOptions(
    CREATE,
    options,
    ['services', 'authorize', 'backend', 'secret'],
    ['basePath', 'title', 'tenants', 'sessionLasts', 'onError', 'clock', 'random'],
  )
  checkParts(CREATE, 'backend', options.backend, ['store'])
  const { services, authorize, backend, secret, tenants } = options
  const { onError = (error) => systemReport('A dashboard is in trouble', error) } = options
  const { basePath = '/dashboard', title = 'White Cross', sessionLasts = '12h' } = options
  const { clock = systemClock, random = systemRandom } = options
  if (typeof authorize !== 'function')
    throw new TypeError(`Cannot ${CREATE}: authorize is no function, one expected`)
  if (typeof secret !== 'string' || secret.length < 32)
    throw new RangeError(`Cannot ${CREATE}: secret has fewer than 32 characters`)
  if (typeof basePath !== 'string' || !/^(?:\/[\w.~-]+)*$/.test(basePath))
    throw new TypeError(`Cannot ${CREATE}: basePath is no path without a slash at its end`)
  if (typeof title !== 'string' || title.length < 1 || title.length > 40)
    throw new TypeError(`Cannot ${CREATE}: title is no text of 1 to 40 characters`)
  const lastsMs = checkDuration(CREATE, 'sessionLasts', sessionLasts, 60_000, 30 * DAY_MS)
  const sessions = createSessions({ secret, basePath, lastsMs, clock, random })
  const links = createSignInLinks({
    ...{ secret, clock, random },
    partition: backend.store.partition('dashboard:links'),
  })

  const serve = createServe({
    ...{ authorize, sessions, links, basePath, title, clock, random, onError },
    routes: dashboardRoutes({ sessions, tenants }),
    servicesOf: async (tenant, user) =>
      typeof services === 'function' ? services(tenant, user) : services,
    auditOf: (tenant) =>
      createAuditLog({
        ...{ backend, clock, secret: `dashboard audit ${secret}` },
        name: `dashboard.${tenant.replaceAll(/[^\w.-]/g, '_').slice(0, 80)}`,
      }),
  })

  return {
    fetch: serve,
    createSignInLink(user) {
      const checked = checkUser(user)
      if (checked === null) throw new TypeError('Cannot create sign-in link: there is no user')
      const { token, expiresAt } = links.issue(checked)
      return { path: signInPath(basePath, token), expiresAt }
    },
  }
}
