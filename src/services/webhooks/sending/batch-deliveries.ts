import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { AttemptErrorCode } from '../outbound/attempt.ts'
import { writePayload, type DirectDelivery, type DirectResult } from './deliver-once.ts'

/** How {@link batchDeliveries} works. */
export interface BatchOptions {
  /** Requests at once, 1 to 256. Default 8. */
  readonly concurrency?: number
  /**
   * `each`: one request a delivery. `per-url`: deliveries with the same URL, secret, headers and
   * timeout share requests, whose body is `{ "type": "batch", "timestamp", "data": [payload, …] }`
   * with up to 100 payloads within the limit of a body. Default `each`.
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

/** What {@link batchDeliveries} is given. */
export interface BatchTools {
  readonly deliver: (delivery: DirectDelivery<unknown>) => Promise<DirectResult>
  readonly clock: Clock
  /** Most bytes of one body. */
  readonly maxBytes: number
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
  deliveries: readonly DirectDelivery<unknown>[],
  options: BatchOptions,
  tools: BatchTools,
): Promise<BatchResult> {
  checkOptions('deliver batch', options, [], ['concurrency', 'envelope'])
  const { concurrency = 8, envelope = 'each' } = options
  checkInteger('deliver batch', 'concurrency', concurrency, 1, MAX_CONCURRENCY)
  if (envelope !== 'each' && envelope !== 'per-url')
    throw new RangeError("Cannot deliver batch: envelope is neither 'each' nor 'per-url'")
  if (deliveries.length > MAX_DELIVERIES)
    throw new RangeError(
      `Cannot deliver batch: ${deliveries.length} deliveries, at most ${MAX_DELIVERIES} allowed`,
    )
  const requests = envelope === 'each' ? oneEach(deliveries) : sharedRequests(deliveries, tools)
  const results: BatchItemResult[] = []
  const waiting = requests.values()
  const worker = async (): Promise<void> => {
    // All workers take from one iterator, so that each request is made once.
    for (const { delivery, indices } of waiting) {
      const result = await attempt(delivery, tools.deliver)
      for (const index of indices) results[index] = result
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, worker))
  const succeeded = results.filter(({ ok }) => ok).length
  return { results, succeeded, failed: results.length - succeeded }
}

/** A request, and which of all the deliveries are in it. */
interface BatchRequest {
  readonly delivery: DirectDelivery<unknown>
  readonly indices: readonly number[]
}

function oneEach(deliveries: readonly DirectDelivery<unknown>[]): readonly BatchRequest[] {
  return deliveries.map((delivery, index) => ({ delivery, indices: [index] }))
}

/** A delivery that can share a request, with its payload as JSON. */
interface EnvelopeItem {
  readonly delivery: DirectDelivery<unknown>
  readonly index: number
  readonly json: string
}

function sharedRequests(
  deliveries: readonly DirectDelivery<unknown>[],
  { clock, maxBytes }: BatchTools,
): readonly BatchRequest[] {
  const start = `{"type":"batch","timestamp":"${new Date(clock.now()).toISOString()}","data":[`
  const open = new Map<string, { readonly items: EnvelopeItem[]; bytes: number }>()
  const groups: (readonly EnvelopeItem[])[] = []
  const alone: BatchRequest[] = []
  for (const [index, delivery] of deliveries.entries()) {
    const json = envelopeJson(delivery, maxBytes)
    if (json === null) {
      alone.push({ delivery, indices: [index] })
      continue
    }
    const key = groupOf(delivery)
    const bytes = utf8Length(json) + 1
    const group = open.get(key)
    if (
      group !== undefined &&
      group.items.length < ENVELOPE_ITEMS &&
      group.bytes + bytes <= maxBytes
    ) {
      group.items.push({ delivery, index, json })
      group.bytes += bytes
      continue
    }
    const items = [{ delivery, index, json }]
    open.set(key, { items, bytes: start.length + bytes + 2 })
    groups.push(items)
  }
  const shared = groups.map((items) => sharedRequest(items, start))
  return [...shared, ...alone]
}

/** A payload that can go into an envelope: no text, no bytes, nothing that JSON cannot carry. */
function envelopeJson(delivery: DirectDelivery<unknown>, maxBytes: number): string | null {
  const { payload, secret, signature, signal } = delivery
  if (typeof payload === 'string' || payload instanceof Uint8Array) return null
  if (signature !== undefined || signal !== undefined || typeof secret !== 'string') return null
  try {
    return writePayload(payload, maxBytes)
  } catch {
    // Alone it fails with its reason, and alone.
    return null
  }
}

function groupOf({ url, secret, scheme, headers, timeout }: DirectDelivery<unknown>): string {
  return JSON.stringify([
    url,
    secret,
    scheme ?? null,
    timeout ?? null,
    Object.entries(headers ?? {}),
  ])
}

function sharedRequest(items: readonly EnvelopeItem[], start: string): BatchRequest {
  const indices = items.map(({ index }) => index)
  const [first] = items
  // A group has one item at least.
  const { id: _, ...shared } = (first as EnvelopeItem).delivery
  if (items.length === 1) return { delivery: (first as EnvelopeItem).delivery, indices }
  const payload = `${start}${items.map(({ json }) => json).join(',')}]}`
  return { delivery: { ...shared, payload }, indices }
}

async function attempt(
  delivery: DirectDelivery<unknown>,
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
