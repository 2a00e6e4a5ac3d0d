import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import {
  checkSidecarRequest,
  SIDECAR_PATHS,
  SidecarError,
  type SidecarKey,
} from '@white-cross/reuse/infrastructure/storage/sidecar'
import { sendFailure, sendResult } from './answers.ts'
import type { Handler } from './handlers.ts'
import type { Metrics } from './metrics.ts'
import type { NonceMemory } from './nonce-memory.ts'
import { readBody } from './read-body.ts'

/** What requests are answered with. */
export interface ListenerOptions {
  readonly keys: readonly SidecarKey[]
  readonly handlers: ReadonlyMap<string, Handler>
  readonly nonces: NonceMemory
  readonly metrics: Metrics
  readonly bodyBytes: number
  /** ms since 1970. */
  readonly now: () => number
  /** Elapsed ms. */
  readonly elapsed: () => number
  /** Whether it takes work: not while it stops. */
  readonly isReady: () => boolean
  /** Hears of failures that nobody is told in full. */
  readonly onError: (error: unknown, path: string) => void
}

/** How long what is refused may go on sending, so that it gets to read why. */
const LINGER_MS = 1000
const LINGER_BYTES = 4_194_304

/** Answers requests, and knows when it answers none. */
export interface Listener {
  readonly listen: RequestListener
  /** Resolves when no request is worked on. */
  idle(): Promise<void>
}

export function createListener(options: ListenerOptions): Listener {
  const running = new Set<Promise<void>>()
  const { keys, handlers, nonces, metrics } = options

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = options.elapsed()
    const { method = '', url = '' } = request
    if (method === 'GET' && url === SIDECAR_PATHS.health) return health(response)
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('The client went away')))
    // An outsider's paths are not counted: they would be as many as they like.
    let counted = 'unsigned'
    const count = (outcome: string): void =>
      metrics.count(counted, outcome, (options.elapsed() - start) / 1000)
    try {
      const headers = { get: (name: string) => textOf(request.headers[name]) }
      const signed = await checkSidecarRequest(
        { method, path: url, headers },
        { keys, now: options.now(), remember: (nonce) => nonces.remember(nonce) },
      )
      const handler = method === 'POST' ? handlers.get(url) : undefined
      if (handler === undefined)
        throw new SidecarError('unsupported', 'Cannot accept request: there is no such path')
      counted = url
      if (!options.isReady())
        throw new SidecarError('busy', 'Cannot accept request: the sidecar stops', {
          retryAfterMs: 1000,
        })
      const key = keys.find(({ id }) => id === signed.keyId)
      if (key === undefined) throw new Error('A key that was found is gone')
      const asker = { key, nonce: signed.nonce }
      const { parameters, contentSha256 } = signed
      const result = await handler({
        ...{ parameters, asker, response },
        signal: gone.signal,
        body: () => readBody(request, options.bodyBytes, contentSha256),
      })
      if (!options.isReady() && !response.headersSent) response.setHeader('connection', 'close')
      // What is answered by events goes on, and is counted when it ends.
      if (result === null) return
      if (!gone.signal.aborted) await sendResult(response, asker, result)
      count('ok')
    } catch (error) {
      if (gone.signal.aborted) return count('gone')
      if (!(error instanceof SidecarError) || ['failed', 'store_failed'].includes(error.code))
        options.onError(error, counted)
      if (response.headersSent) {
        response.destroy()
        return count('failed')
      }
      count(sendFailure(response, error).code)
      linger(request)
    }
  }

  function health(response: ServerResponse): void {
    const isReady = options.isReady()
    const body = JSON.stringify({ status: isReady ? 'ok' : 'stopping' })
    response.writeHead(isReady ? 200 : 503, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    })
    response.end(body)
  }

  return {
    listen(request, response) {
      request.on('error', () => undefined)
      response.on('error', () => undefined)
      const answering = answer(request, response).finally(() => running.delete(answering))
      running.add(answering)
    },
    async idle() {
      while (running.size > 0) await Promise.all(running)
    },
  }
}

/**
 * Reads on for a moment what was refused: a connection that is closed over unread bytes is reset,
 * and the answer is lost with it.
 */
function linger(request: IncomingMessage): void {
  if (request.complete) return
  const { socket } = request
  const end = (): void => void socket.destroy()
  const timer = setTimeout(end, LINGER_MS)
  let bytes = 0
  request.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES) end()
  })
  request.once('end', () => clearTimeout(timer))
  socket.once('close', () => clearTimeout(timer))
}

function textOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
