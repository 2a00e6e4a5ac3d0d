import {
  STORE_LIMITS,
  type StoreEntry,
  type StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { deliveryIn } from './delivery-changes.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import type { Delivery } from './delivery.ts'

/** A delivery, `null` when it is gone, and where it stands in the order of all listings. */
export interface ListedDelivery {
  readonly cursor: string
  readonly delivery: Delivery | null
}

/** Reads the deliveries of one partition at these cursors, many at a time. */
export async function readListed(
  partition: StorePartition,
  cursors: readonly string[],
): Promise<readonly ListedDelivery[]> {
  const found: ListedDelivery[] = []
  while (found.length < cursors.length) {
    const next = cursors.slice(found.length, found.length + STORE_LIMITS.operations)
    // An answer may end early.
    for (const entry of await partition.getMany(next.map(keyAt))) {
      const cursor = cursors[found.length] ?? ''
      found.push(entry === null ? { cursor, delivery: null } : listedDelivery(entry, cursor))
    }
  }
  return found
}

/** @param entry Found there */
export function listedDelivery(entry: StoreEntry, cursor: string): ListedDelivery {
  return { cursor, delivery: deliveryIn(keys.positionAt(cursor), entry) }
}

function keyAt(cursor: string): string {
  return keys.delivery(keys.positionAt(cursor))
}
