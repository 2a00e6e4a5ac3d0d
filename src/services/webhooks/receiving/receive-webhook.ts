import { readBytes } from '../../../primitives/read-bytes.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import { decideWebhook } from './decide-webhook.ts'
import { parseEvent } from './parse-event.ts'
import type { VerifyWebhookOptions } from './verify-webhook.ts'
import { headerReader } from '../schemes/webhook-headers.ts'
import { findScheme } from '../schemes/webhook-schemes.ts'

/** What receiving a webhook needs to know. */
export interface ReceiveWebhookOptions extends VerifyWebhookOptions {
  /**
   * One secret, or several while they are rotated. Left out only for senders that sign with a
   * certificate.
   */
  readonly secrets?: WebhookSecret | readonly WebhookSecret[]
  /** Longest body that is read, bytes. Default 1,048,576. */
  readonly maxBytes?: number
  /** How long the body may take to arrive, ms. Default 30,000. */
  readonly bodyTimeoutMs?: number
  /**
   * Makes the event of the verified body, whatever its type: XML, or text as it is. What it throws
   * refuses the webhook as `malformed_event`. Default: JSON and forms are parsed, and other types
   * are refused.
   */
  readonly parse?: ParseWebhookBody
  /** Tells the time and wakes up when the body takes too long. Default: the platform's. */
  readonly clock?: Clock
}

/**
 * Makes an event of the body as it was signed.
 *
 * @param contentType The request's; `null` when it has none
 */
export type ParseWebhookBody = (
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null,
) => Json | Promise<Json>

/** An authentic webhook. */
export interface ReceivedWebhook<Event = Json> {
  /** The parsed body; a form is an object. */
  readonly event: Event
  /** The sender's id of the event or of the delivery; `null` when it has none. */
  readonly id: string | null
  /** Whether the signature covers the id: else a repeated message may come with a new one. */
  readonly idIsSigned: boolean
  /** The event's type, such as `order.paid`; `null` when the sender does not say. */
  readonly type: string | null
  /** What the signature covers and each delivery has anew, where that is not the id. */
  readonly replayId?: string | null
  /** What the sender calls the delivery and each try to make it, not covered by the signature. */
  readonly deliveryId?: string | null
  /** When it was signed, seconds since 1970; `null` when the scheme does not sign a time. */
  readonly timestamp: number | null
  /** The body as it was signed. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

const DEFAULT_MAX_BYTES = 1_048_576
const DEFAULT_BODY_TIMEOUT_MS = 30_000

/**
 * Reads a request's body once, checks its signature and parses it. Nothing is parsed that is not
 * authentic.
 *
 * @throws WebhookVerificationError
 * @throws TypeError when the request's body was read before, or a secret or an option is not valid
 * @throws RangeError when a secret or an option is out of range
 */
export async function receiveWebhook(
  request: Request,
  options: ReceiveWebhookOptions,
): Promise<ReceivedWebhook> {
  const scheme = findScheme(options.scheme ?? 'standard')
  const bytes = await readBody(request, options)
  const { url, method } = request
  const message = { payload: bytes, url, method, header: headerReader(request.headers) }
  const verdict = await decideWebhook(scheme, message, options.secrets ?? [], options)
  if (typeof verdict === 'string') throw new WebhookVerificationError(verdict)
  const contentType = message.header('content-type') || null
  const { parse } = options
  const event =
    parse === undefined
      ? parseEvent(bytes, contentType)
      : await parseWith(parse, bytes, contentType)
  return { event, ...scheme.identify(event, message), timestamp: verdict.timestamp, bytes }
}

async function parseWith(
  parse: ParseWebhookBody,
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string | null,
): Promise<Json> {
  try {
    return await parse(bytes, contentType)
  } catch (cause) {
    throw new WebhookVerificationError('malformed_event', undefined, { cause })
  }
}

async function readBody(
  request: Request,
  options: ReceiveWebhookOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes = DEFAULT_MAX_BYTES, bodyTimeoutMs = DEFAULT_BODY_TIMEOUT_MS } = options
  checkPositive('maxBytes', maxBytes)
  checkPositive('bodyTimeoutMs', bodyTimeoutMs)
  if (request.bodyUsed)
    throw new TypeError(
      'Cannot read webhook: request.bodyUsed is true, the body must not be read before (a signature covers its bytes; read it here first, or hand request.clone() to whoever else needs it)',
    )
  // An honest sender need not send what would be thrown away; the others are counted below.
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes)
    throw new WebhookVerificationError('body_too_large')
  if (request.body === null) return new Uint8Array()

  const late = new AbortController()
  const { clock = systemClock } = options
  const stop = clock.setTimer(() => late.abort(), bodyTimeoutMs)
  try {
    const bytes = await readBytes(request.body, maxBytes, late.signal)
    if (bytes !== null) return bytes
  } catch (cause) {
    const code = late.signal.aborted ? 'body_timeout' : 'body_aborted'
    throw new WebhookVerificationError(code, undefined, { cause })
  } finally {
    stop()
  }
  throw new WebhookVerificationError('body_too_large')
}

function checkPositive(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new RangeError(`Cannot read webhook: ${name} is ${value}, a whole number above 0 needed`)
}
