import type { StoreChange, StoreEntry } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { Attempt } from '../outbound/attempt.ts'
import { deliveryKeys as keys, type DeliveryPosition } from './delivery-keys.ts'
import {
  readDelivery,
  writeAttempt,
  writeDelivery,
  type DeliveryRecord,
} from './delivery-record.ts'
import type { Delivery } from './delivery.ts'
import { healthKeptMs, writeHealth, type EndpointHealth } from './endpoint-health.ts'
import type { EventRecord, KeptEvent } from './kept-events.ts'

/** What one commit writes; absent parts stay. */
export interface DeliveryChange {
  readonly delivery?: Delivery
  /** Added to the delivery's attempts under its `attempts` count. */
  readonly attempt?: Attempt
  readonly health?: EndpointHealth | null
  /** The body that a transform made, fixed from now on. */
  readonly transformedBody?: string
  /** Keeps the payload as long as the delivery. */
  readonly keepBody?: string
}

type Entries = NonNullable<StoreChange['set']>

/**
 * What stands in the store of a delivery: its record, and the same by its state while it is not
 * delivered.
 */
export function entriesOf(delivery: Delivery, now: number): Entries {
  const expiresInMs = msUntil(delivery.keepUntil, now)
  const value = writeDelivery(delivery)
  const inState = keys.inState(delivery)
  const entry = { key: keys.delivery(delivery), value, expiresInMs }
  return inState === null ? [entry] : [entry, { key: inState, value, expiresInMs }]
}

/**
 * Names a delivery's endpoint by itself.
 *
 * @param coveredUntil When those entries of the event have gone that name several endpoints
 */
export function publishedAlone(
  delivery: Delivery,
  coveredUntil: number,
  now: number,
): Entries[number] {
  return {
    key: keys.publishedAlone(delivery),
    value: [delivery.endpointId, coveredUntil],
    expiresInMs: msUntil(delivery.keepUntil, now),
  }
}

/** Reads what {@link publishedEntry} or {@link publishedAlone} wrote. */
export function readPublishedEntry(
  key: string,
  value: Json,
): {
  readonly position: DeliveryPosition
  readonly endpointIds: readonly string[]
  /** Until when one that names several endpoints may stand around it; 0 where it is one itself. */
  readonly coveredUntil: number
} {
  const position = keys.positionAt(key.slice(keys.allPublished.length))
  if (!key.endsWith('/'))
    return { position, endpointIds: value as readonly string[], coveredUntil: 0 }
  const [endpointId, coveredUntil] = value as readonly [endpointId: string, coveredUntil: number]
  return { position, endpointIds: [endpointId], coveredUntil }
}

/** @param deliveries Of one event, in the order of their endpoints' ids, with none in between */
export function publishedEntry(
  [first, ...others]: readonly [Delivery, ...Delivery[]],
  now: number,
): Entries[number] {
  return {
    key: keys.published(first),
    value: [first, ...others].map(({ endpointId }) => endpointId),
    expiresInMs: msUntil(first.keepUntil, now),
  }
}

export function eventEntry(
  eventId: string,
  { at, keepUntil, body }: KeptEvent,
  now: number,
): Entries[number] {
  const value: EventRecord = [at, keepUntil, body]
  return { key: keys.event(eventId), value, expiresInMs: msUntil(keepUntil, now) }
}

/** @param event What is kept of the delivery's event; needed where `keepBody` is set */
export function storeChangeOf(
  before: Delivery,
  change: DeliveryChange,
  event: KeptEvent | null,
  now: number,
): StoreChange {
  const { delivery = before, attempt, health, transformedBody, keepBody } = change
  const expiresInMs = msUntil(delivery.keepUntil, now)
  const set: Entries[number][] = [...entriesOf(delivery, now)]
  const remove: string[] = []
  const leftState = delivery.state === before.state ? null : keys.inState(before)
  if (leftState !== null) remove.push(leftState)
  if (attempt !== undefined)
    set.push({
      key: keys.attempt(delivery.id, delivery.attempts),
      value: writeAttempt(attempt, delivery.round),
      expiresInMs,
    })
  const healthKey = keys.health(before.endpointId)
  if (health === null) remove.push(healthKey)
  else if (health !== undefined)
    set.push({ key: healthKey, value: writeHealth(health), expiresInMs: healthKeptMs(health) })
  const ownBody = transformedBody ?? (delivery.transformed ? keepBody : undefined)
  if (ownBody !== undefined) set.push({ key: keys.body(delivery.id), value: ownBody, expiresInMs })
  if (keepBody !== undefined && event !== null)
    // The event leads to its deliveries, so it stays as long as they do.
    set.push(
      eventEntry(delivery.eventId, { ...event, keepUntil: delivery.keepUntil }, now),
      publishedAlone(delivery, before.keepUntil, now),
    )
  return { set, delete: remove }
}

/** @param position Where the entry was found */
export function deliveryIn(position: DeliveryPosition, { value }: StoreEntry): Delivery {
  // Keys of deliveries are written by this room's log alone.
  return readDelivery(position, position.createdAt, value as DeliveryRecord)
}

function msUntil(instant: number, now: number): number {
  return Math.max(instant - now, 1)
}
