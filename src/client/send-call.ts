import { encodeHex } from '../primitives/hex.ts'
import { checkNumber } from '../primitives/check-range.ts'
import { readBytes } from '../primitives/read-bytes.ts'
import { parseRetryAfter } from '../primitives/retry-after.ts'
import { retryDelayMs } from '../primitives/retry-delay.ts'
import { runWithin } from '../primitives/run-within.ts'
import { decodeUtf8 } from '../primitives/utf8.ts'
import { waitFor } from '../runtime/coordination/wait-for.ts'
import type { Clock } from '../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../runtime/ports/platform/random-source.ts'
import type { CallOptions, OperationShape, WrittenCall } from './call.ts'
import { GatewayError } from './gateway-error.ts'

/** What calls are sent with. */
export interface SendOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly credential: () => Promise<string | null> | string | null
  readonly fetch: FetchClient
  readonly clock: Clock
  readonly random: RandomSource
  readonly attempts: number
  readonly timeoutMs: number
}

const RETRIED = new Set([408, 429, 500, 502, 503, 504])
/** A key that is in use: the attempt before this one may still be at work. */
const IN_USE = 'idempotency_in_progress'
const DELAY = { type: 'exponential', delayMs: 250, maxMs: 10_000, jitter: 0.5 } as const
/** Longer waits are the caller's to decide about. */
const MOST_WAIT_MS = 60_000
/** A large upload over a thin line. */
const MOST_TIMEOUT_MS = 86_400_000
const MOST_ANSWER_BYTES = 64 * 2 ** 20

/**
 * Sends a call until it is answered or tried often enough. Every attempt of a mutation carries the
 * same idempotency key, so that it is done once.
 *
 * @returns The answer's JSON, `undefined` where there is none, or the `Response` of a raw operation
 * @throws GatewayError, or the signal's reason
 */
export async function sendCall(
  name: string,
  shape: OperationShape,
  call: WrittenCall,
  given: CallOptions,
  options: SendOptions,
): Promise<unknown> {
  const { clock, random } = options
  const isRead = call.method === 'GET' || call.method === 'HEAD'
  const key = isRead ? null : (given.idempotencyKey ?? encodeHex(random.bytes(16)))
  if (key !== null) checkHeader(name, 'idempotencyKey', key)
  checkNumber(`call ${name}`, 'timeoutMs', given.timeoutMs ?? options.timeoutMs, 1, MOST_TIMEOUT_MS)
  // A gateway does not keep what came as bytes, and a stream is gone once it was sent.
  const most = isRead || (shape.body !== 'bytes' && call.repeatable) ? options.attempts : 1
  for (let attempt = 1; ; attempt++) {
    given.signal?.throwIfAborted()
    const answer = await tryOnce(name, shape, call, key, given, options, attempt)
    if (!(answer instanceof GatewayError)) return answer
    if (attempt >= most || !(RETRIED.has(answer.status) || answer.code === IN_USE)) throw answer
    const waitMs = answer.retryAfterMs ?? retryDelayMs(DELAY, attempt, random.fraction())
    if (waitMs > MOST_WAIT_MS) throw answer
    await waitFor(clock, waitMs, given.signal)
  }
}

async function tryOnce(
  name: string,
  shape: OperationShape,
  call: WrittenCall,
  key: string | null,
  given: CallOptions,
  options: SendOptions,
  attempts: number,
): Promise<unknown> {
  const credential = await options.credential()
  if (credential !== null) checkHeader(name, 'apiKey', credential)
  const headers = new Headers({ accept: shape.raw === true ? '*/*' : 'application/json' })
  if (credential !== null) headers.set('authorization', `Bearer ${credential}`)
  if (call.contentType !== null) headers.set('content-type', call.contentType)
  if (key !== null) headers.set('idempotency-key', key)
  const { timeoutMs = options.timeoutMs } = given
  const late = (): GatewayError =>
    new GatewayError('timeout', `Cannot call ${name}: no answer within ${timeoutMs} ms`, {
      ...{ status: 504, attempts },
    })
  try {
    return await runWithin(options.clock, timeoutMs, given.signal, late, async (signal) => {
      const init: RequestInit & { duplex?: 'half' } = {
        ...{ method: call.method, headers, signal },
        // A credential is for this address alone.
        redirect: 'manual',
        ...(call.body !== null && { body: call.body }),
        // Streams are sent as they come, which fetch wants to be told.
        ...(call.body instanceof ReadableStream && { duplex: 'half' }),
      }
      const response = await options.fetch(`${options.baseUrl}${call.target}`, init)
      return readAnswer(name, shape, response, options.clock.now(), attempts)
    })
  } catch (error) {
    given.signal?.throwIfAborted()
    if (error instanceof GatewayError) return error
    const message = `Cannot call ${name}: the gateway cannot be reached`
    return new GatewayError('unreachable', message, { status: 503, attempts, cause: error })
  }
}

/** The platform's own error would show what no header can carry. */
function checkHeader(name: string, part: string, value: string): void {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value))
    throw new TypeError(
      `Cannot call ${name}: ${part} cannot stand in a header, printable ASCII characters expected`,
    )
}

async function readAnswer(
  name: string,
  shape: OperationShape,
  response: Response,
  now: number,
  attempts: number,
): Promise<unknown> {
  const isDone = response.ok || response.status === 304
  if (isDone && shape.raw === true) return response
  const text = await textOf(response)
  const json = parsed(text)
  if (isDone && (json !== undefined || text === '')) return json
  const { status, headers } = response
  const retryAfter = headers.get('retry-after')
  const told = {
    ...{ status: isDone ? 502 : status, attempts },
    requestId: textIn(json, 'requestId') ?? headers.get('x-request-id'),
    retryAfterMs: retryAfter === null ? null : parseRetryAfter(retryAfter, now),
  }
  const code = textIn(json, 'code')
  if (isDone || code === null) {
    // A proxy, or another server altogether.
    const message = `Cannot call ${name}: the answer (${status}) is not a gateway's, see baseUrl`
    return new GatewayError('not_a_gateway', message, told)
  }
  const detail = textIn(json, 'detail') ?? 'refused'
  return new GatewayError(code, `Cannot call ${name}: ${detail}`, told)
}

/** @returns `-`, which is no JSON, for what is too long or no text */
async function textOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const bytes = await readBytes(body, MOST_ANSWER_BYTES)
  try {
    return bytes === null ? '-' : decodeUtf8(bytes)
  } catch {
    return '-'
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textIn(json: unknown, name: string): string | null {
  const value: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, name) : null
  return typeof value === 'string' ? value : null
}
