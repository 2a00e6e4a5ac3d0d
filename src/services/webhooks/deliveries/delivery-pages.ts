import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import type { AtomicStore } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { readEndpointId } from '../endpoints/endpoint-id.ts'
import type { KnownTenants } from '../endpoints/known-tenants.ts'
import { checkTenant } from '../events/tenant.ts'
import { isEventId } from '../events/webhook-event.ts'
import { WebhookError } from '../webhook-error.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import {
  ofEndpoint,
  inState,
  ofAnyState,
  ofEvent,
  type DeliverySource,
} from './delivery-sources.ts'
import { DELIVERY_STATES, type Delivery, type DeliveryState } from './delivery.ts'
import type { KeptEvents } from './kept-events.ts'

/** Which deliveries a listing shows; parts that are absent allow all. */
export interface DeliveryQuery {
  /** Default `default`. */
  readonly tenant?: string
  readonly state?: DeliveryState
  readonly endpointId?: string
  readonly eventId?: string
  readonly eventType?: string
  /** Events published at or after, ms since 1970 or a Date. Default: as long as they are kept. */
  readonly since?: number | Date
  /** And before. Default: up to now. */
  readonly until?: number | Date
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
const LIST = 'list deliveries'
const CURSOR = /^\d{15}\/[\w-]{1,128}:ep_[0-9a-f]{30}(?:\.[\w-]{1,64})?$/
/**
 * Store pages that one page may cost where a filter leaves little of them; the page is then short.
 */
const MAX_ROUNDS = 10

/**
 * Merges what all partitions list into one order. The cursor is a position in that order, so it
 * holds while deliveries change their states between two pages.
 *
 * @param shards How many partitions a tenant's deliveries are in
 */
export function createDeliveryPages(
  store: AtomicStore,
  events: KeptEvents,
  tenants: KnownTenants,
  clock: Pick<Clock, 'now'>,
  shards: number,
): ListDeliveries {
  function sourcesOf(
    tenant: string,
    { state, endpointId, eventId }: Pick<DeliveryQuery, 'state' | 'endpointId' | 'eventId'>,
  ): readonly DeliverySource[] {
    const ofPartition = (name: string): DeliverySource => {
      const partition = store.partition(name)
      if (eventId !== undefined) {
        const publishedAt = (): Promise<number | null> => events.publishedAt(name, eventId)
        return ofEvent(partition, eventId, publishedAt, clock)
      }
      if (endpointId !== undefined) return ofEndpoint(partition, endpointId)
      // Those delivered are almost all that there are, and are found among them.
      if (state === undefined || state === 'delivered') return ofAnyState(partition, clock)
      return inState(partition, state)
    }
    if (endpointId === undefined)
      return Array.from({ length: shards }, (_, shard) =>
        ofPartition(keys.partition(tenant, shard)),
      )
    const address = readEndpointId(endpointId)
    if (address === null || address.tenant !== tenant || address.shard >= shards) return []
    return [ofPartition(keys.partition(tenant, address.shard))]
  }

  return async (given) => {
    const query = checkQuery(given)
    const { state, endpointId, eventId, eventType, limit, since, until } = query
    const tenant = checkTenant(LIST, query.tenant)
    if (!(await tenants.has(tenant))) return { deliveries: [], cursor: null }
    // Nothing is kept of what no event can be called.
    const sources = eventId === undefined || isEventId(eventId) ? sourcesOf(tenant, query) : []
    const deliveries: Delivery[] = []
    let cursor: string | null = query.cursor ?? (until === null ? null : keys.before(until))
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await mergedPage(sources, cursor, limit - deliveries.length)
      cursor = found.cursor
      deliveries.push(
        ...found.deliveries.filter(
          (delivery) =>
            (state === undefined || delivery.state === state) &&
            (endpointId === undefined || delivery.endpointId === endpointId) &&
            (eventId === undefined || delivery.eventId === eventId) &&
            (eventType === undefined || delivery.eventType === eventType) &&
            (since === null || delivery.createdAt >= since) &&
            (until === null || delivery.createdAt < until),
        ),
      )
      const last = found.deliveries.at(-1)
      // Latest first: what follows is older still.
      if (since !== null && last !== undefined && last.createdAt < since) cursor = null
      if (cursor === null || deliveries.length === limit) break
    }
    return { deliveries, cursor }
  }
}

const QUERY = [
  'tenant',
  'state',
  'endpointId',
  'eventId',
  'eventType',
  'since',
  'until',
  'limit',
  'cursor',
] as const

type PageQuery = Parameters<ListDeliveries>[0]

interface CheckedQuery extends Omit<PageQuery, 'since' | 'until'> {
  readonly limit: number
  readonly since: number | null
  readonly until: number | null
}

/** @returns A copy with a limit, and with instants in ms */
function checkQuery(given: PageQuery): CheckedQuery {
  checkOptions(LIST, given, [], QUERY)
  const { limit = 100, state, cursor, endpointId = '', eventId = '', eventType = '' } = given
  checkInteger(LIST, 'limit', limit, 1, MAX_PAGE)
  if (state !== undefined && !DELIVERY_STATES.includes(state))
    throw invalid(`state is none of ${DELIVERY_STATES.join(', ')}`)
  if (![endpointId, eventId, eventType].every((text) => typeof text === 'string'))
    throw invalid('endpointId, eventId and eventType are not all text')
  if (cursor !== undefined && (typeof cursor !== 'string' || !CURSOR.test(cursor)))
    throw invalid('the cursor is malformed, one of a page before expected')
  const since = instantOf('since', given.since)
  return { ...given, limit, since, until: instantOf('until', given.until) }
}

/** @returns Whole ms since 1970, `null` where there is none */
function instantOf(name: string, instant: number | Date | undefined): number | null {
  if (instant === undefined) return null
  const ms = instant instanceof Date ? instant.getTime() : instant
  if (typeof ms === 'number' && ms >= 0 && ms < 1e15) return Math.ceil(ms)
  throw invalid(`${name} is no instant, ms since 1970 or a Date expected`)
}

function invalid(fault: string): WebhookError {
  return new WebhookError('invalid_query', `Cannot ${LIST}: ${fault}`)
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
