import {
  STORE_LIMITS,
  type StoreEntry,
  type StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { deliveryIn } from './delivery-changes.ts'
import { deliveryKeys as keys } from './delivery-keys.ts'
import type { Delivery } from './delivery.ts'

/** A delivery, `null` when it is gone, and where it stands in the order of all listings. */
export interface PlacedDelivery {
  readonly position: string
  readonly delivery: Delivery | null
}

/** Reads the deliveries of one partition at these positions, many at a time. */
export async function readPlaced(
  partition: StorePartition,
  positions: readonly string[],
): Promise<readonly PlacedDelivery[]> {
  const found: PlacedDelivery[] = []
  while (found.length < positions.length) {
    const next = positions.slice(found.length, found.length + STORE_LIMITS.operations)
    // An answer may end early.
    for (const entry of await partition.getMany(next.map(keyAt))) {
      const position = positions[found.length] ?? ''
      found.push(entry === null ? { position, delivery: null } : placedDelivery(entry, position))
    }
  }
  return found
}

/** @param entry Found there */
export function placedDelivery(entry: StoreEntry, position: string): PlacedDelivery {
  return { position, delivery: deliveryIn(keys.placeAt(position), entry) }
}

function keyAt(position: string): string {
  return keys.delivery(keys.placeAt(position))
}
