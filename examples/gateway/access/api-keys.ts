import type {
  AtomicStore,
  Clock,
  Json,
  RandomSource,
  StoreEntry,
  StorePartition,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { ProblemError } from '../http/problem.ts'
import { hexOf, sha256Hex } from './digest.ts'
import { isScope, type Scope } from './scopes.ts'

/** A key without its secret, of which only the SHA-256 is kept. Instants are ms since 1970. */
export interface ApiKey {
  readonly id: string
  readonly label: string
  /** Whose key it is; `null` for an operator's. */
  readonly tenant: string | null
  readonly scopes: readonly Scope[]
  readonly createdAt: number
  /** `null`: it does not end by itself. */
  readonly expiresAt: number | null
  /** About when it was last used, to the hour; `null` when it never was. */
  readonly lastUsedAt: number | null
  /** Overrides the gateway's limit. */
  readonly requestsPerMinute?: number
}

/** What a key is made with. */
export type NewApiKey = Pick<
  ApiKey,
  'label' | 'tenant' | 'scopes' | 'expiresAt' | 'requestsPerMinute'
>

/** A key with the one and only look at its secret. */
export type ShownApiKey = ApiKey & { readonly key: string }

/** The gateway's keys. */
export interface ApiKeys {
  /**
   * What was found is believed for `believedMs`, so that a busy key costs no read: so long, at most,
   * a revoked key is still good elsewhere.
   *
   * @returns Whose key it is, or `null` when it is nobody's or its time is over
   */
  find(key: string): Promise<ApiKey | null>
  create(key: NewApiKey): Promise<ShownApiKey>
  /** @returns One page of a tenant's keys, or of the operators' */
  page(
    tenant: string | null,
    options: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly keys: readonly ApiKey[]; readonly cursor: string | null }>
  get(tenant: string | null, id: string): Promise<ApiKey | null>
  /** @returns The new secret; the old one is good for `overlapMs` more. `null` without such a key */
  rotate(tenant: string | null, id: string, overlapMs: number): Promise<ShownApiKey | null>
  /** @returns Whether there was such a key */
  revoke(tenant: string | null, id: string): Promise<boolean>
  /** Notes that a key was used, at most once an hour. @returns `null` when it is noted */
  touch(key: ApiKey): Promise<void> | null
}

/** What {@link createApiKeys} needs. */
export interface ApiKeysOptions {
  readonly store: AtomicStore
  readonly clock: Clock
  readonly random: RandomSource
  /** Default 5 s. */
  readonly believedMs?: number
}

interface KeyRecord extends Omit<ApiKey, 'lastUsedAt'> {
  /** The secrets that are good, the newest first. */
  readonly hashes: readonly string[]
}

/** A record as it stands. */
interface FoundKey {
  readonly record: KeyRecord
  readonly version: StoreEntry['version']
}

const FORM = /^wcr_[0-9a-f]{48}$/
const ID = /^[0-9a-f]{16}$/
const HOUR_MS = 3_600_000
const REMEMBERED = 5000
/** How often a key is changed at the same time by others before one gives up. */
const MOST_TRIES = 10

/**
 * Keeps keys twice: `gateway:keys:<digit>` finds them by the SHA-256 of their secret, spread over 16
 * partitions, `gateway:keys-of:<tenant>` lists them. The first decides: it is written last when a key
 * is made, and goes first when it is revoked.
 */
export function createApiKeys(options: ApiKeysOptions): ApiKeys {
  const { store, clock, random, believedMs = 5000 } = options
  const believed = new Map<string, { readonly key: ApiKey | null; readonly until: number }>()
  /** Digests of secrets that were good, since computing one takes longer than all else of a request. */
  const digests = new Map<string, string>()
  /** When the use of a key was last noted, by its id. */
  const noted = new Map<string, number>()

  const byHash = (hash: string): StorePartition =>
    store.partition(`gateway:keys:${hash.slice(0, 1)}`)
  // No tenant's name holds a colon.
  const ofTenant = (tenant: string | null): StorePartition =>
    store.partition(`gateway:keys-of:${tenant ?? ':operators'}`)

  function lifetime({ expiresAt }: Pick<ApiKey, 'expiresAt'>): { readonly expiresInMs?: number } {
    return expiresAt === null ? {} : { expiresInMs: Math.max(expiresAt - clock.now(), 1) }
  }

  async function read(tenant: string | null, id: string): Promise<FoundKey | null> {
    // What no key is named is not looked for: it may be longer than a key of the store.
    if (!ID.test(id)) return null
    const entry = await ofTenant(tenant).get(`key/${id}`)
    const record = recordOf(entry?.value)
    return entry === null || record === null ? null : { record, version: entry.version }
  }

  /** @returns Whether nobody has changed the key since it was found; `null` is for a new one */
  async function write(record: KeyRecord, version: FoundKey['version'] | null): Promise<boolean> {
    // Plain texts, numbers and lists of them.
    const value = record as unknown as Json
    const key = `key/${record.id}`
    const partition = ofTenant(record.tenant)
    return (await partition.commit({ check: [{ key, version }], set: [{ key, value }] })).ok
  }

  function newSecret(): string {
    return `wcr_${hexOf(random.bytes(24))}`
  }

  async function admit(record: KeyRecord, hash: string): Promise<void> {
    const { hashes: _, ...key } = record
    // Plain texts, numbers and lists of them.
    const value = key as unknown as Json
    await byHash(hash).commit({ set: [{ key: `hash/${hash}`, value, ...lifetime(record) }] })
    believed.delete(hash)
  }

  async function forget(hash: string): Promise<void> {
    await byHash(hash).commit({ delete: [`hash/${hash}`] })
    believed.delete(hash)
  }

  async function noteUse(id: string, tenant: string | null, now: number): Promise<void> {
    const partition = ofTenant(tenant)
    const seen = (await partition.get(`used/${id}`))?.value
    if (typeof seen === 'number' && seen > now - HOUR_MS) return
    // Only of a key that is still there: one that is revoked leaves nothing behind.
    const record = await partition.get(`key/${id}`)
    if (record === null) return
    await partition.commit({
      check: [{ key: `key/${id}`, version: record.version }],
      set: [{ key: `used/${id}`, value: now }],
    })
  }

  return {
    async find(secret) {
      if (!FORM.test(secret)) return null
      const hash = digests.get(secret) ?? (await sha256Hex(secret))
      const now = clock.now()
      const known = believed.get(hash)
      let key = known?.key ?? null
      if (known === undefined || known.until <= now) {
        // The digest is looked up, so that timing says nothing about the secret.
        key = keyOf((await byHash(hash).get(`hash/${hash}`))?.value, null)
        if (believed.size >= REMEMBERED) believed.clear()
        believed.set(hash, { key, until: now + believedMs })
        if (digests.size >= REMEMBERED) digests.clear()
        if (key === null) digests.delete(secret)
        else digests.set(secret, hash)
      }
      return key === null || (key.expiresAt !== null && key.expiresAt <= now) ? null : key
    },
    async create(given) {
      const secret = newSecret()
      const hash = await sha256Hex(secret)
      const record = { id: hexOf(random.bytes(8)), ...given, createdAt: clock.now() }
      await write({ ...record, hashes: [hash] }, null)
      await admit({ ...record, hashes: [hash] }, hash)
      return { ...record, lastUsedAt: null, key: secret }
    },
    async page(tenant, { limit, cursor }) {
      const partition = ofTenant(tenant)
      const found = await partition.list({
        prefix: 'key/',
        limit,
        ...(cursor !== undefined && { cursor: `key/${cursor}` }),
      })
      const records = found.entries.flatMap(({ value }) => recordOf(value) ?? [])
      const used = await usesOf(partition, records)
      const last = found.cursor === null ? null : (records.at(-1)?.id ?? null)
      return { keys: records.map((record, index) => shown(record, used[index])), cursor: last }
    },
    async get(tenant, id) {
      const found = await read(tenant, id)
      if (found === null) return null
      return shown(found.record, (await ofTenant(tenant).get(`used/${id}`))?.value)
    },
    async rotate(tenant, id, overlapMs) {
      const secret = newSecret()
      const hash = await sha256Hex(secret)
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await read(tenant, id)
        if (found === null) return null
        const { record, version } = found
        const [before = '', ...older] = record.hashes
        const after = { ...record, hashes: overlapMs > 0 ? [hash, before] : [hash] }
        if (!(await write(after, version))) continue
        await admit(after, hash)
        for (const old of overlapMs > 0 ? older : record.hashes) await forget(old)
        if (overlapMs > 0) {
          const until = clock.now() + overlapMs
          const expiresAt = Math.min(record.expiresAt ?? until, until)
          await admit({ ...record, expiresAt }, before)
        }
        // Whoever has revoked or rotated it meanwhile did not know what was admitted just now.
        const good = (await read(tenant, id))?.record.hashes ?? []
        for (const admitted of after.hashes) if (!good.includes(admitted)) await forget(admitted)
        return good.includes(hash) ? { ...shown(after, null), key: secret } : null
      }
      throw contended()
    },
    async revoke(tenant, id) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await read(tenant, id)
        if (found === null) return tries > 0
        for (const hash of found.record.hashes) await forget(hash)
        const key = `key/${id}`
        const { ok } = await ofTenant(tenant).commit({
          check: [{ key, version: found.version }],
          delete: [key, `used/${id}`],
        })
        if (ok) return true
      }
      throw contended()
    },
    touch({ id, tenant }) {
      const now = clock.now()
      if ((noted.get(id) ?? -Infinity) > now - HOUR_MS) return null
      if (noted.size >= REMEMBERED) noted.clear()
      noted.set(id, now)
      return noteUse(id, tenant, now)
    },
  }
}

