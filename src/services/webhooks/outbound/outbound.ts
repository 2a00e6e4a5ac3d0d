import { createLruCache } from '../../../primitives/lru-cache.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { startStopwatch } from '../../../runtime/ports/platform/deadline.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { connectionFaultOf, type ConnectionFault } from './connection-fault.ts'
import { createDeadline, type Deadline } from './deadline.ts'
import type { HostResolver } from './host-resolver.ts'
import { refusedRange } from './public-address.ts'
import { readBody, type BodyExcerpt } from './read-body.ts'
import { decideUrl, type OutboundPolicy, type UrlDecision } from './url-policy.ts'

/** Sends requests to addresses that others chose, and to public ones alone. */
export interface Outbound {
  /** Whether a URL may be sent to; sends nothing. */
  decideUrl(url: string): UrlDecision
  /** Makes one request and never rejects: what went wrong is a result. */
  send(request: OutboundRequest): Promise<OutboundResult>
}

export interface OutboundRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
  /**
   * For everything together: name resolution, connection, answer and the part of its body that is
   * kept. In ms.
   */
  readonly timeoutMs: number
  /** How much of the answer's body is kept; the rest is not read. */
  readonly responseBytes: number
  /** Ends the request early, as `aborted`. */
  readonly signal?: AbortSignal
}

/** Why no answer came. */
export type OutboundErrorCode =
  /** The URL is refused; nothing was sent. */
  | 'url_blocked'
  /** A name has an address that is not public; nothing was sent. */
  | 'address_blocked'
  /** A name could not be resolved or has no address; nothing was sent. */
  | 'dns_failed'
  /** Nobody listens at the address and port. */
  | 'connection_refused'
  /** The receiver does not speak TLS, or its certificate is not one to trust. */
  | 'tls_failed'
  /** No connection for another reason, or one the runtime does not tell; a broken one; no HTTP. */
  | 'connect_failed'
  | 'timeout'
  /** The caller ended the request. */
  | 'aborted'

export type OutboundResult =
  | {
      readonly kind: 'answered'
      /** 0 for a redirect that the runtime hides. */
      readonly status: number
      readonly retryAfter: string | null
      readonly body: string
      readonly bodyTruncated: boolean
      readonly durationMs: number
    }
  | {
      readonly kind: 'failed'
      readonly code: OutboundErrorCode
      readonly message: string
      readonly durationMs: number
    }

/** What {@link createOutbound} is given. */
export interface OutboundOptions {
  readonly fetch: FetchClient
  readonly clock: Clock
  /** Checks the addresses behind names; `null` leaves them unchecked. */
  readonly resolve: HostResolver | null
  readonly policy: OutboundPolicy
}

const KNOWN_URLS = 2000

/**
 * Guards against server-side request forgery in the layers that fetch allows: the URL, every
 * address behind its name, and no redirect is followed. Between the check of a name and the
 * connection its answer can change (DNS rebinding): where the network must be safe from that too,
 * pass a `fetch` that checks addresses when it connects, as `pinnedFetch` does.
 */
export function createOutbound({ fetch, clock, resolve, policy }: OutboundOptions): Outbound {
  /**
   * Parsing and judging a URL takes longer than signing a short message; the policy stays the same.
   */
  const decisions = createLruCache<UrlDecision>(KNOWN_URLS)

  function decide(url: string): UrlDecision {
    const known = decisions.get(url)
    if (known !== undefined) return known
    const decision = decideUrl(url, policy)
    if (decision.ok) decisions.set(url, decision)
    return decision
  }

  async function request(
    { url: text, headers, body, responseBytes }: OutboundRequest,
    deadline: Deadline<Failure>,
  ): Promise<Answer | Failure> {
    const decision = decide(text)
    if (!decision.ok) return failure('url_blocked', `The URL is refused: ${decision.detail}`)
    if (decision.resolve && resolve !== null) {
      const failed = await findRefusedAddress(decision.url.hostname, resolve, deadline)
      if (failed !== null) return failed
    }
    const sent = fetch(decision.url.href, {
      method: 'POST',
      headers: { ...headers },
      body,
      // Not 'error', which throws on Workers before anything is sent.
      redirect: 'manual',
      signal: deadline.signal,
    })
    const response = await deadline.wait(sent, discard)
    const excerpt =
      response.body === null ? NO_BODY : await readBody(response, responseBytes, deadline.signal)
    return {
      kind: 'answered',
      status: response.type === 'opaqueredirect' ? 0 : response.status,
      retryAfter: response.headers.get('retry-after'),
      body: excerpt.text,
      bodyTruncated: excerpt.truncated,
    }
  }

  return {
    decideUrl: decide,
    async send(given) {
      const elapsedMs = startStopwatch(clock)
      const deadline = createDeadline(clock, given.timeoutMs, ENDS, given.signal)
      try {
        const result = await request(given, deadline)
        return { ...result, durationMs: elapsedMs() }
      } catch (error) {
        // The runtime's own message may hold addresses of the network, so none of it is handed on.
        const failed = deadline.reason ?? FAULTS[connectionFaultOf(error)]
        return { ...failed, durationMs: elapsedMs() }
      } finally {
        deadline.release()
      }
    },
  }
}

type Answer = Omit<Extract<OutboundResult, { kind: 'answered' }>, 'durationMs'>
type Failure = Omit<Extract<OutboundResult, { kind: 'failed' }>, 'durationMs'>

const ENDS = {
  timeout: failure('timeout', 'No complete answer within the time limit'),
  aborted: failure('aborted', 'The request was ended by its caller'),
}

/** The runtime's own words may hold addresses of the network, so these are ours. */
const FAULTS: Readonly<Record<ConnectionFault, Failure>> = {
  address_blocked: failure(
    'address_blocked',
    'The connection would have led to an address that is not public',
  ),
  dns_failed: failure('dns_failed', 'The host name could not be resolved'),
  connection_refused: failure('connection_refused', 'Nobody listens at the address and port'),
  tls_failed: failure(
    'tls_failed',
    'No TLS connection came about, or its certificate is not trusted',
  ),
  connect_failed: failure('connect_failed', 'The connection failed before an answer came'),
}

const NO_BODY: BodyExcerpt = { text: '', truncated: false }

function failure(code: OutboundErrorCode, message: string): Failure {
  return { kind: 'failed', code, message }
}

async function findRefusedAddress(
  hostname: string,
  resolve: HostResolver,
  deadline: Deadline<Failure>,
): Promise<Failure | null> {
  let addresses: readonly string[]
  try {
    addresses = await deadline.wait(resolve(hostname.replace(/\.+$/, ''), deadline.signal))
  } catch (error) {
    if (deadline.reason !== null) throw error
    return failure('dns_failed', 'The host name could not be resolved')
  }
  if (addresses.length === 0) return failure('dns_failed', 'The host name has no address')
  for (const address of addresses) {
    const range = refusedRange(address)
    if (range !== null)
      return failure(
        'address_blocked',
        `The host name has an address that is not public (${range})`,
      )
  }
  return null
}

/** An answer that came too late still holds its connection. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}
