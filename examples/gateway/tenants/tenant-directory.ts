import type {
  AtomicStore,
  StorePage,
  StorePartition,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { DEFAULT_TENANT } from '../access/caller.ts'

/**
 * Which tenants there are, in a partition of its own: of one whom nobody knows nothing else is
 * opened, since on Durable Objects that would make an object.
 */
export interface TenantDirectory {
  has(tenant: string): Promise<boolean>
  /** Before anything of the tenant is written. */
  add(tenant: string): Promise<void>
  page(
    cursor?: string,
  ): Promise<{ readonly tenants: readonly string[]; readonly cursor: string | null }>
}

const REMEMBERED = 10_000

/** The default tenant is always there, and in no list. */
export function createTenantDirectory(store: AtomicStore): TenantDirectory {
  const known = new Set<string>([DEFAULT_TENANT])
  const partition = (): StorePartition => store.partition('gateway:tenants')
  const keyOf = (tenant: string): string => `tenant/${tenant}`

  function remember(tenant: string): void {
    if (known.size >= REMEMBERED) known.clear()
    known.add(DEFAULT_TENANT).add(tenant)
  }

  async function has(tenant: string): Promise<boolean> {
    if (known.has(tenant)) return true
    if ((await partition().get(keyOf(tenant))) === null) return false
    remember(tenant)
    return true
  }

  return {
    has,
    async add(tenant) {
      if (await has(tenant)) return
      await partition().commit({ set: [{ key: keyOf(tenant), value: true }] })
      remember(tenant)
    },
    async page(cursor) {
      const found: StorePage = await partition().list({
        prefix: 'tenant/',
        limit: 100,
        ...(cursor !== undefined && { cursor }),
      })
      const tenants = found.entries.map(({ key }) => key.slice('tenant/'.length))
      return { tenants, cursor: found.cursor }
    },
  }
}
