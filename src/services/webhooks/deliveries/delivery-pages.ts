import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import {
  ofEndpoint,
  inState,
  ofAnyState,
  ofEvent,
  type DeliverySource,
} from './delivery-sources.ts'
import type { Delivery, DeliveryState } from './delivery.ts'
import type { KeptEvents } from './kept-events.ts'

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

const MAX_PAGE = 1000
/** Store pages that one page may cost where a filter leaves little of them; the page is then short. */
const MAX_ROUNDS = 10

/**
 * Merges what all partitions list into one order. The cursor is a position in that order, so it holds while deliveries change
 * their states between two pages.
 *
 * @param shards How many partitions a tenant's deliveries are in
 */
export function createDeliveryPages(
  store: AtomicStore,
  events: KeptEvents,
  shards: number,
): ListDeliveries {
  function sourcesOf({
    tenant = 'default',
    state,
    endpointId,
    eventId,
  }: DeliveryQuery): readonly DeliverySource[] {
    const ofPartition = (name: string): DeliverySource => {
      const partition = store.partition(name)
      if (eventId !== undefined) {
        const publishedAt = (): Promise<number | null> => events.publishedAt(name, eventId)
        return ofEvent(partition, eventId, publishedAt)
      }
      if (endpointId !== undefined) return ofEndpoint(partition, endpointId)
      // Those delivered are almost all that there are, and are found among them.
      if (state === undefined || state === 'delivered') return ofAnyState(partition)
      return inState(partition, state)
    }
    if (endpointId === undefined)
      return Array.from({ length: shards }, (_, shard) =>
        ofPartition(keys.partition(tenant, shard)),
      )
    const name = keys.partitionOf(endpointId)
    if (name === null || !name.startsWith(keys.partitionsOf(tenant))) return []
    return [ofPartition(name)]
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
  sources: readonly DeliverySource[],
  cursor: string | null,
  limit: number,
): Promise<DeliveryPage> {
  const lists = await Promise.all(sources.map((source) => source(cursor, limit)))
  const found = lists.flat().toSorted((a, b) => (a.cursor < b.cursor ? 1 : -1))
  const page = found.slice(0, limit)
  return {
    deliveries: page.flatMap(({ delivery }) => delivery ?? []),
    cursor: page.length < limit ? null : (page.at(-1)?.cursor ?? null),
  }
}
