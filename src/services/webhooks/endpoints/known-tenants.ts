import { keepLatest } from '../../../primitives/lru-cache.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'

/**
 * Which tenants ever had an endpoint, in a partition of its own: whoever asks for a tenant that
 * nobody knows is answered from there, and the tenant's own partitions, each an object on Durable
 * Objects, are not even opened.
 */
export interface KnownTenants {
  has(tenant: string): Promise<boolean>
  /** Before the first endpoint of a tenant is written. */
  add(tenant: string): Promise<void>
}

const PARTITION = 'webhooks:tenants'
const REMEMBERED = 10_000

/** A tenant that is known once stays so, so that most questions are answered without a read. */
export function createKnownTenants(store: AtomicStore): KnownTenants {
  const known = new Map<string, true>()
  const keyOf = (tenant: string): string => `tenant/${tenant}`

  async function has(tenant: string): Promise<boolean> {
    if (known.has(tenant)) return true
    if ((await store.partition(PARTITION).get(keyOf(tenant))) === null) return false
    keepLatest(known, REMEMBERED, tenant, true)
    return true
  }

  return {
    has,
    async add(tenant) {
      if (await has(tenant)) return
      await store.partition(PARTITION).commit({ set: [{ key: keyOf(tenant), value: true }] })
      keepLatest(known, REMEMBERED, tenant, true)
    },
  }
}
