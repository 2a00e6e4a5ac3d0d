import type { IncomingMessage } from './node-modules.ts'

/** Statuses whose answers have no body (Fetch §2.2.3). */
const BODILESS = new Set([101, 103, 204, 205, 304])

/**
 * An answer of Node as Fetch has it, its body read as its reader asks for it.
 *
 * @param reasonOfAbort What the body ends with when it breaks off because the request was aborted
 * @throws RangeError when the status is none of Fetch: 200 to 599
 */
export function responseOf(
  answer: IncomingMessage,
  toHead: boolean,
  reasonOfAbort: () => unknown,
): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = answer
  const headers: [string, string][] = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? ''])
  const init = { status, statusText, headers }
  if (!toHead && !BODILESS.has(status)) return new Response(bodyOf(answer, reasonOfAbort), init)
  answer.on('error', () => undefined)
  answer.resume()
  return new Response(null, init)
}

function bodyOf(
  answer: IncomingMessage,
  reasonOfAbort: () => unknown,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let ended = false
  return new ReadableStream(
    {
      start(controller) {
        const fail = (): void => {
          if (ended) return
          ended = true
          controller.error(
            reasonOfAbort() ?? new TypeError('Cannot read body: the connection broke off'),
          )
        }
        answer.on('data', (chunk) => {
          if (ended) return
          controller.enqueue(new Uint8Array(chunk))
          if ((controller.desiredSize ?? 0) <= 0) answer.pause()
        })
        answer.on('end', () => {
          if (ended) return
          ended = true
          controller.close()
        })
        answer.on('error', fail)
        answer.on('close', fail)
        answer.pause()
      },
      pull: () => answer.resume(),
      cancel() {
        ended = true
        answer.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
