import { readEndpointId } from '../endpoints/endpoint-id.ts'
import type { Delivery, DeliveryState } from './delivery.ts'

/** Names the partition and the keys in which deliveries are kept; `docs/storage-schema.md` lists them. */
export const deliveryKeys = {
  /** One partition holds all of an endpoint: its deliveries, their payloads, its health. */
  partition: (tenant: string, shard: number): string =>
    `${deliveryKeys.partitionsOf(tenant)}${shard.toString(16).padStart(2, '0')}`,
  partitionsOf: (tenant: string): string => `webhooks:deliveries:${tenant}:`,
  partitionOf(endpointId: string): string | null {
    const address = readEndpointId(endpointId)
    return address === null ? null : deliveryKeys.partition(address.tenant, address.shard)
  },
  /** The event's exact body, shared by its deliveries in the partition. */
  event: (eventId: string): string => `event/${eventId}`,
  /** The exact body of a delivery that went through a transform. */
  body: (deliveryId: string): string => `body/${deliveryId}`,
  delivery: (deliveryId: string): string => `delivery/${deliveryId}`,
  deliveriesOfEvent: (eventId: string): string => `delivery/${eventId}:`,
  attempt: (deliveryId: string, number: number): string =>
    `attempt/${deliveryId}/${String(number).padStart(6, '0')}`,
  attemptsOf: (deliveryId: string): string => `attempt/${deliveryId}/`,
  byEndpoint: (endpointId: string): string => `endpoint/${endpointId}/`,
  byState: (state: DeliveryState): string => `state/${state}/`,
  /** Where a delivery stands under {@link byEndpoint} and {@link byState}: by age. */
  position: ({ createdAt, id }: Pick<Delivery, 'createdAt' | 'id'>): string =>
    `${String(createdAt).padStart(15, '0')}/${id}`,
  health: (endpointId: string): string => `health/${endpointId}`,
} as const
