import { createLruCache } from '../../../primitives/lru-cache.ts'
import type {
  AtomicStore,
  CommitResult,
  StoreChange,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { WebhookError } from '../webhook-error.ts'
import type { EndpointRecord } from './endpoint.ts'
import { readEndpointId } from './endpoint-id.ts'

/** Keeps endpoints, all of a tenant in one partition. */
export interface EndpointStore {
  get(id: string): Promise<EndpointRecord | null>
  /**
   * For each attempt. What another process changed may go unnoticed for a second; what this one changed is known at once.
   *
   * @returns The record as it was at most a second ago
   */
  recent(id: string): Promise<EndpointRecord | null>
  page(
    tenant: string,
    options: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly endpoints: readonly EndpointRecord[]; readonly cursor: string | null }>
  /** All endpoints of a tenant. */
  all(tenant: string): AsyncIterable<EndpointRecord>
  /** @throws WebhookError `too_many_endpoints` */
  insert(record: EndpointRecord): Promise<void>
  /**
   * @param decide Called again when others changed the record meanwhile; `null` leaves it as it is
   * @returns The record afterwards, `null` when there is none
   */
  change(
    id: string,
    decide: (record: EndpointRecord) => EndpointRecord | null,
  ): Promise<EndpointRecord | null>
  /** @returns Whether there was one */
  remove(id: string): Promise<boolean>
}

interface KnownEndpoint {
  readonly record: EndpointRecord | null
  readonly until: number
}

const MAX_TRIES = 20
const KNOWN_ENDPOINTS = 2000
const KNOWN_MS = 1000
const PREFIX = 'endpoint/'
/** How many endpoints the tenant has, written with each that comes or goes. */
const COUNT_KEY = 'count'

/** @param maxEndpoints A tenant's most */
export function createEndpointStore(
  store: AtomicStore,
  clock: Pick<Clock, 'now'>,
  maxEndpoints: number,
): EndpointStore {
  const known = createLruCache<KnownEndpoint>(KNOWN_ENDPOINTS)
  /** Counts the changes made here: what was read while one was made may be from before it. */
  let changes = 0

  async function write(
    id: string,
    partition: StorePartition,
    change: StoreChange,
  ): Promise<CommitResult> {
    try {
      return await partition.commit(change)
    } finally {
      // Also when it rejects: it may have been done all the same.
      changes++
      known.set(id, { record: null, until: -Infinity })
    }
  }

  const partitionOf = (tenant: string): StorePartition =>
    store.partition(`webhooks:endpoints:${tenant}`)

  async function entryOf(
    id: string,
  ): Promise<{ readonly partition: StorePartition; readonly entry: StoreEntry } | null> {
    const address = readEndpointId(id)
    if (address === null) return null
    const partition = partitionOf(address.tenant)
    const entry = await partition.get(PREFIX + id)
    return entry === null ? null : { partition, entry }
  }

  async function page(
    tenant: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly endpoints: readonly EndpointRecord[]; readonly cursor: string | null }> {
    const found = await partitionOf(tenant).list({
      prefix: PREFIX,
      limit,
      ...(cursor !== undefined && { cursor }),
    })
    return { endpoints: found.entries.map(recordIn), cursor: found.cursor }
  }

  return {
    async get(id) {
      const found = await entryOf(id)
      return found === null ? null : recordIn(found.entry)
    },
    async recent(id) {
      const found = known.get(id)
      if (found !== undefined && found.until > clock.now()) return found.record
      const seenChanges = changes
      const readAt = clock.now()
      const entry = (await entryOf(id))?.entry
      const record = entry === undefined ? null : recordIn(entry)
      if (record !== null && changes === seenChanges)
        known.set(id, { record, until: readAt + KNOWN_MS })
      return record
    },
    page,
    async *all(tenant) {
      let cursor: string | null = null
      do {
        const found = await page(tenant, { limit: 1000, ...(cursor !== null && { cursor }) })
        yield* found.endpoints
        cursor = found.cursor
      } while (cursor !== null)
    },
    async insert(record) {
      const partition = partitionOf(record.tenant)
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const counted = await partition.get(COUNT_KEY)
        const count = countIn(counted)
        if (count >= maxEndpoints) {
          throw new WebhookError(
            'too_many_endpoints',
            `Cannot create endpoint: the tenant has ${count}, at most ${maxEndpoints} are allowed`,
          )
        }
        const result = await partition.commit({
          check: [
            { key: COUNT_KEY, version: counted?.version ?? null },
            { key: PREFIX + record.id, version: null },
          ],
          set: [
            { key: COUNT_KEY, value: count + 1 },
            { key: PREFIX + record.id, value: record },
          ],
        })
        if (result.ok) return
      }
      throw contended('create')
    },
    async change(id, decide) {
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const found = await entryOf(id)
        if (found === null) return null
        const before = recordIn(found.entry)
        const after = decide(before)
        if (after === null) return before
        const { key, version } = found.entry
        const result = await write(id, found.partition, {
          check: [{ key, version }],
          set: [{ key, value: after }],
        })
        if (result.ok) return after
      }
      throw contended('change')
    },
    async remove(id) {
      for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
        const found = await entryOf(id)
        if (found === null) return false
        const { partition, entry } = found
        const counted = await partition.get(COUNT_KEY)
        const result = await write(id, partition, {
          check: [
            { key: entry.key, version: entry.version },
            { key: COUNT_KEY, version: counted?.version ?? null },
          ],
          set: [{ key: COUNT_KEY, value: Math.max(countIn(counted) - 1, 0) }],
          delete: [entry.key],
        })
        if (result.ok) return true
      }
      throw contended('delete')
    },
  }
}

function recordIn({ value }: StoreEntry): EndpointRecord {
  // Keys of endpoints are written by this file alone.
  return value as EndpointRecord
}

function countIn(entry: StoreEntry | null): number {
  return typeof entry?.value === 'number' ? entry.value : 0
}

function contended(action: string): WebhookError {
  return new WebhookError(
    'contended',
    `Cannot ${action} endpoint: others keep changing the tenant's endpoints`,
  )
}
