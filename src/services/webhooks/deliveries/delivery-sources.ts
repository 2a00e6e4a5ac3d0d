import type {
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import type { DeliveryState } from './delivery.ts'
import { listedDelivery, readListed, type ListedDelivery } from './read-listed.ts'
import { readPublished } from './read-published.ts'

/**
 * Lists some deliveries of one partition, latest first.
 *
 * @param after Only positions before this one
 * @returns Fewer than `limit` only when there are no more
 */
export type DeliverySource = (
  after: string | null,
  limit: number,
) => Promise<readonly ListedDelivery[]>

/** All of an endpoint. */
export function ofEndpoint(partition: StorePartition, endpointId: string): DeliverySource {
  const prefix = keys.byEndpoint(endpointId)
  return async (after, limit) => {
    const before = after === null ? null : keys.delivery({ ...keys.positionAt(after), endpointId })
    return (await entriesBelow(partition, prefix, before, limit)).map((entry) =>
      listedDelivery(entry, `${entry.key.slice(prefix.length)}:${endpointId}`),
    )
  }
}

/** All in a state that has entries of its own. */
export function inState(
  partition: StorePartition,
  state: Exclude<DeliveryState, 'delivered'>,
): DeliverySource {
  const prefix = keys.byState(state)
  return async (after, limit) =>
    (await entriesBelow(partition, prefix, after === null ? null : prefix + after, limit)).map(
      (entry) => listedDelivery(entry, entry.key.slice(prefix.length)),
    )
}

/** All that there are. */
export function ofAnyState(partition: StorePartition, clock: Pick<Clock, 'now'>): DeliverySource {
  return async (after, limit) =>
    readListed(partition, await readPublished(partition, { now: clock.now(), after, limit }))
}

/** All of an event; `publishedAt` answers `null` when nothing is kept of it. */
export function ofEvent(
  partition: StorePartition,
  eventId: string,
  publishedAt: () => Promise<number | null>,
  clock: Pick<Clock, 'now'>,
): DeliverySource {
  return async (after, limit) => {
    const createdAt = await publishedAt()
    if (createdAt === null) return []
    const prefix = keys.publishedOf({ createdAt, eventId })
    const wanted = { now: clock.now(), prefix, after, limit }
    return readListed(partition, await readPublished(partition, wanted))
  }
}

async function entriesBelow(
  partition: StorePartition,
  prefix: string,
  before: string | null,
  limit: number,
): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  let cursor = before
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
  return entries
}
