import type { ServerResponse } from 'node:http'
import {
  SIDECAR_ERRORS,
  SIDECAR_HEADERS,
  SIDECAR_LIMITS,
  signSidecarAnswer,
  signSidecarEvent,
  SidecarError,
  type SidecarFailure,
  type SidecarKey,
} from '@white-cross/reuse/infrastructure/storage/sidecar'

/** What a handler answers. */
export interface SidecarResult {
  readonly body: Uint8Array<ArrayBuffer>
  readonly contentType: string
  /** Value of the `reuse-result` header. Default: none. */
  readonly result?: string
}

/** Who is answered. */
export interface Asker {
  readonly key: SidecarKey
  readonly nonce: string
}

/** @returns The answer that holds `value` as JSON */
export function jsonResult(value: unknown): SidecarResult {
  return { body: new TextEncoder().encode(JSON.stringify(value)), contentType: 'application/json' }
}

/** Sends an answer of 200, signed. */
export async function sendResult(
  response: ServerResponse,
  { key, nonce }: Asker,
  { body, contentType, result }: SidecarResult,
): Promise<void> {
  const answer = { status: 200, nonce, body, ...(result !== undefined && { result }) }
  const signature = await signSidecarAnswer(answer, key)
  response.writeHead(200, {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    [SIDECAR_HEADERS.signature]: signature,
    ...(result !== undefined && { [SIDECAR_HEADERS.result]: result }),
  })
  response.end(body)
}

/** @returns What is told of an error: its own message only where it is ours */
export function failureOf(error: unknown): SidecarFailure {
  if (!(error instanceof SidecarError)) return { code: 'failed', message: 'The sidecar failed' }
  const { code, message, retryAfterMs } = error
  return { code, message, ...(retryAfterMs !== null && { retryAfterMs: Math.ceil(retryAfterMs) }) }
}

/** Sends a refusal. It is not signed: nobody acts on one. */
export function sendFailure(response: ServerResponse, error: unknown): SidecarFailure {
  const failure = failureOf(error)
  const body = JSON.stringify({ error: failure })
  const { retryAfterMs } = failure
  response.writeHead(SIDECAR_ERRORS[failure.code], {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  })
  response.end(body)
  return failure
}

/** Events on their way to one listener, each signed with its place in the stream. */
export interface EventStream {
  send(event: { readonly type: string }): void
  /** Sends the last event and ends. */
  end(event: { readonly type: string }): void
}

export function openEventStream(response: ServerResponse, { key, nonce }: Asker): EventStream {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  const beat = setInterval(() => response.write(':\n\n'), SIDECAR_LIMITS.heartbeatMs / 2)
  response.once('close', () => clearInterval(beat))
  let index = 0
  let sent = Promise.resolve()
  const send = (event: { readonly type: string }): void => {
    const [data, at] = [JSON.stringify(event), index++]
    sent = sent.then(async () => {
      const id = await signSidecarEvent({ nonce, index: at, data }, key)
      response.write(`event: ${event.type}\nid: ${id}\ndata: ${data}\n\n`)
    })
  }
  return {
    send,
    end(event) {
      send(event)
      sent = sent.then(() => {
        clearInterval(beat)
        response.end()
      })
    },
  }
}
