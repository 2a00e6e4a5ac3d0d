import { readEndpointId } from '../endpoints/endpoint-id.ts'
import type { Delivery, DeliveryName, DeliveryState } from './delivery.ts'

/** Where a delivery stands: by the age of its event, then by its id. */
export interface DeliveryPosition extends DeliveryName {
  /** When the event was published. */
  readonly createdAt: number
}

/**
 * Names the partition and the keys in which deliveries are kept; `docs/storage-schema.md` lists
 * them.
 */
export const deliveryKeys = {
  /** One partition holds all of an endpoint: its deliveries, their payloads, its health. */
  partition: (tenant: string, shard: number): string =>
    `${deliveryKeys.partitionsOf(tenant)}${shard.toString(16).padStart(2, '0')}`,
  partitionsOf: (tenant: string): string => `webhooks:deliveries:${tenant}:`,
  partitionOf(endpointId: string): string | null {
    const address = readEndpointId(endpointId)
    return address === null ? null : deliveryKeys.partition(address.tenant, address.shard)
  },
  /** When the event was published and its exact body, shared by its deliveries in the partition. */
  event: (eventId: string): string => `event/${eventId}`,
  /** Names endpoints that an event went to, the first one in the key. */
  published: (first: DeliveryPosition): string =>
    deliveryKeys.allPublished + deliveryKeys.cursor(first),
  allPublished: 'published/',
  publishedOf: ({ createdAt, eventId }: Omit<DeliveryPosition, 'endpointId'>): string =>
    `${deliveryKeys.allPublished}${age(createdAt)}/${eventId}:`,
  /**
   * Names one endpoint by itself: one that came later, or that is kept for longer than the others.
   */
  publishedAlone: (position: DeliveryPosition): string => `${deliveryKeys.published(position)}/`,
  /** The exact body of a delivery that went through a transform. */
  body: (deliveryId: string): string => `body/${deliveryId}`,
  delivery: ({ endpointId, createdAt, eventId }: DeliveryPosition): string =>
    `${deliveryKeys.byEndpoint(endpointId)}${age(createdAt)}/${eventId}`,
  byEndpoint: (endpointId: string): string => `delivery/${endpointId}/`,
  /** Every state but `delivered`: almost all deliveries come to that. */
  inState: (delivery: Delivery): string | null =>
    delivery.state === 'delivered'
      ? null
      : deliveryKeys.byState(delivery.state) + deliveryKeys.cursor(delivery),
  byState: (state: DeliveryState): string => `state/${state}/`,
  attempt: (deliveryId: string, number: number): string =>
    deliveryKeys.attemptsOf(deliveryId) + String(number).padStart(6, '0'),
  attemptsOf: (deliveryId: string): string => `attempt/${deliveryId}/`,
  health: (endpointId: string): string => `health/${endpointId}`,
  /** Comparable over all listings, and the cursor of each. */
  cursor: ({ createdAt, eventId, endpointId }: DeliveryPosition): string =>
    `${age(createdAt)}/${eventId}:${endpointId}`,
  /** A cursor that only positions of events published before `instant` come after. */
  before: (instant: number): string => `${age(instant)}/`,
  /** @returns What {@link deliveryKeys.cursor} was made of; parts that are missing are empty */
  positionAt(cursor: string): DeliveryPosition {
    const slash = cursor.indexOf('/')
    const colon = cursor.indexOf(':', slash)
    return {
      createdAt: Number(cursor.slice(0, slash)),
      eventId: cursor.slice(slash + 1, colon),
      endpointId: cursor.slice(colon + 1),
    }
  },
} as const

function age(createdAt: number): string {
  return String(createdAt).padStart(15, '0')
}
