import type { FetchClient } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { HostResolver } from '@white-cross/reuse/infrastructure/webhooks'
import { isListenerHost, isListenerUrl, type ListenerUrls } from './listener-urls.ts'
import {
  CLOSE,
  type ListenerConnection,
  type Listeners,
  type RelayedRequest,
  type RelayFault,
  type RelayOutcome,
} from './listeners.ts'

/** What {@link relayFetch} is given. */
export interface RelayFetchOptions {
  readonly listeners: Listeners
  readonly urls: ListenerUrls
  /** Whether the credential that a connection was opened with is good still. */
  isGood(connection: ListenerConnection): Promise<boolean>
}

/**
 * Sends what is for a listener over its WebSocket, and all else as `next` does. The failures that it
 * throws have the codes by which webhooks know why there is no answer.
 */
export function relayFetch(options: RelayFetchOptions, next: FetchClient): FetchClient {
  const { listeners, urls, isGood } = options
  const relay: FetchClient = async (url, init) => {
    if (!isListenerUrl(url)) return next(url, init)
    const listener = await urls.read(url)
    if (listener === null)
      throw fault('address_refused', 'Cannot relay: the address is none that the gateway has made')
    const connection = await listeners.holder(listener)
    if (connection === null) throw nobody()
    if (!(await isGood(connection))) {
      await listeners.drop(listener, CLOSE.revoked)
      throw nobody()
    }
    return responseOf(await listeners.deliver(listener, requestOf(init), init.signal ?? undefined))
  }
  // Whoever asks addresses of it alone is told so of this, too.
  return 'judgesAddresses' in next && next.judgesAddresses === true
    ? Object.assign(relay, { judgesAddresses: true })
    : relay
}

/** No name is asked for where nothing is connected to: what is for a listener stays in the gateway. */
export function relayResolver(next: HostResolver): HostResolver {
  return async (hostname, signal) =>
    isListenerHost(hostname) ? [A_PUBLIC_ADDRESS] : next(hostname, signal)
}

/** Any will do: nothing is ever sent to it. */
const A_PUBLIC_ADDRESS = '1.1.1.1'

/** What has come to nothing behind the listener, as a proxy says it (RFC 9110, 15.6). */
const PROXY_ANSWERS: Readonly<Partial<Record<RelayFault, readonly [number, string]>>> = {
  busy: [503, 'The listener has as many deliveries on their way as it may have'],
  local_refused: [502, 'The listener has tried: nobody listens at the local address'],
  local_late: [504, 'The listener has tried: the local server did not answer in time'],
  local_broken: [502, 'The listener has tried: the local server gave no answer'],
}

function responseOf(outcome: RelayOutcome): Response {
  if (outcome.kind === 'answered') {
    const { status, body } = outcome
    const isBodiless = status === 204 || status === 205 || status === 304
    return new Response(isBodiless ? null : body, { status, headers: headersOf(outcome.headers) })
  }
  if (outcome.fault === 'nobody') throw nobody()
  const [status, text] = PROXY_ANSWERS[outcome.fault] ?? []
  if (status === undefined)
    throw fault('relay_broken', 'Cannot relay: the connection ended before an answer came')
  return new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain' } })
}

/** Without those that no header can be. */
function headersOf(given: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers()
  for (const [name, value] of given)
    try {
      headers.append(name, value)
    } catch {
      // A listener may send what it likes.
    }
  return headers
}

function requestOf({ headers, body }: RequestInit): RelayedRequest {
  // Webhooks send bytes alone.
  if (!(body instanceof Uint8Array)) throw new TypeError('Cannot relay: the body is no bytes')
  return { headers: Object.fromEntries(new Headers(headers)), body: new Uint8Array(body) }
}

function nobody(): Error {
  return fault('ECONNREFUSED', 'Cannot relay: nobody is listening')
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
