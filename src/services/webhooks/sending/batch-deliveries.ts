import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { AttemptErrorCode } from '../outbound/attempt.ts'
import type { DirectDelivery, DirectResult } from './deliver-once.ts'

/** How {@link batchDeliveries} works. */
export interface BatchOptions {
  /** Requests at once, 1 to 256. Default 8. */
  readonly concurrency?: number
  /**
   * `each`: one request a delivery. `per-url`: deliveries with the same URL, secret and headers share requests, whose body is
   * `{ "type": "batch", "timestamp", "data": [payload, …] }` with up to 100 payloads. Default `each`.
   */
  readonly envelope?: 'each' | 'per-url'
}

/** What came of each delivery, in their order. */
export interface BatchResult {
  readonly results: readonly BatchItemResult[]
  readonly succeeded: number
  readonly failed: number
}

export type BatchItemResult =
  | DirectResult
  /** The delivery itself is malformed; nothing was sent. */
  | {
      readonly ok: false
      readonly status: null
      readonly error: {
        readonly code: AttemptErrorCode | 'invalid_delivery'
        readonly message: string
      }
      readonly id: null
      readonly attempt: null
    }

/** What {@link batchDeliveries} stands on. */
export interface BatchTools {
  readonly deliver: (delivery: DirectDelivery) => Promise<DirectResult>
  readonly clock: Clock
}

const MAX_DELIVERIES = 10_000
const MAX_CONCURRENCY = 256
const ENVELOPE_ITEMS = 100

/**
 * Makes many attempts, some at a time; one that fails fails alone.
 *
 * @throws RangeError when there are too many, or an option is out of range
 */
export async function batchDeliveries(
  deliveries: readonly DirectDelivery[],
  { concurrency = 8, envelope = 'each' }: BatchOptions,
  { deliver, clock }: BatchTools,
): Promise<BatchResult> {
  if (deliveries.length > MAX_DELIVERIES)
    throw new RangeError(
      `Cannot deliver batch: ${deliveries.length} deliveries, at most ${MAX_DELIVERIES} allowed`,
    )
  if (!(concurrency >= 1 && concurrency <= MAX_CONCURRENCY))
    throw new RangeError(
      `Cannot deliver batch: concurrency is ${concurrency}, 1 to ${MAX_CONCURRENCY} allowed`,
    )
  const requests =
    envelope === 'each' ? oneEach(deliveries) : sharedRequests(deliveries, clock.now())
  const results: BatchItemResult[] = []
  const waiting = requests.values()
  const worker = async (): Promise<void> => {
    // All workers take from one iterator, so that each request is made once.
    for (const { delivery, indices } of waiting) {
      const result = await attempt(delivery, deliver)
      for (const index of indices) results[index] = result
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, worker))
  const succeeded = results.filter(({ ok }) => ok).length
  return { results, succeeded, failed: results.length - succeeded }
}

/** A request and the indices of its deliveries among all. */
interface BatchRequest {
  readonly delivery: DirectDelivery
  readonly indices: readonly number[]
}

function oneEach(deliveries: readonly DirectDelivery[]): readonly BatchRequest[] {
  return deliveries.map((delivery, index) => ({ delivery, indices: [index] }))
}

function sharedRequests(
  deliveries: readonly DirectDelivery[],
  now: number,
): readonly BatchRequest[] {
  const groups = Map.groupBy(deliveries.entries(), ([index, delivery]) => groupOf(delivery, index))
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / ENVELOPE_ITEMS) }, (_, index) =>
      sharedRequest(group.slice(index * ENVELOPE_ITEMS, (index + 1) * ENVELOPE_ITEMS), now),
    ),
  )
}

/** Text payloads, bytes and ready signatures cannot be put into an envelope: such a delivery stays alone. */
function groupOf(
  { url, payload, secret, scheme, signature, headers }: DirectDelivery,
  index: number,
): string {
  const alone =
    signature !== undefined || typeof payload === 'string' || payload instanceof Uint8Array
  return alone || typeof secret !== 'string'
    ? `alone ${index}`
    : JSON.stringify([url, secret, scheme ?? null, Object.entries(headers ?? {})])
}

function sharedRequest(
  group: readonly (readonly [number, DirectDelivery])[],
  now: number,
): BatchRequest {
  const indices = group.map(([index]) => index)
  const [first, second] = group.map(([, delivery]) => delivery)
  // A group has one delivery at least.
  if (first === undefined || second === undefined)
    return { delivery: first as DirectDelivery, indices }
  const payloads = group.map(([, { payload }]) => payload as Json)
  const { id: _, ...shared } = first
  const envelope = { type: 'batch', timestamp: new Date(now).toISOString(), data: payloads }
  return { delivery: { ...shared, payload: envelope }, indices }
}

async function attempt(
  delivery: DirectDelivery,
  deliver: BatchTools['deliver'],
): Promise<BatchItemResult> {
  try {
    return await deliver(delivery)
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error
    return {
      ok: false,
      status: null,
      error: { code: 'invalid_delivery', message: error.message },
      id: null,
      attempt: null,
    }
  }
}
