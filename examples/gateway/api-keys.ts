import type {
  AtomicStore,
  Clock,
  RandomSource,
  StorePage,
} from '@white-cross/reuse/infrastructure/runtime/ports'

/** Who a key belongs to. The key itself is never kept: only its SHA-256. */
export interface ApiKey {
  readonly id: string
  readonly label: string
  readonly createdAt: number
}

/** The gateway's keys. */
export interface ApiKeys {
  /** @returns Whose key it is, or `null` when it is nobody's */
  find(key: string): Promise<ApiKey | null>
  /** @returns The new key in the clear, shown this once */
  create(label: string): Promise<ApiKey & { readonly key: string }>
  list(): Promise<readonly ApiKey[]>
  /** @returns Whether there was such a key */
  revoke(id: string): Promise<boolean>
}

/** What {@link createApiKeys} needs. */
export interface ApiKeysOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
  /** SHA-256 of the root key, as 64 hex digits. */
  readonly rootKeyHash: string
}

const ROOT: ApiKey = { id: 'root', label: 'root', createdAt: 0 }

/** Keeps keys in one partition: `hash/<sha256>` holds the key's id, `key/<id>` the rest. */
export function createApiKeys({ store, clock, random, rootKeyHash }: ApiKeysOptions): ApiKeys {
  const partition = store.partition('gateway:api-keys')
  return {
    async find(key) {
      // The digest is compared, so that timing says nothing about the key.
      const hash = await sha256Hex(key)
      if (rootKeyHash.length === 64 && hash === rootKeyHash.toLowerCase()) return ROOT
      const entry = await partition.get(`hash/${hash}`)
      return entry === null ? null : apiKeyOf(entry.value)
    },
    async create(label) {
      const id = hex(random.bytes(8))
      const key = `wcr_${hex(random.bytes(24))}`
      const hash = await sha256Hex(key)
      const record = { id, label, createdAt: clock.now() }
      await partition.commit({
        set: [
          { key: `hash/${hash}`, value: record },
          { key: `key/${id}`, value: { ...record, hash } },
        ],
      })
      return { ...record, key }
    },
    async list() {
      const keys: ApiKey[] = []
      let cursor: string | null = null
      do {
        const page: StorePage = await partition.list({
          prefix: 'key/',
          limit: 1000,
          ...(cursor !== null && { cursor }),
        })
        keys.push(...page.entries.flatMap(({ value }) => apiKeyOf(value) ?? []))
        cursor = page.cursor
      } while (cursor !== null)
      return keys
    },
    async revoke(id) {
      // What no key is named is not looked for: it may be longer than a key of the store.
      if (!/^[0-9a-f]{16}$/.test(id)) return false
      const entry = await partition.get(`key/${id}`)
      const value = entry?.value
      if (typeof value !== 'object' || value === null || !('hash' in value)) return false
      const { hash } = value
      if (typeof hash !== 'string') return false
      await partition.commit({ delete: [`key/${id}`, `hash/${hash}`] })
      return true
    },
  }
}

function apiKeyOf(value: unknown): ApiKey | null {
  if (typeof value !== 'object' || value === null) return null
  if (!('id' in value) || !('label' in value) || !('createdAt' in value)) return null
  return { id: String(value.id), label: String(value.label), createdAt: Number(value.createdAt) }
}

async function sha256Hex(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
