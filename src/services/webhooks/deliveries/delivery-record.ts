import type { Attempt } from '../outbound/attempt.ts'
import type { JsonOf } from '../queues/json-of.ts'
import { readEndpointId } from '../endpoints/endpoint-id.ts'
import {
  deliveryId,
  type Delivery,
  type DeliveryAttempt,
  type DeliveryLane,
  type DeliveryName,
  type DeliveryState,
} from './delivery.ts'

/**
 * A delivery as the store keeps it: without what its key says and without names, for it stands in
 * up to two places and is written with each attempt. The order of the parts never changes; new ones
 * come last.
 */
export type DeliveryRecord = readonly [
  state: DeliveryState,
  eventType: string,
  updatedAt: number,
  attempts: number,
  round: number,
  roundAttempts: number,
  nextAttemptAt: number | null,
  lane: DeliveryLane | null,
  keepUntil: number,
  transformed: boolean,
  lastAttempt: LastAttemptRecord | null,
]

type LastAttempt = NonNullable<Delivery['lastAttempt']>
type LastAttemptRecord = readonly [
  at: number,
  durationMs: number,
  status: number | null,
  error: LastAttempt['error'],
]

/** An attempt as the store keeps it; its number is in the key. */
export type AttemptRecord = readonly [
  round: number,
  at: number,
  durationMs: number,
  host: string,
  requestHeaders: Attempt['requestHeaders'],
  status: number | null,
  error: JsonOf<NonNullable<Attempt['error']>> | null,
  retryAfterMs: number | null,
  responseBody: string,
  responseTruncated: boolean,
]

export function writeDelivery(delivery: Delivery): DeliveryRecord {
  const { lastAttempt: last } = delivery
  return [
    delivery.state,
    delivery.eventType,
    delivery.updatedAt,
    delivery.attempts,
    delivery.round,
    delivery.roundAttempts,
    delivery.nextAttemptAt,
    delivery.lane,
    delivery.keepUntil,
    delivery.transformed,
    last === null ? null : [last.at, last.durationMs, last.status, last.error],
  ]
}

/** @param createdAt When its event was published, which its key says, as its name */
export function readDelivery(
  name: DeliveryName,
  createdAt: number,
  [
    state,
    eventType,
    updatedAt,
    attempts,
    round,
    roundAttempts,
    nextAttemptAt,
    lane,
    keepUntil,
    transformed,
    last,
  ]: DeliveryRecord,
): Delivery {
  const { eventId, endpointId } = name
  return {
    id: deliveryId(name),
    tenant: readEndpointId(endpointId)?.tenant ?? 'default',
    eventId,
    eventType,
    endpointId,
    state,
    createdAt,
    updatedAt,
    attempts,
    round,
    roundAttempts,
    nextAttemptAt,
    lastAttempt:
      last === null ? null : { at: last[0], durationMs: last[1], status: last[2], error: last[3] },
    lane,
    keepUntil,
    transformed,
  }
}

export function writeAttempt(attempt: Attempt, round: number): AttemptRecord {
  return [
    round,
    attempt.at,
    attempt.durationMs,
    attempt.host,
    attempt.requestHeaders,
    attempt.status,
    attempt.error,
    attempt.retryAfterMs,
    attempt.responseBody,
    attempt.responseTruncated,
  ]
}

export function readAttempt(
  number: number,
  [
    round,
    at,
    durationMs,
    host,
    requestHeaders,
    status,
    error,
    retryAfterMs,
    responseBody,
    responseTruncated,
  ]: AttemptRecord,
): DeliveryAttempt {
  return {
    at,
    durationMs,
    host,
    requestHeaders,
    status,
    error,
    retryAfterMs,
    responseBody,
    responseTruncated,
    number,
    round,
  }
}
