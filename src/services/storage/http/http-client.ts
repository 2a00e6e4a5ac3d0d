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
  /** For a request until its answer begins, 1 second to an hour. Default 2 minutes. */
  readonly timeout?: Duration
}

/** A request with all its headers. */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer> | undefined
}

/** Sends one request, once. */
export type HttpSend = (request: HttpRequest, signal: AbortSignal) => Promise<Response>

/** The most bytes of an answer that is read as a whole: a page of a thousand long keys. */
const MAX_ANSWER_BYTES = 16_777_216

/** @throws RangeError when an option is out of range */
export function createHttpSend({
  fetch = systemFetch,
  clock = systemClock,
  timeout = '2m',
}: HttpOptions): HttpSend {
  const timeoutMs = checkDuration('open store', 'timeout', timeout, 1000, 3_600_000)
  return async ({ method, url, headers, body }, signal) => {
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
      // Redirects are not followed: what is signed is signed for one host.
      const init = { method, headers, redirect: 'manual', ...(body && { body }) } as const
      // Whether it obeys or not, nobody waits longer.
      return await Promise.race([fetch(url, { ...init, signal: stop.signal }), ended.promise])
    } catch (error) {
      signal.throwIfAborted()
      throw error instanceof StorageError ? error : unreachable('there was no answer', error)
    } finally {
      // From here on a body is cancelled by whoever reads it.
      cancelTimer()
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/**
 * Reads an answer to its end; one that breaks off may have been the answer to something that was
 * done.
 */
export async function readAnswer(response: Response): Promise<string> {
  try {
    const reader = response.body?.getReader()
    if (reader === undefined) return ''
    const decoder = new TextDecoder()
    let text = ''
    let bytes = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      bytes += value.length
      if (bytes > MAX_ANSWER_BYTES) {
        await reader.cancel()
        throw new StorageError(
          'failed',
          'Cannot use store: its answer is longer than any should be',
        )
      }
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    throw error instanceof StorageError ? error : unreachable('its answer broke off', error)
  }
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
