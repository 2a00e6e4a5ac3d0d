import { utf8Length } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { isEventType } from './event-pattern.ts'
import { WebhookError } from '../webhook-error.ts'
import { isTenant } from './tenant.ts'

/** Something that happened, for every endpoint that wants to know. */
export interface WebhookEvent {
  /** Words of `A–Z a–z 0–9 _ -` with dots between, e.g. `order.paid`; at most 128 characters. */
  readonly type: string
  readonly data: Json
  /**
   * Chosen by the caller to make publishing idempotent, 1 to 128 characters of `A–Z a–z 0–9 _ -`. Receivers get it as
   * `webhook-id`. Default: `evt_` and 32 random digits.
   */
  readonly id?: string
  /** Whose endpoints get it: 1 to 64 characters of `A–Z a–z 0–9 _ -`. Default `default`. */
  readonly tenant?: string
}

/** An accepted event, as its job carries it: the body is fixed here, once for all attempts. */
export interface EventRecord {
  readonly tenant: string
  readonly id: string
  readonly type: string
  /** When it was published, ms since 1970. */
  readonly at: number
  /** `{ "type", "timestamp", "data" }` as Standard Webhooks recommends; the exact text that is sent. */
  readonly body: string
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
  { type, data, id, tenant = 'default' }: WebhookEvent,
  {
    now,
    newId,
    maxBytes,
  }: { readonly now: number; readonly newId: () => string; readonly maxBytes: number },
): EventRecord {
  if (typeof type !== 'string' || !isEventType(type))
    throw invalid('type', 'it is no event type, words with dots between are needed')
  if (typeof tenant !== 'string' || !isTenant(tenant))
    throw invalid('tenant', 'it is not 1 to 64 characters of A–Z a–z 0–9 _ -')
  if (id !== undefined && (typeof id !== 'string' || !/^[\w-]{1,128}$/.test(id)))
    throw invalid('id', 'it is not 1 to 128 characters of A–Z a–z 0–9 _ -')
  const body = writeBody(type, now, data)
  const bytes = utf8Length(body)
  if (bytes > maxBytes)
    throw invalid('data', `the body has ${bytes} bytes, at most ${maxBytes} are allowed`)
  return { tenant, id: id ?? newId(), type, at: now, body }
}

/** @returns What the body says */
export function contentOf({ body }: Pick<EventRecord, 'body'>): EventContent {
  // `readEvent` wrote the body.
  return JSON.parse(body) as EventContent
}

function writeBody(type: string, now: number, data: Json): string {
  let json: string | undefined
  try {
    json = JSON.stringify(data)
  } catch (cause) {
    throw invalid('data', 'it is not JSON', { cause })
  }
  if (json === undefined) throw invalid('data', 'it is not JSON')
  const timestamp = new Date(now).toISOString()
  return `{"type":${JSON.stringify(type)},"timestamp":"${timestamp}","data":${json}}`
}

function invalid(property: string, fault: string, options?: ErrorOptions): WebhookError {
  return new WebhookError('invalid_event', `Cannot publish event: ${property}: ${fault}`, options)
}
