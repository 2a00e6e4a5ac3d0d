/** @returns Whether `value` is an answer, of this realm or another */
export function isResponse(value: unknown): value is Response {
  try {
    return Object.prototype.toString.call(value) === '[object Response]'
  } catch {
    // Not even that can be asked of a proxy that was revoked.
    return false
  }
}

/** Sets a header, on a copy where the answer's own cannot be changed. */
export function withHeader(response: Response, name: string, value: string): Response {
  // What goes on as a WebSocket, or is no answer at all, is handed on as it is.
  if (response.status < 200) return response
  try {
    response.headers.set(name, value)
    return response
  } catch {
    const copy = new Response(response.body, response)
    copy.headers.set(name, value)
    return copy
  }
}

const STREAMS =
  /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl|json-seq|grpc-web)|multipart\/x-mixed-replace)\b/i

/** Whether the work goes on after the answer has begun, as its type says. */
export function isStreaming(response: Response): boolean {
  // Of a body that somebody else reads nothing can be followed.
  if (response.body === null || response.body.locked) return false
  return STREAMS.test(response.headers.get('content-type') ?? '')
}

/** How a body ended: it was sent, whoever read it went away, or what wrote it failed. */
export type BodyEnd =
  | { readonly end: 'sent' | 'cancelled' }
  | { readonly end: 'failed'; readonly error: unknown }

/**
 * Follows an answer to its end.
 *
 * @param onEnd Called once
 * @returns The same answer
 */
export function followBody(response: Response, onEnd: (end: BodyEnd) => void): Response {
  if (response.body === null) return response
  const reader = response.body.getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) {
            controller.enqueue(value)
            return
          }
          controller.close()
          onEnd({ end: 'sent' })
        } catch (error) {
          controller.error(error)
          onEnd({ end: 'failed', error })
        }
      },
      async cancel(reason) {
        onEnd({ end: 'cancelled' })
        await reader.cancel(reason)
      },
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}
