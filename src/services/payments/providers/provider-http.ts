import { readBytes } from '../../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { PaymentError } from '../payment-error.ts'

/** How a provider's HTTP API is called. */
export interface ProviderApi {
  /** For messages: `paypal`. */
  readonly provider: string
  readonly baseUrl: string
  readonly fetch: FetchClient
  readonly clock: Clock
  readonly timeoutMs: number
}

/** One call. */
export interface ApiRequest {
  /** What cannot be done without it, as in `create payment`. */
  readonly action: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or a form where it is `URLSearchParams`. */
  readonly body?: Json | URLSearchParams
  readonly signal?: AbortSignal | undefined
}

/** What came back: its body as JSON, `null` where it is empty. */
export interface ApiResponse {
  readonly status: number
  readonly body: Json
  readonly retryAfterMs: number | undefined
}

const MAX_BYTES = 2_097_152

/**
 * Calls a provider's API.
 *
 * @throws PaymentError `indeterminate` when a change may or may not have happened: no answer, half
 *   an answer, or one that says the provider failed. A read is then `provider_unavailable`
 */
export async function callApi(api: ProviderApi, request: ApiRequest): Promise<ApiResponse> {
  const { provider, fetch, clock } = api
  const { action, method, path, headers = {}, body, signal } = request
  signal?.throwIfAborted()
  const timeout = new AbortController()
  const stop = clock.setTimer(() => timeout.abort(), api.timeoutMs)
  const lost = (why: string, cause?: unknown): PaymentError =>
    new PaymentError(
      method === 'GET' ? 'provider_unavailable' : 'indeterminate',
      `Cannot ${action} at ${provider}: ${why}`,
      { provider, ...(cause !== undefined && { cause }) },
    )
  let status: number
  let bytes: Uint8Array | null
  let retryAfter: number | undefined
  try {
    const isForm = body instanceof URLSearchParams
    const response = await fetch(`${api.baseUrl}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? body.toString() : JSON.stringify(body) }),
      redirect: 'manual',
      signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]),
    })
    status = response.status
    retryAfter = await retryAfterOf(response, clock.now())
    bytes =
      response.body === null
        ? new Uint8Array()
        : await readBytes(response.body, MAX_BYTES, timeout.signal)
  } catch (cause) {
    throw lost('no answer came, so it may or may not have happened', cause)
  } finally {
    stop()
  }
  if (bytes === null) throw lost('its answer is longer than 2 MiB')
  // Whoever stands between gives up with 408, while the provider may go on.
  if (status >= 500 || status === 408) throw lost(`it failed with status ${status}`)
  if (status >= 300 && status < 400) throw lost(`it answered with a redirect (${status})`)
  return { status, body: parse(bytes, lost), retryAfterMs: retryAfter }
}

/**
 * Reads what a change has led to. Where that fails, the change has been made all the same.
 *
 * @throws PaymentError `indeterminate`
 */
export async function readChanged<Found>(provider: string, read: Promise<Found>): Promise<Found> {
  try {
    return await read
  } catch (cause) {
    throw new PaymentError(
      'indeterminate',
      `Cannot tell what a change at ${provider} has led to: it was accepted, and could not be read`,
      { provider, cause },
    )
  }
}

/** The path of an API with ids in it: whatever they hold, they stay one segment. */
export function apiPath(parts: TemplateStringsArray, ...ids: readonly string[]): string {
  return parts.reduce((path, part, index) => path + segment(ids[index - 1] ?? '') + part)
}

/** Dots alone would lead to another address. */
function segment(id: string): string {
  if (id !== '' && !/^\.+$/.test(id)) return encodeURIComponent(id)
  throw new PaymentError('invalid_request', 'Cannot call the provider: an id is empty or only dots')
}

/** A property of a JSON object, `undefined` where there is none. */
export function at(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): Json | undefined {
  let found: Json | undefined = value
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined
    if (Array.isArray(found)) found = (found as readonly Json[])[Number(name)]
    else found = Object.hasOwn(found, name) ? (found as { [key: string]: Json })[name] : undefined
  }
  return found
}

/** The same, where it is a text. */
export function textAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : undefined
}

/** The same, where it is a list. */
export function listAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): readonly Json[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? (found as readonly Json[]) : []
}

/** The same, where it is an instant as RFC 3339 writes it: ms since 1970. */
export function instantAt(
  value: Json | undefined,
  ...path: readonly (string | number)[]
): number | null {
  const ms = Date.parse(textAt(value, ...path) ?? '')
  return Number.isNaN(ms) ? null : ms
}

function parse(bytes: Uint8Array, lost: (why: string, cause?: unknown) => PaymentError): Json {
  if (bytes.length === 0) return null
  try {
    return JSON.parse(decodeUtf8(bytes)) as Json
  } catch (cause) {
    throw lost('its answer is no JSON', cause)
  }
}

async function retryAfterOf(response: Response, now: number): Promise<number | undefined> {
  const header = response.headers.get('retry-after')
  if (header === null) return undefined
  const { parseRetryAfter } = await import('../../../primitives/retry-after.ts')
  return parseRetryAfter(header, now) ?? undefined
}
