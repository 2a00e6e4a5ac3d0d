import type { ClaimedJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { readTraceHeaders } from '../../../runtime/ports/trace-carrier.ts'
import type { DeliveryLog } from '../deliveries/delivery-log.ts'
import { deliveryJob, firstTask } from '../deliveries/delivery-task.ts'
import { keepNew } from '../deliveries/keep-until.ts'
import { deliveryId, isSettled, type Delivery } from '../deliveries/delivery.ts'
import { matchesContentFilter } from '../endpoints/content-filter.ts'
import type { EndpointStore } from '../endpoints/endpoint-store.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import { matchesEventPattern } from '../events/event-pattern.ts'
import type { JsonOf } from '../queues/json-of.ts'
import { contentOf, type EventRecord } from '../events/webhook-event.ts'
import type { WorkQueue } from '../queues/work-queue.ts'

/** What {@link fanOut} is given. */
export interface FanOutOptions {
  readonly endpoints: EndpointStore
  readonly log: DeliveryLog
  readonly deliveryQueue: WorkQueue
  readonly clock: Pick<Clock, 'now'>
  readonly retentionMs: number
  /** How many partitions a tenant's deliveries are in. */
  readonly shards: number
}

/**
 * Gives an event to every endpoint that wants it: first the records, then the jobs. Each step can
 * be done again, which adds what is missing and nothing else; so a crash anywhere costs only the
 * time until the job is claimed again.
 */
export async function fanOut(job: ClaimedJob, options: FanOutOptions): Promise<JobOutcome> {
  const { endpoints, log, deliveryQueue, clock, retentionMs, shards } = options
  // Only `publish` writes jobs of this name.
  const event = job.data as JsonOf<EventRecord>
  const content: Json = { ...contentOf(event) }
  const keepUntil = keepNew(clock.now(), retentionMs)
  const wanted: Delivery[] = []
  for await (const endpoint of endpoints.candidates(event.tenant, event.type))
    if (wants(endpoint, event.type, content)) wanted.push(newDelivery(event, endpoint, keepUntil))
  const created = await log.create(wanted, event.body)
  const before = job.attempt === 1 ? [] : await unfinished(event, log, shards)
  const ids = new Set([...created, ...before].map(({ id }) => id))
  const trace = readTraceHeaders(event.trace)
  await deliveryQueue.add([...ids].map((id) => deliveryJob({ ...firstTask({ id }), trace })))
  return { to: 'completed', result: { deliveries: ids.size } }
}

/**
 * Deliveries that an earlier claim wrote and may not have made jobs for, though their endpoints
 * have changed since.
 */
async function unfinished(
  event: EventRecord,
  log: DeliveryLog,
  shards: number,
): Promise<readonly Delivery[]> {
  const pages = await Promise.all(
    Array.from({ length: shards }, (_, shard) => log.ofEvent(event.tenant, shard, event.id)),
  )
  return pages.flat().filter(({ state, round }) => !isSettled(state) && round === 0)
}

function wants(endpoint: EndpointRecord, type: string, content: Json): boolean {
  return (
    endpoint.disabledReason !== 'unverified' &&
    endpoint.events.some((pattern) => matchesEventPattern(pattern, type)) &&
    (endpoint.filter === null || matchesContentFilter(endpoint.filter, content))
  )
}

function newDelivery(event: EventRecord, endpoint: EndpointRecord, keepUntil: number): Delivery {
  const name = { eventId: event.id, endpointId: endpoint.id }
  return {
    id: deliveryId(name),
    tenant: event.tenant,
    ...name,
    eventType: event.type,
    // Events that come while an endpoint is disabled are not lost: recover() delivers them.
    state: endpoint.enabled ? 'pending' : 'held',
    createdAt: event.at,
    updatedAt: event.at,
    attempts: 0,
    round: 0,
    roundAttempts: 0,
    nextAttemptAt: endpoint.enabled ? event.at : null,
    lastAttempt: null,
    lane: null,
    keepUntil,
    transformed: false,
  }
}
