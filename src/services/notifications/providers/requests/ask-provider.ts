import { readBytes } from '../../../../primitives/read-bytes.ts'
import { parseRetryAfter } from '../../../../primitives/retry-after.ts'
import {
  NotificationError,
  type NotificationErrorCode,
  type RecipientState,
} from '../../notification-error.ts'
import type { ProviderContext } from '../provider.ts'

/** One request to a vendor. */
export interface ProviderRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: NonNullable<RequestInit['body']>
  /** Further parts of the request, for runtimes that know them. */
  readonly init?: RequestInit
}

/** What a vendor answered: as much of the body as is worth reading. */
export interface ProviderAnswer {
  readonly status: number
  readonly ok: boolean
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; `null` when it is none. */
  readonly json: unknown
}

const MOST_ANSWER_BYTES = 262_144

/** Answers of proxies that lost the vendor's: it may have taken the message. */
const LOST = new Set([502, 504, 520, 524])

/** Failures that come before a request is sent, as Node and Bun name them; the others name none. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL|UNABLE_TO_\w+|\w*SELF_SIGNED\w*|ConnectionRefused|FailedToOpenSocket)$/

/**
 * Makes one request and reads its answer, whatever the status.
 *
 * @throws NotificationError `unavailable` when the request was never sent, `ambiguous` when it may
 *   have arrived
 */
export async function askProvider(
  provider: string,
  { url, headers = {}, body, init }: ProviderRequest,
  { fetch, signal }: ProviderContext,
): Promise<ProviderAnswer> {
  let response: Response
  if (signal.aborted) throw networkError(provider, 'unavailable', signal.reason)
  try {
    // A redirect is no answer that these vendors give; followed, it would carry the credentials
    // elsewhere.
    response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      ...init,
      headers,
      body,
    })
  } catch (cause) {
    throw networkError(provider, wasNeverSent(cause) ? 'unavailable' : 'ambiguous', cause)
  }
  const text = await readText(response, signal)
  return {
    status: response.status,
    ok: response.status >= 200 && response.status < 300,
    headers: response.headers,
    text,
    json: parse(text),
  }
}

/** The error for a request that got no answer. */
export function networkError(
  provider: string,
  code: 'unavailable' | 'ambiguous',
  cause: unknown,
): NotificationError {
  const what =
    code === 'ambiguous'
      ? 'the request went out and no answer came, it may have been sent'
      : 'it could not be reached, nothing was sent'
  return new NotificationError(code, `Cannot send through ${provider}: ${what}`, {
    provider,
    cause,
  })
}

/** What is known of a refusal beside its status. */
export interface RefusalDetail {
  readonly vendorCode?: string | undefined
  /** Overrides what the status says. */
  readonly code?: NotificationErrorCode | undefined
  readonly recipient?: RecipientState | undefined
  readonly recipientSince?: number | undefined
  readonly retryAfterMs?: number | undefined
}

/** Makes the error for an answer that is no success, from its status and the vendor's code. */
export function refusalOf(
  provider: string,
  { status, headers }: Pick<ProviderAnswer, 'status' | 'headers'>,
  { clock }: Pick<ProviderContext, 'clock'>,
  detail: RefusalDetail = {},
): NotificationError {
  const { code = codeOf(status), vendorCode, recipient, recipientSince } = detail
  const wait = headers.get('retry-after')
  const retryAfterMs =
    detail.retryAfterMs ?? (wait === null ? null : parseRetryAfter(wait, clock.now()))
  const shown = vendorCode === undefined ? '' : ` (${vendorCode})`
  return new NotificationError(
    code,
    `Cannot send through ${provider}: it answered ${status}${shown}`,
    {
      provider,
      vendorCode,
      recipient,
      recipientSince,
      ...(retryAfterMs !== null && { retryAfterMs }),
    },
  )
}

/** What a status says by itself. */
function codeOf(status: number): NotificationErrorCode {
  if (status === 401 || status === 403) return 'authentication'
  if (status === 402) return 'quota'
  if (status === 429) return 'rate_limited'
  if (LOST.has(status)) return 'ambiguous'
  return status >= 400 && status < 500 && status !== 408 ? 'invalid_request' : 'unavailable'
}

/** @returns The text under `key` of an object that a vendor sent; `null` when there is none */
export function textIn(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = valueIn(value, ...path)
  if (typeof found === 'number') return String(found)
  return typeof found === 'string' && found !== '' ? found : null
}

/** @returns What stands there in what a vendor sent; `undefined` when nothing does */
export function valueIn(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = Reflect.get(found, key)
  }
  return found
}

/** An answer that breaks off has said its status, and that is what counts. */
async function readText({ body }: Response, signal: AbortSignal): Promise<string> {
  if (body === null) return ''
  try {
    const bytes = await readBytes(body, MOST_ANSWER_BYTES, signal)
    return bytes === null ? '' : new TextDecoder().decode(bytes)
  } catch {
    return ''
  }
}

function parse(text: string): unknown {
  // Many answers are empty, and to throw costs more than to ask.
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function wasNeverSent(error: unknown): boolean {
  let inner = error
  for (let depth = 0; depth < 4 && typeof inner === 'object' && inner !== null; depth++) {
    const { code, syscall }: { readonly code?: unknown; readonly syscall?: unknown } = inner
    if (syscall === 'connect' || (typeof code === 'string' && NEVER_SENT.test(code))) return true
    inner = 'cause' in inner ? inner.cause : null
  }
  return false
}
