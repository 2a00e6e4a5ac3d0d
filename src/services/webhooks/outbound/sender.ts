import { parseRetryAfter } from '../../../primitives/retry-after.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { signWebhook, type SigningScheme } from '../signing/sign-webhook.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import type { Attempt, AttemptErrorCode } from './attempt.ts'
import type { Outbound, OutboundResult } from './outbound.ts'

/** Makes one signed attempt at a time; what went wrong is in the attempt. */
export interface Sender {
  /** @throws TypeError or RangeError when a secret cannot sign or the id is not valid */
  attempt(message: OutboundMessage): Promise<Attempt>
}

/** A message to send. */
export interface OutboundMessage {
  readonly url: string
  /** Stays the same over all attempts, so that the receiver can drop what it already has. */
  readonly id: string
  /** The exact body. */
  readonly body: string | Uint8Array
  /** Sign with all of these. */
  readonly secrets: readonly WebhookSecret[]
  /** A signature made before, instead. */
  readonly signature?: Readonly<Record<string, string>>
  readonly scheme?: SigningScheme
  /** Already checked by `readCustomHeaders`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What {@link createSender} is given. */
export interface SenderOptions {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly timeoutMs: number
  readonly responseBytes: number
  readonly userAgent: string
}

const MAX_RETRY_AFTER_MS = 2_592_000_000
const REDACTED = '[redacted]'

/** Names whose values may be kept as they are. */
const OPEN_HEADERS = new Set([
  'content-type',
  'traceparent',
  'user-agent',
  'webhook-id',
  'webhook-timestamp',
])

export function createSender(options: SenderOptions): Sender {
  const { outbound, clock, timeoutMs, responseBytes, userAgent } = options
  function hostOf(url: string): string {
    const decision = outbound.decideUrl(url)
    if (decision.ok) return decision.url.host
    return URL.canParse(url) ? new URL(url).host : ''
  }

  return {
    async attempt(message) {
      const at = clock.now()
      const body =
        typeof message.body === 'string' ? encodeUtf8(message.body) : new Uint8Array(message.body)
      const signature =
        message.signature ??
        (await signWebhook(body, message.secrets, {
          scheme: message.scheme ?? 'standard',
          id: message.id,
          timestamp: at / 1000,
        }))
      const headers: Readonly<Record<string, string>> = {
        ...message.headers,
        'content-type': 'application/json',
        'user-agent': userAgent,
        // Also where the scheme does not sign it: receivers drop duplicates by it.
        'webhook-id': message.id,
        ...signature,
      }
      const result = await outbound.send({
        url: message.url,
        headers,
        body,
        timeoutMs: message.timeoutMs ?? timeoutMs,
        responseBytes,
        ...(message.signal !== undefined && { signal: message.signal }),
      })
      const answered = result.kind === 'answered'
      return {
        at,
        durationMs: result.durationMs,
        host: hostOf(message.url),
        requestHeaders: redact(headers),
        status: answered ? result.status : null,
        error: errorOf(result),
        retryAfterMs: answered ? retryAfterOf(result.retryAfter, at + result.durationMs) : null,
        responseBody: answered ? result.body : '',
        responseTruncated: answered && result.bodyTruncated,
      }
    },
  }
}

function errorOf(result: OutboundResult): Attempt['error'] {
  if (result.kind === 'failed') return { code: result.code, message: result.message }
  const { status } = result
  if (status >= 200 && status < 300) return null
  if (status === 0 || (status >= 300 && status < 400))
    return failed('redirected', 'The receiver answered with a redirect, which is not followed')
  if (status === 410) return failed('gone', 'The receiver answered 410: it wants no more')
  return failed('status', `The receiver answered ${status}, 2xx is a success`)
}

function retryAfterOf(header: string | null, now: number): number | null {
  const waitMs = header === null ? null : parseRetryAfter(header, now)
  return waitMs === null ? null : Math.min(waitMs, MAX_RETRY_AFTER_MS)
}

function failed(code: AttemptErrorCode, message: string): Attempt['error'] {
  return { code, message }
}

function redact(headers: Readonly<Record<string, string>>): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      OPEN_HEADERS.has(name) ? value : REDACTED,
    ]),
  )
}