function contended(): ProblemError {
  return new ProblemError(409, 'contended', 'Others are changing the key, try again')
}

async function usesOf(
  partition: StorePartition,
  records: readonly KeyRecord[],
): Promise<readonly unknown[]> {
  const uses: unknown[] = []
  for (let at = 0; at < records.length; at += 100) {
    const keys = records.slice(at, at + 100).map(({ id }) => `used/${id}`)
    // Values this small are answered together.
    uses.push(...(await partition.getMany(keys)).map((entry) => entry?.value))
  }
  return uses
}

function shown(kept: KeyRecord, used: unknown): ApiKey {
  const { hashes: _, ...record } = kept
  return { ...record, lastUsedAt: typeof used === 'number' ? used : null }
}

function recordOf(value: unknown): KeyRecord | null {
  const key = keyOf(value, null)
  if (key === null || typeof value !== 'object' || value === null || !('hashes' in value))
    return null
  const { lastUsedAt: _, ...rest } = key
  return { ...rest, hashes: Array.isArray(value.hashes) ? value.hashes.map(String) : [] }
}

function keyOf(value: unknown, lastUsedAt: number | null): ApiKey | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null
  // Only this file writes them.
  const { id, label, tenant, scopes, createdAt, expiresAt, requestsPerMinute } = value as ApiKey
  return {
    ...{ id, label, tenant, scopes: scopes.filter(isScope), createdAt, expiresAt, lastUsedAt },
    ...(requestsPerMinute !== undefined && { requestsPerMinute }),
  }
}
