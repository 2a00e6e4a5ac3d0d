import { readBytes } from '../../../primitives/read-bytes.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { headerReader } from '../schemes/webhook-headers.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'
import { decideWebhook } from './decide-webhook.ts'
import { parseEvent } from './parse-event.ts'
import type { ParseWebhookBody, WebhookReception } from './webhook-reception.ts'

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

/**
 * Reads a request's body once, checks its signature and parses it. Nothing is parsed that is not
 * authentic.
 *
 * @throws WebhookVerificationError
 * @throws TypeError when the request's body was read before, or a secret is not valid
 * @throws RangeError when a secret is out of range
 */
export async function receiveWebhook(
  request: Request,
  reception: WebhookReception,
): Promise<ReceivedWebhook> {
  const { scheme, secrets, parse } = reception
  const bytes = await readBody(request, reception)
  const { url, method } = request
  const message = { payload: bytes, url, method, header: headerReader(request.headers) }
  const verdict = await decideWebhook(scheme, message, secrets, reception)
  if (typeof verdict === 'string') throw new WebhookVerificationError(verdict)
  const contentType = message.header('content-type') || null
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

/**
 * Reads a body whose length the server holds to what was said: workerd takes a third of the time
 * of reading it part by part.
 */
async function readWhole(
  request: Request,
  { maxBytes, bodyTimeoutMs, clock }: WebhookReception,
): Promise<Uint8Array<ArrayBuffer>> {
  let stop: (() => void) | undefined
  let bytes: ArrayBuffer
  try {
    const late = new Promise<null>((resolve) => {
      stop = clock.setTimer(() => resolve(null), bodyTimeoutMs)
    })
    const read = await Promise.race([request.arrayBuffer(), late])
    if (read === null) throw new WebhookVerificationError('body_timeout')
    bytes = read
  } catch (cause) {
    if (cause instanceof WebhookVerificationError) throw cause
    throw new WebhookVerificationError('body_aborted', undefined, { cause })
  } finally {
    stop?.()
  }
  if (bytes.byteLength > maxBytes) throw new WebhookVerificationError('body_too_large')
  return new Uint8Array(bytes)
}

async function readBody(
  request: Request,
  reception: WebhookReception,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes, bodyTimeoutMs, clock } = reception
  if (request.bodyUsed)
    throw new TypeError(
      'Cannot read webhook: request.bodyUsed is true, the body must not be read before (a signature covers its bytes; read it here first, or hand request.clone() to whoever else needs it)',
    )
  // An honest sender need not send what would be thrown away; the others are counted below.
  const length = Number(request.headers.get('content-length') ?? NaN)
  if (length > maxBytes) throw new WebhookVerificationError('body_too_large')
  if (request.body === null) return new Uint8Array()
  if (length <= maxBytes && request.headers.get('content-encoding') === null)
    return readWhole(request, reception)

  const late = new AbortController()
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
