import { isEventId } from '../events/webhook-event.ts'
import type { Attempt, AttemptErrorCode } from '../outbound/attempt.ts'

/** Where a delivery stands. */
export type DeliveryState =
  /** Not attempted yet. */
  | 'pending'
  /** Failed so far; the next attempt is scheduled. */
  | 'retrying'
  | 'delivered'
  /** Failed for good; a manual retry starts anew. */
  | 'dead'
  /** Waits without limit for `recover()` or a manual retry: its endpoint is disabled. */
  | 'held'
  /** Its endpoint was deleted. */
  | 'cancelled'

/** Every state, in the order in which people read them. */
export const DELIVERY_STATES: readonly DeliveryState[] = [
  'pending',
  'retrying',
  'delivered',
  'dead',
  'held',
  'cancelled',
]

/** `slow` for endpoints in doubt, so that they hold nobody up. */
export type DeliveryLane = 'main' | 'slow'

/** One event on its way to one endpoint. Instants are ms since 1970. */
export interface Delivery {
  /** `<eventId>:<endpointId>`. */
  readonly id: string
  readonly tenant: string
  /** Sent as `webhook-id`. */
  readonly eventId: string
  readonly eventType: string
  readonly endpointId: string
  readonly state: DeliveryState
  /** When the event was published. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Attempts altogether. */
  readonly attempts: number
  /** Which run through the retry schedule: 0, and one more with each manual retry. */
  readonly round: number
  /** Attempts of this round. */
  readonly roundAttempts: number
  /** The earliest time of the next attempt; a limit or an open circuit may defer it. */
  readonly nextAttemptAt: number | null
  readonly lastAttempt: {
    readonly at: number
    readonly durationMs: number
    readonly status: number | null
    readonly error: AttemptErrorCode | null
  } | null
  /**
   * Which queue's job made the last attempt, and so makes the next one; `null` before the first.
   */
  readonly lane: DeliveryLane | null
  /** Until when the record, its attempts and its payload are kept. */
  readonly keepUntil: number
  /** Whether its payload went through a transform and is kept apart from the event's. */
  readonly transformed: boolean
}

/** One attempt of a delivery; `number` counts from 1 over all rounds. */
export type DeliveryAttempt = Attempt & { readonly number: number; readonly round: number }

/** A delivery and the state of its endpoint decide together, so both are named by one id. */
export interface DeliveryName {
  readonly eventId: string
  readonly endpointId: string
}

/** @returns The id of the delivery of an event to an endpoint: the same whenever it is made */
export function deliveryId({ eventId, endpointId }: DeliveryName): string {
  return `${eventId}:${endpointId}`
}

/** @returns What `id` is made of, or `null` when it is no delivery's id */
export function readDeliveryId(id: string): DeliveryName | null {
  const colon = id.indexOf(':')
  const name = { eventId: id.slice(0, colon), endpointId: id.slice(colon + 1) }
  return colon > 0 && isEventId(name.eventId) ? name : null
}

/** Whether no attempt is to come unless someone asks for it. */
export function isSettled(state: DeliveryState): boolean {
  return state !== 'pending' && state !== 'retrying'
}
