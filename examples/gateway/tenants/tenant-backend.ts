import type {
  Backend,
  RateLimit,
  RateLimitName,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { DEFAULT_TENANT, isTenant } from '../access/caller.ts'

/**
 * One tenant's part of a backend: the tenant's name stands before every partition, queue and subject,
 * so that a service on it cannot reach what is another's. The default tenant has the names as they
 * are; none of the library's begins with `t:`.
 */
export function tenantBackend(backend: Backend, tenant: string): Backend {
  if (!isTenant(tenant)) throw new RangeError('Cannot open tenant: its name is malformed')
  if (tenant === DEFAULT_TENANT) return backend
  const prefix = `t:${tenant}:`
  const { store, jobStore, rateLimits, waker, durability } = backend
  const { onWake } = waker
  return {
    durability,
    store: { partition: (name) => store.partition(prefix + name) },
    jobStore: { queue: (name) => jobStore.queue(prefix + name) },
    waker: {
      wake: (queue, inMs) => waker.wake(prefix + queue, inMs),
      ...(onWake !== undefined && {
        onWake: (queue, listener) => onWake(prefix + queue, listener),
      }),
    },
    rateLimits: {
      consume: (subject, limits, options) =>
        rateLimits.consume(
          prefix + subject,
          limits.map((limit) => named(limit, prefix)),
          options,
        ),
      settle: (subject, limits, operation) =>
        rateLimits.settle(
          prefix + subject,
          limits.map((limit) => named(limit, prefix)),
          operation,
        ),
      reset: (subject, limits) =>
        rateLimits.reset(
          prefix + subject,
          limits.map((limit) => named(limit, prefix)),
        ),
      ...(rateLimits.clock !== undefined && { clock: rateLimits.clock }),
    },
  }
}

/** A queue of {@link tenantBackend}: whose it is and what the tenant calls it. */
export function readTenantQueue(queue: string): { readonly tenant: string; readonly name: string } {
  const [, tenant, name] = /^t:([\w-]{1,64}):(.+)$/s.exec(queue) ?? []
  if (tenant === undefined || name === undefined) return { tenant: DEFAULT_TENANT, name: queue }
  return { tenant, name }
}

function named<Limit extends RateLimit | RateLimitName>(limit: Limit, prefix: string): Limit {
  return limit.subject === undefined ? limit : { ...limit, subject: prefix + limit.subject }
}
