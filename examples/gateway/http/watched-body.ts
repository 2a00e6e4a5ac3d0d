import { ProblemError } from './problem.ts'

/**
 * A body as it comes, of which each piece must come in time: whoever sends nothing holds nothing.
 *
 * @param idleMs The longest wait for the next piece
 */
export function watchedBody(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  idleMs: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const late = new ProblemError(
          408,
          'body_timeout',
          `Nothing of the body came for ${idleMs} ms`,
        )
        let timer: ReturnType<typeof setTimeout> | undefined
        const deadline = new Promise<never>((_, fail) => {
          timer = setTimeout(() => fail(late), idleMs)
        })
        try {
          const { done, value } = await Promise.race([reader.read(), deadline])
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          controller.error(error)
          void reader.cancel(error).catch(() => undefined)
        } finally {
          if (timer !== undefined) clearTimeout(timer)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The same request, whose body is watched, where it has one. */
export function watchedRequest(request: Request, idleMs: number): Request {
  const { body, method, headers, signal, url } = request
  if (body === null) return request
  // `duplex` is missing in some types, and must be there in some runtimes.
  const init = { method, headers, signal, body: watchedBody(body, idleMs), duplex: 'half' }
  return new Request(url, init)
}
