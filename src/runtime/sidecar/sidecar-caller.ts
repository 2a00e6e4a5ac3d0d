import { decodeUtf8 } from '../../primitives/utf8.ts'
import { parseRetryAfter } from '../../primitives/retry-after.ts'
import { readBytes } from '../../primitives/read-bytes.ts'
import { systemClock, type Clock } from '../ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../ports/platform/random-source.ts'
import { readEvents } from './read-events.ts'
import { SidecarError } from './sidecar-error.ts'
import {
  checkSidecarKey,
  signSidecarRequest,
  verifySidecarAnswer,
  verifySidecarEvent,
  type SidecarKey,
} from './sidecar-signature.ts'
import {
  SIDECAR_ERRORS,
  SIDECAR_HEADERS,
  SIDECAR_LIMITS,
  type SidecarErrorCode,
} from './sidecar-wire.ts'

/** Where a sidecar is, and what it is spoken to with. */
export interface SidecarConnection extends SidecarKey {
  /** `https://…` without a path, or `http://…` within a network of one's own. */
  readonly url: string
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** What is asked of a sidecar. */
export interface SidecarCall {
  readonly path: string
  readonly parameters: unknown
  /** Default: none. */
  readonly body?: Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal | undefined
}

/** An answer that is signed with our key. */
export interface SidecarReply {
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

/** Makes signed requests to a sidecar. */
export interface SidecarCaller {
  /** @throws SidecarError, or the signal's reason */
  call(request: SidecarCall): Promise<SidecarReply>
  /** Gives the events of a stream as they come. @throws SidecarError, or the signal's reason */
  events(request: SidecarCall): AsyncIterable<unknown>
}

/**
 * Makes signed requests to a sidecar, or to whatever else is signed for in the same way.
 *
 * @example
 * const caller = createSidecarCaller({ url: 'https://media.internal', id: 'k1', secret })
 * const { body } = await caller.call({ path: '/v1/capabilities', parameters: {} })
 *
 * @throws TypeError or RangeError when the URL or the key is malformed
 */
export function createSidecarCaller(connection: SidecarConnection): SidecarCaller {
  const { url, id, secret } = connection
  const { fetch = systemFetch, clock = systemClock, random = systemRandom } = connection
  const key = { id, secret }
  checkSidecarKey(key)
  const origin = originOf(url)

  async function send({ path, parameters, body = new Uint8Array(), signal }: SidecarCall) {
    if (body.length > SIDECAR_LIMITS.bodyBytes)
      throw new SidecarError('input_too_large', 'Cannot use sidecar: it takes no body so long')
    const request = { method: 'POST', path, parameters, body }
    const headers = await signSidecarRequest(request, key, { clock, random })
    const init = { method: 'POST', headers, body, redirect: 'manual', ...(signal && { signal }) }
    const response = await reached(signal, () =>
      fetch(`${origin}${path}`, init as Parameters<FetchClient>[1]),
    )
    if (response.ok) return { response, nonce: headers[SIDECAR_HEADERS.nonce] ?? '' }
    throw failureOf(response, await bodyOf(response, signal), clock.now())
  }

  return {
    async call(request) {
      const { response, nonce } = await send(request)
      const body = await bodyOf(response, request.signal)
      const result = response.headers.get(SIDECAR_HEADERS.result) ?? ''
      const answer = { status: response.status, nonce, result, body }
      const signature = response.headers.get(SIDECAR_HEADERS.signature)
      if (await verifySidecarAnswer(answer, signature, key))
        return { headers: response.headers, body }
      throw notOurs('its answer is not signed with our key')
    },
    async *events(request) {
      const { response, nonce } = await send(request)
      const { body } = response
      if (body === null) throw notOurs('it answered without events')
      const events = readEvents(body, SIDECAR_LIMITS.eventBytes)
      try {
        for (let index = 0; ; index++) {
          const { done, value } = await reached(request.signal, () => events.next())
          if (done === true) return
          const { id: signature, data } = value
          if (!(await verifySidecarEvent({ nonce, index, data }, signature, key)))
            throw notOurs('an event is not signed with our key')
          yield parsed(data)
        }
      } finally {
        await events.return(undefined).catch(() => undefined)
      }
    },
  }
}

function originOf(url: string): string {
  const { origin, protocol, username, pathname, search } = new URL(url)
  if (/^https?:$/.test(protocol) && username === '' && pathname === '/' && search === '')
    return origin
  throw new TypeError(
    'Cannot use sidecar: its url has more than a host, http(s)://host:port expected',
  )
}

async function reached<Result>(
  signal: AbortSignal | undefined,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act()
  } catch (cause) {
    signal?.throwIfAborted()
    throw new SidecarError('unreachable', 'Cannot use sidecar: there was no whole answer', {
      cause,
    })
  }
}

async function bodyOf(
  { body }: Response,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array()
  const bytes = await reached(signal, () => readBytes(body, SIDECAR_LIMITS.answerBytes, signal))
  if (bytes === null) throw notOurs('its answer is longer than it may be')
  return bytes
}

function failureOf(response: Response, body: Uint8Array, now: number): SidecarError {
  const { status, headers } = response
  const text = `Cannot use sidecar: it answered status ${status}`
  const after = parseRetryAfter(headers.get('retry-after') ?? '', now)
  try {
    const { error } = parsed(body) as { readonly error?: { readonly code?: unknown } }
    const code = error?.code
    if (typeof code === 'string' && Object.hasOwn(SIDECAR_ERRORS, code))
      return new SidecarError(code as SidecarErrorCode, `${text} ${code}`, {
        ...(code === 'busy' && after !== null && { retryAfterMs: after }),
      })
  } catch {
    // Whatever stands between may answer with a page of its own.
  }
  return new SidecarError([502, 503, 504].includes(status) ? 'unreachable' : 'failed', text)
}

/** @throws SidecarError when it is no JSON object */
export function parsed(body: Uint8Array | string): unknown {
  try {
    const value: unknown = JSON.parse(typeof body === 'string' ? body : decodeUtf8(body))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new SidecarError('failed', 'Cannot use sidecar: its answer is no JSON object')
}

function notOurs(what: string): SidecarError {
  return new SidecarError('not_our_sidecar', `Cannot use sidecar: ${what}`)
}
