import type { Clock } from '../../src/runtime/ports/platform/clock.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import { createSeededRandom } from '../../src/testing/index.ts'
import { RECEIVER_URL } from './received-webhook.ts'

/** What signed requests are signed with. */
export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** What {@link signedRequest} may be told. */
export interface SignedRequestOptions {
  /** Default: made up. */
  readonly id?: string
  /** Seconds since 1970. Default: now. */
  readonly timestamp?: number
  /** Default `application/json`. */
  readonly contentType?: string
}

/** A request as a sender of Standard Webhooks makes it. */
export async function signedRequest(
  clock: Clock,
  body: string | Uint8Array<ArrayBuffer>,
  options: SignedRequestOptions = {},
): Promise<Request> {
  const { contentType = 'application/json', ...signing } = options
  const random = createSeededRandom()
  const headers = await signWebhook(body, SIGNING_SECRET, { clock, random, ...signing })
  return new Request(RECEIVER_URL, {
    method: 'POST',
    headers: { ...headers, 'content-type': contentType },
    body,
  })
}

/** The same headers with a body that comes in pieces. */
export function withStream(
  { headers }: Request,
  body: ReadableStream<Uint8Array> | readonly Uint8Array[],
): Request {
  const stream =
    body instanceof ReadableStream
      ? body
      : new ReadableStream<Uint8Array>({
          start(controller) {
            for (const chunk of body) controller.enqueue(chunk)
            controller.close()
          },
        })
  // `duplex` is what Node wants for a streamed body, and other runtimes ignore.
  const init = { method: 'POST', headers, body: stream, duplex: 'half' }
  return new Request(RECEIVER_URL, init)
}
