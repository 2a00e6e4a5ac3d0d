import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { StorageErrorOptions } from '../storage-error.ts'
import { StorageError } from '../storage-error.ts'

/** How a store on the network is reached. */
export interface HttpOptions {
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /**
   * Until an answer begins, and between two pieces of what is no object; 1 second to an hour.
   * Default 2 minutes.
   */
  readonly timeout?: Duration
}

/** A request with all its headers. */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | undefined
}

/** What stores on the network are asked with. */
export interface HttpClient {
  /** Sends one request, once. */
  send(request: HttpRequest, signal: AbortSignal): Promise<Response>
  /**
   * Reads an answer to its end; one that breaks off may have been the answer to something that was
   * done.
   */
  read(response: Response, signal: AbortSignal): Promise<string>
}

/** Characters of an answer that is read as a whole: a page of a thousand long keys. */
const MAX_ANSWER_LENGTH = 16_777_216

/** @throws RangeError when an option is out of range */
export function createHttpClient({
  fetch = systemFetch,
  clock = systemClock,
  timeout = '2m',
}: HttpOptions): HttpClient {
  const timeoutMs = checkDuration('open store', 'timeout', timeout, 1000, 3_600_000)
  // What else is given as fetch may be no fetch of Node's.
  const copies = fetch === systemFetch && isNode()

  /** Whether it obeys its signal or not, nobody waits longer. */
  async function inTime<Result>(
    signal: AbortSignal,
    act: (stop: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const stop = new AbortController()
    const ended = Promise.withResolvers<never>()
    const end = (why: unknown): void => {
      ended.reject(why)
      // Without a reason of ours, which workerd would report as an error that nobody caught.
      stop.abort()
    }
    const onAbort = (): void => end(signal.reason)
    signal.addEventListener('abort', onAbort)
    const late = (): void => end(unreachable('it did not answer in time'))
    const cancelTimer = clock.setTimer(late, timeoutMs)
    try {
      return await Promise.race([act(stop.signal), ended.promise])
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof StorageError ? error : unreachable('there was no whole answer', error)
    } finally {
      // From here on a body is cancelled by whoever reads it.
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
    }
  }

  return {
    send({ method, url, headers, body }, signal) {
      const written = body && (copies ? uncopied(body, headers) : { body })
      // Redirects are not followed: what is signed is signed for one host.
      const init = { method, headers, redirect: 'manual', ...written } as const
      return inTime(signal, (stop) => fetch(url, { ...init, signal: stop }))
    },
    async read({ body }, signal) {
      const reader = body?.getReader()
      const decoder = new TextDecoder()
      let text = ''
      try {
        while (reader !== undefined) {
          signal.throwIfAborted()
          const { done, value } = await inTime(signal, () => reader.read())
          text += decoder.decode(value, { stream: !done })
          if (done) break
          if (text.length > MAX_ANSWER_LENGTH)
            throw new StorageError(
              'failed',
              'Cannot use store: its answer is longer than any should be',
            )
        }
        return text
      } finally {
        void reader?.cancel().catch(() => undefined)
      }
    },
  }
}

/**
 * Of bytes Node's fetch makes two copies, which live as long as the request; of a stream none, and
 * there the header says how long it is. Other platforms would send it without a length.
 */
function uncopied(
  body: Uint8Array<ArrayBuffer>,
  headers: HttpRequest['headers'],
): Pick<RequestInit, 'body' | 'headers'> & { readonly duplex: 'half' } {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(body)
      controller.close()
    },
  })
  const length = { 'content-length': String(body.length) }
  return { body: stream, duplex: 'half', headers: { ...headers, ...length } }
}

function isNode(): boolean {
  return globalThis.navigator?.userAgent.startsWith('Node.js/')
}

/** @returns What an answer says beside its code */
export function errorOptionsOf(
  response: Response,
  now: number,
  requestIdHeader: string,
): StorageErrorOptions {
  const { status, headers } = response
  const retryAfter = headers.get('retry-after') ?? ''
  return {
    // It did not act on 503; about other failures it says nothing.
    mayHaveHappened: status >= 500 && status !== 503 && status !== 501,
    retryAfterMs: /^\d{1,9}$/.test(retryAfter)
      ? Number(retryAfter) * 1000
      : Math.max(Date.parse(retryAfter) - now, 0) || null,
    requestId: headers.get(requestIdHeader),
  }
}

function unreachable(why: string, cause?: unknown): StorageError {
  return new StorageError('unavailable', `Cannot reach store: ${why}`, {
    cause,
    mayHaveHappened: true,
  })
}
