import { checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { Service } from '../../../runtime/ports/service.ts'
import type { HealthCheck } from './health-check.ts'

/**
 * Checks for each port that a backend has, and `backend` of what it lacks where it can say so with
 * `ready()`: keys that are evicted, a full memory, an access rule. They read, and leave nothing
 * behind. A waker has none: to try it is to wake, which some bill.
 *
 * @example
 * const health = new HealthCheckService({ checks: backendChecks(sqlite('app.db')) })
 */
export function backendChecks(
  backend: Partial<Pick<Backend, 'store' | 'jobStore' | 'rateLimits' | 'ready'>>,
): Readonly<Record<string, HealthCheck>> {
  checkParts('create health checks', 'backend', { backend }, ['backend'])
  const { store, jobStore, rateLimits } = backend
  return {
    ...(backend.ready !== undefined && { backend: { run: () => rejectFaults(backend) } }),
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

/** @throws Error that names what the backend lacks */
async function rejectFaults(backend: Pick<Backend, 'ready'>): Promise<void> {
  const faults = (await backend.ready?.()) ?? []
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join('; '))
}

/**
 * The checks that services bring, each under the service's name: `webhooks: store`.
 *
 * @example
 * const health = new HealthCheckService({ checks: serviceChecks([emailQueue, webhooks]) })
 */
export function serviceChecks(
  services: readonly Pick<Service, 'name' | 'healthChecks'>[],
  settings: HealthCheckSettings = {},
): Readonly<Record<string, HealthCheck>> {
  return Object.fromEntries(
    services.flatMap(({ name, healthChecks = {} }) =>
      Object.entries(healthChecks).map(([what, run]) => [`${name}: ${what}`, { ...settings, run }]),
    ),
  )
}

/** A health check's settings, without what it does. */
export type HealthCheckSettings = Omit<HealthCheck, 'run'>

/**
 * A check that a server answers a `GET` with a status below `below`. Of a payment's or a message's
 * provider, which answers a stranger with 401 or 404, `below: 500` asks whether it is there.
 *
 * @example
 * const mail = fetchCheck('https://api.example.com/status', { critical: false })
 * const stripe = fetchCheck('https://api.stripe.com', { below: 500, cache: '1m' })
 * const health = new HealthCheckService({ checks: { mail, stripe } })
 */
export function fetchCheck(
  url: string,
  settings: HealthCheckSettings & {
    /** The first status that is none of a server that is well, 300 to 600. Default 400. */
    readonly below?: number
    readonly fetch?: FetchClient
  } = {},
): HealthCheck {
  const { fetch = systemFetch, below = 400, ...rest } = settings
  checkInteger('create health check', 'below', below, 300, 600)
  if (!URL.canParse(url))
    throw new TypeError('Cannot create health check: url is none, one of http or https expected')
  return {
    ...rest,
    async run(signal) {
      const response = await fetch(url, { signal })
      await response.body?.cancel()
      if (response.status >= below)
        throw new Error(
          `Cannot use server: it answered ${response.status}, less than ${below} expected`,
        )
    },
  }
}

/**
 * A check that the jobs of a queue are being worked: none that is ready has waited for longer than
 * `oldest`. It needs a clock near the store's.
 *
 * @param oldest 1 s to 30 days. Default 5 min
 * @example
 * const health = new HealthCheckService({ checks: { emails: queueCheck(emailQueue) } })
 */
export function queueCheck(
  queue: { oldestAddedAt(): Promise<number | null> },
  settings: HealthCheckSettings & { readonly oldest?: Duration; readonly clock?: Clock } = {},
): HealthCheck {
  const { oldest = '5m', clock = systemClock, ...rest } = settings
  checkParts('create health check', 'queue', queue, ['oldestAddedAt'])
  const oldestMs = checkDuration('create health check', 'oldest', oldest, 1000, 2_592_000_000)
  return {
    ...rest,
    async run() {
      const addedAt = await queue.oldestAddedAt()
      if (addedAt !== null && clock.now() - addedAt > oldestMs)
        throw new Error('Cannot rely on queue: its jobs wait, run a worker or more of them')
    },
  }
}

/**
 * A check that a blob store answers. It asks for an object that need not be there, and changes
 * nothing.
 *
 * @example
 * const files = blobStoreCheck(s3(options).bucket())
 * const health = new HealthCheckService({ checks: { files } })
 */
export function blobStoreCheck(
  store: { exists(key: string, options: { readonly signal: AbortSignal }): Promise<boolean> },
  settings: HealthCheckSettings = {},
): HealthCheck {
  return {
    ...settings,
    async run(signal) {
      await store.exists('health-probe', { signal })
    },
  }
}

/**
 * A check that a virus scanner gives a verdict, on a few harmless bytes.
 *
 * @example
 * const health = new HealthCheckService({ checks: { scanner: scannerCheck(scanner) } })
 */
export function scannerCheck(
  scanner: {
    scan(
      input: Uint8Array<ArrayBuffer>,
      options: { readonly signal: AbortSignal },
    ): Promise<unknown>
  },
  settings: HealthCheckSettings = {},
): HealthCheck {
  return { ...settings, run: (signal) => scanner.scan(new Uint8Array([111, 107]), { signal }) }
}

/**
 * A check that a circuit is not open: what it guards is asked by the calls that need it anyway, and
 * not once more by the check.
 *
 * @example
 * const health = new HealthCheckService({ checks: { stripe: circuitCheck(breaker) } })
 */
export function circuitCheck(
  breaker: { state(): string },
  settings: HealthCheckSettings = {},
): HealthCheck {
  return {
    ...settings,
    run() {
      if (breaker.state() === 'open')
        throw new Error('Cannot call service: it failed too often, its circuit is open')
    },
  }
}
