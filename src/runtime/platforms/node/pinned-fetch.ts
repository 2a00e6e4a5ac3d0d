import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { FetchClient } from '../../ports/platform/fetch-client.ts'
import { AddressRefusedError } from './address-refused-error.ts'
import { systemLookUp, type LookUpHost } from './look-up-host.ts'
import { nodeModule, type ClientRequest, type LookupHook } from './node-modules.ts'
import { responseOf } from './response-of.ts'

/** Options of {@link pinnedFetch}. */
export interface PinnedFetchOptions {
  /**
   * Judges an address: `null` lets it pass, a word says why not. `refusedRange` of the webhooks is
   * made for this.
   */
  readonly refusedRange: (address: string) => string | null
  /** Addresses that pass whatever `refusedRange` says, written exactly so. Default: none. */
  readonly allow?: readonly string[]
  /** Finds the addresses of host names. Default: the operating system. */
  readonly lookUp?: LookUpHost
  /** How long a connection without requests is kept, up to 10 min. Default 4 s. */
  readonly idleTimeout?: Duration
  /** How many such connections are kept, 1 to 10,000. Default 256. */
  readonly idleConnections?: number
}

/** A client that reaches judged addresses alone. */
export type PinnedFetch = FetchClient & { readonly judgesAddresses: true }

const CREATE = 'create pinned fetch'
const OPTIONAL = ['allow', 'lookUp', 'idleTimeout', 'idleConnections'] as const

/** What the client itself says about each request. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Makes a `fetch` for Node that reaches allowed addresses alone: a host's addresses are judged when
 * its connection is made, and it is made to one of exactly these, so that an answer which changes
 * after a check (DNS rebinding) leads nowhere. One refused address among several refuses the host.
 * Redirects are answers like others: none is followed, whatever `redirect` says. Answers are not
 * decompressed, and none is asked to be compressed.
 *
 * @returns A client whose requests reject with {@link AddressRefusedError} where an address is
 *   refused. It says of itself that it judges addresses, so that nobody has to resolve names before
 * @throws RangeError when an option is out of range
 * @throws BackendError where Node's modules are absent
 *
 * @example
 * const fetch = pinnedFetch({ refusedRange })
 * const answer = await fetch('https://example.com/hook', { method: 'POST', body })
 */
export function pinnedFetch(options: PinnedFetchOptions): PinnedFetch {
  checkOptions(CREATE, options, ['refusedRange'], OPTIONAL)
  const { refusedRange, lookUp = systemLookUp, idleTimeout = 4000, idleConnections = 256 } = options
  const allowed = new Set(options.allow)
  const timeout = checkDuration(CREATE, 'idleTimeout', idleTimeout, 0, 600_000)
  const maxFreeSockets = checkInteger(CREATE, 'idleConnections', idleConnections, 1, 10_000)
  const { isIP } = nodeModule('net')
  const modules = { 'http:': nodeModule('http'), 'https:': nodeModule('https') }
  const pool = { keepAlive: timeout > 0, maxFreeSockets, timeout }
  const agents = {
    'http:': new modules['http:'].Agent(pool),
    'https:': new modules['https:'].Agent(pool),
  }

  function judge(address: string): void {
    const range = allowed.has(address) ? null : refusedRange(address)
    if (range !== null) throw new AddressRefusedError(range)
  }

  const lookup: LookupHook = (hostname, { all = false }, callback) => {
    lookUp(hostname)
      .then((found) => {
        for (const { address } of found) judge(address)
        const [first] = found
        if (first === undefined) throw new TypeError('Cannot connect: the host has no address')
        if (all) callback(null, found)
        else callback(null, first.address, first.family)
      })
      .catch(callback)
  }

  const atOnce = createGathering()

  const client: FetchClient = async (text, init) => {
    const url = new URL(text)
    const { protocol } = url
    if (protocol !== 'http:' && protocol !== 'https:')
      throw new TypeError('Cannot fetch: the scheme is unknown, http or https expected')
    const { signal } = init
    signal?.throwIfAborted()
    const hostname = url.hostname.replace(/^\[|\]$/g, '')
    // Nothing is looked up for a literal address.
    if (isIP(hostname) !== 0) judge(hostname)
    const { headers, body } = contentOf(init)
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const request = modules[protocol].request(
      {
        agent: agents[protocol],
        method: init.method ?? 'GET',
        hostname,
        port: url.port,
        path: url.pathname + url.search,
        headers,
        lookup,
      },
      (answer) => {
        try {
          const response = responseOf(answer, init.method === 'HEAD', () => signal?.reason)
          atOnce(() => resolve(response))
        } catch (error) {
          answer.destroy()
          reject(error)
        }
      },
    )
    const onAbort = (): void => {
      reject(signal?.reason)
      request.destroy()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    request.once('close', () => signal?.removeEventListener('abort', onAbort))
    request.on('error', reject)
    if (body instanceof ReadableStream) void send(body, request)
    else request.end(body)
    return promise
  }
  return Object.assign(client, { judgesAddresses: true } as const)
}

/**
 * Hands on together what arrived in one turn of the event loop. Node lets callers go on after each
 * single answer; those that then write to a store would each wait for the disk alone.
 */
function createGathering(): (tell: () => void) => void {
  const { setImmediate } = nodeModule('timers')
  let waiting: (() => void)[] = []
  return (tell) => {
    waiting.push(tell)
    if (waiting.length > 1) return
    setImmediate(() => {
      const told = waiting
      waiting = []
      for (const each of told) each()
    })
  }
}

/** The headers to send, and the body as Node takes it. */
function contentOf({ headers: given, body = null }: RequestInit): {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | ReadableStream<Uint8Array> | undefined
} {
  const headers: Record<string, string> = {}
  for (const [name, value] of new Headers(given)) if (!OWN_HEADERS.has(name)) headers[name] = value
  if (body === null) return { headers, body: undefined }
  if (body instanceof Uint8Array) {
    headers['content-length'] = String(body.length)
    return { headers, body }
  }
  if (typeof body === 'string') {
    headers['content-type'] ??= 'text/plain;charset=UTF-8'
    headers['content-length'] = String(utf8Length(body))
    return { headers, body }
  }
  // A response knows how every other kind of body is written.
  const carrier = new Response(body)
  const type = carrier.headers.get('content-type')
  if (type !== null) headers['content-type'] ??= type
  return { headers, body: carrier.body ?? undefined }
}

/** Never rejects: what goes wrong ends the request. */
async function send(body: ReadableStream<Uint8Array>, request: ClientRequest): Promise<void> {
  const reader = body.getReader()
  let closed = false
  request.once('close', () => {
    closed = true
    reader.cancel().catch(() => undefined)
  })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (closed) return
      if (done) return request.end()
      if (!request.write(value)) await roomIn(request)
    }
  } catch {
    request.destroy(new TypeError('Cannot fetch: the body of the request failed'))
  }
}

function roomIn(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    request.once('drain', resolve)
    request.once('close', resolve)
  })
}
