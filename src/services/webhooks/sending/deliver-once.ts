import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { writeJson } from '../../../primitives/write-json.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { readCustomHeaders } from '../endpoints/endpoint-headers.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { Sender } from '../outbound/sender.ts'
import type { SignatureHeaders, SigningScheme } from '../signing/sign-webhook.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'

/** One message to one URL. */
export interface DirectDelivery<Payload = Json | Uint8Array> {
  readonly url: string
  /**
   * The body: text or bytes as they are, everything else as JSON. What JSON would not carry
   * unchanged is refused.
   */
  readonly payload: Payload
  /** Signs the message; several while they are rotated. Either this or `signature` is needed. */
  readonly secret?: WebhookSecret | readonly WebhookSecret[]
  /** Whose way of signing. Default `standard`. */
  readonly scheme?: SigningScheme
  /** What `signWebhook` returned for this payload, which then is text or bytes. */
  readonly signature?: SignatureHeaders[SigningScheme]
  /**
   * Sent as `webhook-id`; give the same one when you send the same message again. Default: that of
   * `signature`, or a new one.
   */
  readonly id?: string
  /** Further headers; not the reserved ones. Default none. */
  readonly headers?: Readonly<Record<string, string>>
  /** For everything, at most 5 minutes. Default: the service's. */
  readonly timeout?: Duration
  readonly signal?: AbortSignal
}

/** What came of it: `ok` for a 2xx answer. */
export type DirectResult = (
  | { readonly ok: true; readonly status: number; readonly error: null }
  | {
      readonly ok: false
      /** `null` when no answer came. */
      readonly status: number | null
      readonly error: NonNullable<Attempt['error']>
    }
) & {
  readonly id: string
  readonly attempt: Attempt
}

/** What {@link deliverOnce} is given. */
export interface DeliverOnceOptions {
  readonly sender: Sender
  readonly random: RandomSource
  readonly maxBytes: number
}

const MAX_TIMEOUT_MS = 300_000
const SIGNATURE_HEADERS: ReadonlySet<string> = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'stripe-signature',
  'x-hub-signature-256',
])

/**
 * Makes one signed attempt.
 *
 * @throws TypeError when the payload, a header or a secret is malformed, or nothing signs the
 *   message
 * @throws RangeError when the payload or the timeout is too large
 */
export async function deliverOnce(
  delivery: DirectDelivery<unknown>,
  { sender, random, maxBytes }: DeliverOnceOptions,
): Promise<DirectResult> {
  const { url, secret, scheme, timeout, signal } = delivery
  if ((secret === undefined) === (delivery.signature === undefined))
    throw new TypeError('Cannot deliver webhook: either secret or signature must be given')
  if (typeof url !== 'string') throw new TypeError('Cannot deliver webhook: url is no text')
  const signature = signatureIn(delivery)
  const body = bodyOf(delivery, maxBytes)
  const headers = headersOf(delivery.headers)
  const id = checkId(
    delivery.id ?? signature?.['webhook-id'] ?? `msg_${encodeHex(random.bytes(16))}`,
  )
  const timeoutMs =
    timeout === undefined
      ? undefined
      : checkDuration('deliver webhook', 'timeout', timeout, 1, MAX_TIMEOUT_MS)
  const attempt = await sender.attempt({
    url,
    id,
    body,
    headers,
    secrets: secret === undefined ? [] : isList(secret) ? secret : [secret],
    ...(signature !== undefined && { signature }),
    ...(scheme !== undefined && { scheme }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(signal !== undefined && { signal }),
  })
  const { status, error } = attempt
  if (error !== null) return { ok: false, id, status, error, attempt }
  return { ok: true, id, status: status ?? 0, error, attempt }
}

function bodyOf(
  { payload, signature }: DirectDelivery<unknown>,
  maxBytes: number,
): string | Uint8Array {
  const raw = typeof payload === 'string' || payload instanceof Uint8Array
  if (signature !== undefined && !raw)
    throw new TypeError(
      'Cannot deliver webhook: a signed payload is text or bytes, as it was signed',
    )
  const body = raw ? payload : writePayload(payload, maxBytes)
  if (typeof body === 'string' && !body.isWellFormed())
    throw new TypeError('Cannot deliver webhook: payload holds half a surrogate pair')
  const bytes = typeof body === 'string' ? utf8Length(body) : body.length
  if (bytes <= maxBytes) return body
  throw new RangeError(
    `Cannot deliver webhook: payload has ${bytes} bytes, at most ${maxBytes} allowed`,
  )
}

/**
 * Writes a payload that is neither text nor bytes.
 *
 * @throws TypeError when JSON cannot carry it unchanged
 * @throws RangeError when it is too long
 */
export function writePayload(payload: unknown, maxBytes: number): string {
  try {
    // Each character takes one byte at least.
    return writeJson(payload, { maxCharacters: maxBytes })
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new RangeError(
        `Cannot deliver webhook: payload has more than ${maxBytes} bytes, at most that many allowed`,
      )
    const fault = cause instanceof Error ? cause.message.replace(/^.*?: value/, 'payload') : ''
    throw new TypeError(`Cannot deliver webhook: it is not JSON, ${fault}`, { cause })
  }
}

function headersOf(given: DirectDelivery['headers']): Readonly<Record<string, string>> {
  const read = readCustomHeaders(given ?? {})
  if (read.ok) return read.headers
  throw new TypeError(`Cannot deliver webhook: headers: ${read.fault}`)
}

/**
 * Only headers that carry signatures: those of the connection and of others are not the caller's to
 * set.
 */
function signatureIn({
  signature,
}: DirectDelivery<unknown>): Readonly<Record<string, string>> | undefined {
  if (signature === undefined) return undefined
  const entries = Object.entries<string>({ ...signature })
  for (const [name, value] of entries) {
    if (!SIGNATURE_HEADERS.has(name) || !/^[\x20-\x7e]{1,4096}$/.test(value))
      throw new TypeError('Cannot deliver webhook: signature is not what signWebhook returned')
  }
  return Object.fromEntries(entries)
}

/** As the specification has it: a dot would let two messages have the same signed content. */
function checkId(id: string): string {
  if (/^[!-\-/-~]{1,256}$/.test(id)) return id
  throw new RangeError(
    'Cannot deliver webhook: id is not valid, 1 to 256 visible ASCII characters without a dot expected',
  )
}

function isList(
  secret: WebhookSecret | readonly WebhookSecret[],
): secret is readonly WebhookSecret[] {
  return Array.isArray(secret)
}
