import { scanJson } from '../../../primitives/scan-json.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import { readTraceHeaders, type TraceHeaders } from '../../../runtime/ports/trace-carrier.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { isEventType } from './event-pattern.ts'
import { WebhookError } from '../webhook-error.ts'
import { DEFAULT_TENANT, isTenant } from './tenant.ts'

/** What every event has, however its data is given. */
interface EventHeader {
  /** Words of `A–Z a–z 0–9 _ -` with dots between, e.g. `order.paid`; at most 128 characters. */
  readonly type: string
  /**
   * Chosen by the caller to make publishing idempotent, 1 to 128 characters of `A–Z a–z 0–9 _ -`.
   * Receivers get it as `webhook-id`. Default: `evt_` and 32 random digits.
   */
  readonly id?: string
  /** Whose endpoints get it: 1 to 64 characters of `A–Z a–z 0–9 _ -`. Default `default`. */
  readonly tenant?: string
  /**
   * The trace that it belongs to, of webhooks with `tracing`; receivers that may know it get it
   * with each attempt. Default: the one that is running, where the platform remembers it.
   */
  readonly trace?: TraceHeaders | undefined
}

/** Something that happened, for every endpoint that wants to know. */
export interface WebhookEvent<Data = Json> extends EventHeader {
  /**
   * What JSON carries unchanged, nested at most 200 levels: null, booleans, finite numbers, text,
   * arrays and plain objects of these. Everything else is refused, and nothing is left out of it.
   */
  readonly data: Data
}

/** An event whose data is JSON text already, of a caller that got it so. */
export interface RawWebhookEvent extends EventHeader {
  /**
   * Sent as it is, byte for byte. Refused where parsers would read it differently: names that are
   * there twice, numbers that are larger or more precise than a double, half a surrogate pair, more
   * than 200 levels.
   */
  readonly json: string
}

/** An accepted event, as its job carries it: the body is fixed here, once for all attempts. */
export interface EventRecord {
  readonly tenant: string
  readonly id: string
  readonly type: string
  /** When it was published, ms since 1970. */
  readonly at: number
  /**
   * `{ "type", "timestamp", "data" }` as Standard Webhooks recommends; the exact text that is sent.
   */
  readonly body: string
  /** `TraceHeaders`, as JSON. */
  readonly trace?: { readonly [name: string]: string }
}

/** The body's content, which filters and transforms see. */
export interface EventContent {
  readonly type: string
  /** ISO 8601. */
  readonly timestamp: string
  readonly data: Json
}

/**
 * Checks an event and fixes its body.
 *
 * @param maxBytes Most UTF-8 bytes of the body
 * @throws WebhookError `invalid_event`, naming the property
 */
export function readEvent(
  event: WebhookEvent<unknown> | RawWebhookEvent,
  {
    now,
    newId,
    maxBytes,
  }: { readonly now: number; readonly newId: () => string; readonly maxBytes: number },
): EventRecord {
  const { type, id, tenant = DEFAULT_TENANT, data, json, trace: given } = checkNames(event)
  if (typeof type !== 'string' || !isEventType(type))
    throw invalid('type', 'it is no event type, words with dots between are needed')
  if (typeof tenant !== 'string' || !isTenant(tenant))
    throw invalid('tenant', 'it is not 1 to 64 characters of A–Z a–z 0–9 _ -')
  if (id !== undefined && (typeof id !== 'string' || !isEventId(id)))
    throw invalid('id', 'it is not 1 to 128 characters of A–Z a–z 0–9 _ -')
  const trace = readTraceHeaders(given)
  if (given !== undefined && trace === undefined) throw invalid('trace', 'it has no traceparent')
  const body = writeBody(type, now, json === undefined ? write(data, maxBytes) : scan(json))
  const bytes = utf8Length(body)
  if (bytes > maxBytes)
    throw invalid('data', `the body has ${bytes} bytes, at most ${maxBytes} are allowed`)
  return {
    tenant,
    id: id ?? newId(),
    type,
    at: now,
    body,
    ...(trace !== undefined && { trace: { ...trace } }),
  }
}

/** Whether `id` can be an event's. */
export function isEventId(id: string): boolean {
  return /^[\w-]{1,128}$/.test(id)
}

/** @returns What the body says */
export function contentOf({ body }: Pick<EventRecord, 'body'>): EventContent {
  // `readEvent` wrote the body.
  return JSON.parse(body) as EventContent
}

const NAMES: ReadonlySet<string> = new Set(['type', 'id', 'tenant', 'data', 'json', 'trace'])

/** The event as a caller without types may have given it. */
type GivenEvent = Readonly<
  Partial<Record<'type' | 'id' | 'tenant' | 'data' | 'json' | 'trace', unknown>>
>

/** @returns A copy: what was checked is what is used */
function checkNames(given: unknown): GivenEvent {
  if (typeof given !== 'object' || given === null)
    throw invalid('event', 'it is no object, one with type and data is needed')
  const event: GivenEvent = { ...given }
  const unknown = Object.keys(event).find((name) => !NAMES.has(name))
  if (unknown !== undefined)
    throw invalid(
      JSON.stringify(unknown.slice(0, 50)),
      `it is not known, ${[...NAMES].join(', ')} are`,
    )
  if (event.json !== undefined && event.data !== undefined)
    throw invalid('json', 'data is given too, only one of them is needed')
  return event
}

function writeBody(type: string, now: number, data: string): string {
  const timestamp = new Date(now).toISOString()
  return `{"type":${JSON.stringify(type)},"timestamp":"${timestamp}","data":${data}}`
}

function write(data: unknown, maxBytes: number): string {
  try {
    // Each character takes one byte at least.
    return writeJson(data, { maxCharacters: maxBytes })
  } catch (cause) {
    if (cause instanceof RangeError)
      throw invalid(
        'data',
        `the body has more than ${maxBytes} bytes, at most that many are allowed`,
      )
    const fault = cause instanceof Error ? cause.message.replace(/^.*?: value/, 'data') : ''
    throw invalid('data', `it is not JSON, ${fault}`, { cause })
  }
}

function scan(json: unknown): string {
  if (typeof json !== 'string') throw invalid('json', 'it is no text')
  const found = scanJson(json)
  if (found.ok) return json
  throw invalid('json', found.fault)
}

function invalid(property: string, fault: string, options?: ErrorOptions): WebhookError {
  return new WebhookError('invalid_event', `Cannot publish event: ${property}: ${fault}`, options)
}
