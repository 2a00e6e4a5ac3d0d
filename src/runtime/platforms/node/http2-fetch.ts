import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { FetchClient } from '../../ports/platform/fetch-client.ts'
import { nodeModule, type Http2Session, type Http2Stream } from './node-modules.ts'

/** Options of {@link http2Fetch}. */
export interface Http2FetchOptions {
  /** How long a connection without requests is kept, 0 to 1 h. Default 1 min. */
  readonly idle?: Duration
  /**
   * Certificates of authorities in PEM, in place of the well-known ones. For servers of one's own.
   */
  readonly ca?: string
}

const MOST_ANSWER_BYTES = 1_048_576

/**
 * Makes a `fetch` that speaks HTTP/2 alone, for servers that take nothing else, such as APNs. Many
 * requests share one connection. For small texts: bodies are texts or bytes, and answers at most 1
 * MiB.
 *
 * @example
 * apns({ key, keyId, teamId, topic, fetch: http2Fetch() })
 *
 * @throws RangeError when an option is out of range
 * @throws BackendError where Node's modules are absent
 */
export function http2Fetch({ idle = '1m', ca }: Http2FetchOptions = {}): FetchClient {
  const idleMs = checkDuration('create http2 fetch', 'idle', idle, 0, 3_600_000)
  const { connect } = nodeModule('http2')
  const sessions = new Map<string, Http2Session>()

  function sessionFor(origin: string): Http2Session {
    const held = sessions.get(origin)
    if (held !== undefined && !held.closed && !held.destroyed) return held
    const session = connect(origin, ca === undefined ? {} : { ca })
    const forget = (): void => {
      if (sessions.get(origin) === session) sessions.delete(origin)
    }
    session.on('close', forget)
    // A server that goes away says so; what is still on its way there ends by itself.
    session.on('goaway', forget)
    session.on('error', forget)
    session.setTimeout(idleMs, () => session.close())
    // An idle connection is no reason for a program to go on.
    session.unref()
    sessions.set(origin, session)
    return session
  }

  return async (text, { method = 'GET', headers, body = null, signal }) => {
    const url = new URL(text)
    signal?.throwIfAborted()
    if (body !== null && typeof body !== 'string' && !(body instanceof Uint8Array))
      throw new TypeError('Cannot fetch over HTTP/2: the body is neither text nor bytes')
    const sent = Object.fromEntries(new Headers(headers))
    const session = sessionFor(url.origin)
    session.ref()
    const stream = session.request({
      ...sent,
      ':method': method,
      ':path': url.pathname + url.search,
    })
    const onAbort = (): void => stream.close(8)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      stream.end(typeof body === 'string' ? encodeUtf8(body) : (body ?? undefined))
      return await answerOf(stream)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
      session.unref()
    }
  }
}

function answerOf(stream: Http2Stream): Promise<Response> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array<ArrayBuffer>[] = []
    let length = 0
    let head: Readonly<Record<string, string | readonly string[] | number | undefined>> = {}
    stream.on('response', (given) => {
      head = given
    })
    stream.on('data', (chunk) => {
      length += chunk.length
      if (length > MOST_ANSWER_BYTES) stream.close(8)
      else chunks.push(chunk)
    })
    stream.on('error', reject)
    stream.on('close', () => {
      const status = head[':status']
      if (stream.rstCode !== 0 || typeof status !== 'number')
        return reject(new TypeError('Cannot fetch over HTTP/2: the stream was closed'))
      const headers = Object.entries(head).flatMap(([name, value]): [string, string][] =>
        name.startsWith(':') || value === undefined ? [] : [[name, String(value)]],
      )
      const bodiless = status === 204 || status === 205 || status === 304
      resolve(new Response(bodiless ? null : new Blob(chunks), { status, headers }))
    })
  })
}
