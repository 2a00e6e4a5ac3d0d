import { createLruCache } from '../../../primitives/lru-cache.ts'
import { changeEntries } from '../../../runtime/coordination/change-entries.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import {
  STORE_LIMITS,
  type AtomicStore,
  type StoreEntry,
  type StorePage,
  type StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { WebhookError } from '../webhook-error.ts'
import type { EndpointRecord } from './endpoint.ts'
import { readEndpointId } from './endpoint-id.ts'
import { bucketsFor, bucketsOf } from './subscriptions.ts'
import { createTenantLanes } from './tenant-lanes.ts'

/** Keeps endpoints, all of a tenant in one partition. */
export interface EndpointStore {
  get(id: string): Promise<EndpointRecord | null>
  /** @returns The tenant's endpoint of this `uid`, or `null` */
  find(tenant: string, uid: string): Promise<EndpointRecord | null>
  /**
   * For each attempt. What another process changed may go unnoticed for a second; what this one
   * changed is known at once.
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
  /**
   * The endpoints of a tenant that may want an event of this type: all that do are among them, and
   * few others, so that an event costs by those who get it.
   */
  candidates(tenant: string, type: string): AsyncIterable<EndpointRecord>
  /**
   * @returns Whether it was written: not where the tenant has one of its `uid`
   * @throws WebhookError `too_many_endpoints`
   */
  insert(record: EndpointRecord): Promise<boolean>
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

const KNOWN_ENDPOINTS = 2000
const KNOWN_MS = 1000
const PREFIX = 'endpoint/'
/** How many endpoints the tenant has, written with each that comes or goes. */
const COUNT_KEY = 'count'
/** Up to here reading all endpoints takes less than looking for the right ones. */
const FEW_ENDPOINTS = 128
const PAGE = 1000
/** Of a tenant that come or go at once in one process; all of them change the count. */
const LANES = 4
/** How often one may come late: as many others as that were done meanwhile. */
const TRIES = 64

const CURSOR = /^endpoint\/ep_[0-9a-f]{30}(?:\.[\w-]{1,64})?$/

/** Whether `cursor` can be one of a page. */
export function isEndpointCursor(cursor: unknown): cursor is string {
  return typeof cursor === 'string' && CURSOR.test(cursor)
}

const uidKey = (uid: string): string => `uid/${uid}`
const bucketPrefix = (bucket: string): string => `wants/${bucket}/`

/** @param maxEndpoints A tenant's most */
export function createEndpointStore(
  store: AtomicStore,
  clock: Pick<Clock, 'now'>,
  maxEndpoints: number,
): EndpointStore {
  const known = createLruCache<KnownEndpoint>(KNOWN_ENDPOINTS)
  const inLane = createTenantLanes(LANES)
  /** Counts the changes made here: what was read while one was made may be from before it. */
  let changes = 0

  /** Runs a change of an endpoint, after which nothing that was known of it counts. */
  async function forgetting<Result>(id: string, change: () => Promise<Result>): Promise<Result> {
    try {
      return await change()
    } finally {
      // Also when it rejects: it may have been done all the same.
      changes++
      known.set(id, { record: null, until: -Infinity })
    }
  }

  const partitionOf = (tenant: string): StorePartition =>
    store.partition(`webhooks:endpoints:${tenant}`)

  async function get(id: string): Promise<EndpointRecord | null> {
    const address = readEndpointId(id)
    const entry = address && (await partitionOf(address.tenant).get(PREFIX + id))
    return entry === null ? null : recordIn(entry)
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

  /** @returns The keys of the endpoints that stand in a bucket */
  async function keysIn(partition: StorePartition, bucket: string): Promise<readonly string[]> {
    const prefix = bucketPrefix(bucket)
    const keys: string[] = []
    let cursor: string | null = null
    do {
      const found: StorePage = await partition.list({
        prefix,
        limit: PAGE,
        ...(cursor !== null && { cursor }),
      })
      keys.push(...found.entries.map(({ key }) => PREFIX + key.slice(prefix.length)))
      cursor = found.cursor
    } while (cursor !== null)
    return keys
  }

  async function* recordsAt(
    partition: StorePartition,
    keys: readonly string[],
  ): AsyncIterable<EndpointRecord> {
    for (let read = 0; read < keys.length;) {
      const entries = await partition.getMany(keys.slice(read, read + STORE_LIMITS.operations))
      // Between the two reads it may have been deleted.
      for (const entry of entries) if (entry !== null) yield recordIn(entry)
      read += entries.length
    }
  }

  return {
    get,
    async find(tenant, uid) {
      const entry = await partitionOf(tenant).get(uidKey(uid))
      // Written by this file alone.
      return entry === null ? null : get(entry.value as string)
    },
    async recent(id) {
      const found = known.get(id)
      if (found !== undefined && found.until > clock.now()) return found.record
      const seenChanges = changes
      const readAt = clock.now()
      const record = await get(id)
      if (record !== null && changes === seenChanges)
        known.set(id, { record, until: readAt + KNOWN_MS })
      return record
    },
    page,
    async *all(tenant) {
      let cursor: string | null = null
      do {
        const found = await page(tenant, { limit: PAGE, ...(cursor !== null && { cursor }) })
        yield* found.endpoints
        cursor = found.cursor
      } while (cursor !== null)
    },
    async *candidates(tenant, type) {
      const few = await page(tenant, { limit: FEW_ENDPOINTS })
      if (few.cursor === null) return yield* few.endpoints
      const partition = partitionOf(tenant)
      const keys = bucketsFor(type).map((bucket) => keysIn(partition, bucket))
      // An endpoint may stand in several of the buckets.
      yield* recordsAt(partition, [...new Set((await Promise.all(keys)).flat())])
    },
    async insert(record) {
      const { id, tenant, uid } = record
      return inLane(tenant, () =>
        changeEntries(
          partitionOf(tenant),
          [COUNT_KEY, ...(uid === undefined ? [] : [uidKey(uid)])],
          ([counted = null, taken = null]) => {
            if (taken !== null) return { result: false }
            const count = countIn(counted)
            if (count >= maxEndpoints)
              throw new WebhookError(
                'too_many_endpoints',
                `Cannot create endpoint: the tenant has ${count}, at most ${maxEndpoints} are allowed`,
              )
            return {
              result: true,
              write: {
                check: [{ key: PREFIX + id, version: null }],
                set: [
                  { key: COUNT_KEY, value: count + 1 },
                  { key: PREFIX + id, value: record },
                  ...(uid === undefined ? [] : [{ key: uidKey(uid), value: id }]),
                  ...bucketKeysOf(record).map((key) => ({ key, value: true })),
                ],
              },
            }
          },
          { contended: () => contended('create'), tries: TRIES },
        ),
      )
    },
    async change(id, decide) {
      const address = readEndpointId(id)
      if (address === null) return null
      const key = PREFIX + id
      return forgetting(id, () =>
        changeEntry(
          partitionOf(address.tenant),
          key,
          (entry) => {
            const before = entry === null ? null : recordIn(entry)
            const after = before === null ? null : decide(before)
            if (before === null || after === null) return { result: before }
            const left = new Set(bucketKeysOf(before))
            const stands = bucketKeysOf(after)
            const entered = stands.filter((bucket) => !left.delete(bucket))
            return {
              result: after,
              write: {
                set: [
                  { key, value: after },
                  ...entered.map((bucket) => ({ key: bucket, value: true })),
                ],
                delete: [...left],
              },
            }
          },
          { contended: () => contended('change') },
        ),
      )
    },
    async remove(id) {
      const address = readEndpointId(id)
      if (address === null) return false
      const key = PREFIX + id
      return forgetting(id, () =>
        inLane(address.tenant, () =>
          changeEntries(
            partitionOf(address.tenant),
            [key, COUNT_KEY],
            ([entry = null, counted = null]) => {
              if (entry === null) return { result: false }
              const record = recordIn(entry)
              return {
                result: true,
                write: {
                  set: [{ key: COUNT_KEY, value: Math.max(countIn(counted) - 1, 0) }],
                  delete: [
                    key,
                    ...(record.uid === undefined ? [] : [uidKey(record.uid)]),
                    ...bucketKeysOf(record),
                  ],
                },
              }
            },
            { contended: () => contended('delete'), tries: TRIES },
          ),
        ),
      )
    },
  }
}

/** Where an endpoint is found by the events that it may want. */
function bucketKeysOf({ id, events }: EndpointRecord): readonly string[] {
  return bucketsOf(events).map((bucket) => bucketPrefix(bucket) + id)
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
