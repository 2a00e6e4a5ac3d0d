import type { Backend } from '../../../runtime/ports/backend.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { Service } from '../../../runtime/ports/service.ts'
import type { HealthCheck } from './health-check.ts'

/**
 * Checks for each port that a backend has. They read, and leave nothing behind. A waker has none:
 * to try it is to wake, which some bill.
 *
 * @example
 * const health = new HealthCheckService({ checks: backendChecks(sqlite('app.db')) })
 */
export function backendChecks(
  backend: Partial<Pick<Backend, 'store' | 'jobStore' | 'rateLimits'>>,
): Readonly<Record<string, HealthCheck>> {
  const { store, jobStore, rateLimits } = backend
  return {
    ...(store !== undefined && { store: { run: () => store.partition('health').get('probe') } }),
    ...(jobStore !== undefined && { jobStore: { run: () => jobStore.queue('health').counts() } }),
    ...(rateLimits !== undefined && {
      rateLimits: {
        run: () =>
          rateLimits.consume(
            'health',
            [{ name: 'probe', algorithm: 'gcra', limit: 1, windowMs: 1000 }],
            { look: true },
          ),
      },
    }),
  }
}

/**
 * The checks that services bring, each under the service's name: `webhooks: store`.
 *
 * @example
 * const health = new HealthCheckService({ checks: serviceChecks([emailQueue, webhooks]) })
 */
export function serviceChecks(
  services: readonly Pick<Service, 'name' | 'healthChecks'>[],
  settings: Omit<HealthCheck, 'run'> = {},
): Readonly<Record<string, HealthCheck>> {
  return Object.fromEntries(
    services.flatMap(({ name, healthChecks = {} }) =>
      Object.entries(healthChecks).map(([what, run]) => [`${name}: ${what}`, { ...settings, run }]),
    ),
  )
}

/**
 * A check that a server answers a `GET` with a status below 400.
 *
 * @example
 * const mail = fetchCheck('https://api.example.com/status', { critical: false })
 * const health = new HealthCheckService({ checks: { mail } })
 */
export function fetchCheck(
  url: string,
  settings: Omit<HealthCheck, 'run'> & { readonly fetch?: FetchClient } = {},
): HealthCheck {
  const { fetch = systemFetch, ...rest } = settings
  return {
    ...rest,
    async run(signal) {
      const response = await fetch(url, { signal })
      await response.body?.cancel()
      if (response.status >= 400)
        throw new Error(`Cannot use server: it answered ${response.status}, less than 400 expected`)
    },
  }
}
