import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { TraceCarrier } from '../../../runtime/ports/trace-carrier.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { JsonOf } from '../queues/json-of.ts'
import { WebhookError } from '../webhook-error.ts'
import {
  contentOf,
  readEvent,
  type EventRecord,
  type RawWebhookEvent,
  type WebhookEvent,
} from '../events/webhook-event.ts'
import type { WorkQueue } from '../queues/work-queue.ts'

/** What publishing answers. */
export interface PublishedEvent {
  readonly id: string
  /** The id was used before for the same event, which is not sent again. */
  readonly duplicate: boolean
}

/** What {@link publishEvent} is given. */
export interface PublishOptions {
  readonly eventQueue: WorkQueue
  readonly clock: Clock
  readonly random: RandomSource
  readonly maxEventBytes: number
  readonly idempotencyWindowMs: number
  readonly tracing: Pick<TraceCarrier, 'carry'> | undefined
}

const MAX_CLAIMS = 1000

/**
 * Accepts an event by one durable write: its job. Everything else follows from that job, however
 * often it is begun.
 */
export async function publishEvent(
  given: WebhookEvent<unknown> | RawWebhookEvent,
  { eventQueue, clock, random, maxEventBytes, idempotencyWindowMs, tracing }: PublishOptions,
): Promise<PublishedEvent> {
  const event = hasTrace(given) ? given : withTrace(given, tracing)
  if (hasTrace(event) && tracing === undefined)
    throw new WebhookError(
      'invalid_event',
      'Cannot publish event: trace: these webhooks have no tracing',
    )
  const record = readEvent(event, {
    now: clock.now(),
    newId: () => `evt_${encodeHex(random.bytes(16))}`,
    maxBytes: maxEventBytes,
  })
  const { id, tenant } = record
  const [added] = await eventQueue.add([
    {
      // With the tenant, so that one tenant's ids say nothing about another's.
      id: `${tenant}:${id}`,
      name: 'event',
      data: { ...record },
      maxAttempts: MAX_CLAIMS,
      keepCompletedMs: event.id === undefined ? 0 : idempotencyWindowMs,
    },
  ])
  if (added !== false) return { id, duplicate: false }
  const known = await eventQueue.jobStore.get(`${tenant}:${id}`)
  // Only this function writes jobs of such ids.
  if (known !== null && !isSame(known.data as JsonOf<EventRecord>, record))
    throw new WebhookError(
      'event_id_reused',
      'Cannot publish event: its id was used before, for another type or other data',
    )
  return { id, duplicate: true }
}

/** Asked of whatever plain JavaScript hands in, which `readEvent()` judges. */
function hasTrace(event: unknown): boolean {
  return typeof event === 'object' && event !== null && Reflect.get(event, 'trace') !== undefined
}

function withTrace(
  event: WebhookEvent<unknown> | RawWebhookEvent,
  tracing: Pick<TraceCarrier, 'carry'> | undefined,
): WebhookEvent<unknown> | RawWebhookEvent {
  const trace = tracing?.carry()
  return trace === undefined ? event : { ...event, trace }
}

/** Whether both say the same; the time of publishing may differ, as may the order of keys. */
function isSame(a: EventRecord, b: EventRecord): boolean {
  return a.type === b.type && comparable(a) === comparable(b)
}

function comparable(event: EventRecord): string {
  return canonicalJson(contentOf(event).data)
}
