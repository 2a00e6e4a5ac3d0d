import type {
  AtomicStore,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store.ts'
import type { Stored } from '../sending/stored.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import { DELIVERY_STATES, type Delivery, type DeliveryState } from './delivery.ts'

/** Which deliveries a listing shows; parts that are absent allow all. */
export interface DeliveryQuery {
  /** Default `default`. */
  readonly tenant?: string
  readonly state?: DeliveryState
  readonly endpointId?: string
  readonly eventId?: string
}

/** One page, latest event first; `cursor` is `null` on the last one. */
export interface DeliveryPage {
  readonly deliveries: readonly Delivery[]
  readonly cursor: string | null
}

/** Reads one page of deliveries. */
export type ListDeliveries = (
  query: DeliveryQuery & { readonly limit?: number; readonly cursor?: string },
) => Promise<DeliveryPage>

/** Where deliveries stand in one order: below `prefix`, under a position that is comparable over all sources. */
interface Source {
  readonly partition: StorePartition
  readonly prefix: string
}

const MAX_PAGE = 1000
/** Store pages that one page may cost where a filter leaves little of them; the page is then short. */
const MAX_ROUNDS = 10

/**
 * Merges the indexes of all partitions and states into one order. The cursor is a position in that order, so it holds
 * while deliveries change their states between two pages.
 *
 * @param shards How many partitions a tenant's deliveries are in
 */
export function createDeliveryPages(store: AtomicStore, shards: number): ListDeliveries {
  function sourcesOf({
    tenant = 'default',
    state,
    endpointId,
    eventId,
  }: DeliveryQuery): readonly Source[] {
    if (endpointId !== undefined) {
      const name = keys.partitionOf(endpointId)
      if (name === null || !name.startsWith(keys.partitionsOf(tenant))) return []
      const prefix =
        eventId === undefined ? keys.byEndpoint(endpointId) : keys.deliveriesOfEvent(eventId)
      return [{ partition: store.partition(name), prefix }]
    }
    const prefixes =
      eventId === undefined
        ? (state === undefined ? DELIVERY_STATES : [state]).map(keys.byState)
        : [keys.deliveriesOfEvent(eventId)]
    return Array.from({ length: shards }, (_, shard) =>
      store.partition(keys.partition(tenant, shard)),
    ).flatMap((partition) => prefixes.map((prefix) => ({ partition, prefix })))
  }

  return async (query) => {
    const { state, endpointId, eventId, limit = 100 } = query
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
      throw new RangeError(`Cannot list deliveries: limit is ${limit}, 1 to ${MAX_PAGE} allowed`)
    const sources = sourcesOf(query)
    const deliveries: Delivery[] = []
    let cursor: string | null = query.cursor ?? null
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await mergedPage(sources, cursor, limit - deliveries.length)
      cursor = found.cursor
      deliveries.push(
        ...found.deliveries.filter(
          (delivery) =>
            (state === undefined || delivery.state === state) &&
            (endpointId === undefined || delivery.endpointId === endpointId) &&
            (eventId === undefined || delivery.eventId === eventId),
        ),
      )
      if (cursor === null || deliveries.length === limit) break
    }
    return { deliveries, cursor }
  }
}

async function mergedPage(
  sources: readonly Source[],
  cursor: string | null,
  limit: number,
): Promise<DeliveryPage> {
  const lists = await Promise.all(sources.map((source) => readSource(source, cursor, limit)))
  const found = lists.flat().toSorted((a, b) => (a.position < b.position ? 1 : -1))
  const page = found.slice(0, limit)
  return {
    deliveries: page.map(({ delivery }) => delivery),
    cursor: page.length < limit ? null : (page.at(-1)?.position ?? null),
  }
}

async function readSource(
  { partition, prefix }: Source,
  after: string | null,
  limit: number,
): Promise<readonly { readonly position: string; readonly delivery: Delivery }[]> {
  const entries: StoreEntry[] = []
  let cursor = after === null ? null : prefix + after
  do {
    const page = await partition.list({
      prefix,
      reverse: true,
      limit: limit - entries.length,
      ...(cursor !== null && { cursor }),
    })
    entries.push(...page.entries)
    cursor = page.cursor
  } while (cursor !== null && entries.length < limit)
  // The delivery log alone writes below these prefixes.
  return entries.map(({ key, value }) => ({
    position: key.slice(prefix.length),
    delivery: value as Stored<Delivery>,
  }))
}
