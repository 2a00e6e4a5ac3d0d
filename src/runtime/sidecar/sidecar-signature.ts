import { decodeBase64Url, encodeBase64Url } from '../../primitives/base64url.ts'
import { equalBytes } from '../../primitives/equal-bytes.ts'
import { decodeHex, encodeHex } from '../../primitives/hex.ts'
import { createHmacKey } from '../../primitives/hmac.ts'
import { sha256 } from '../../primitives/sha256.ts'
import { decodeUtf8, encodeUtf8, utf8Length } from '../../primitives/utf8.ts'
import { systemClock, type Clock } from '../ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../ports/platform/random-source.ts'
import { SidecarError } from './sidecar-error.ts'
import { SIDECAR_HEADERS, SIDECAR_LIMITS } from './sidecar-wire.ts'

/** A secret that both sides share, and the name it goes by while others are rotated in or out. */
export interface SidecarKey {
  /** 1 to 64 characters of `A–Z a–z 0–9 . _ -`; it is sent in clear. */
  readonly id: string
  /** At least 16 UTF-8 bytes; `openssl rand -base64 32` makes a good one. */
  readonly secret: string
}

/** A request to be signed. */
export interface UnsignedSidecarRequest {
  readonly method: string
  /** Begins with a slash. Requests to the sidecar have no query. */
  readonly path: string
  /** What is asked for, as JSON. Default: nothing. */
  readonly parameters?: unknown
  /** Default: none. */
  readonly body?: Uint8Array<ArrayBuffer>
}

/** What arrived, before anything of it is believed. */
export interface ReceivedSidecarRequest {
  readonly method: string
  readonly path: string
  readonly headers: Pick<Headers, 'get'>
}

/** A request whose signature holds. Its body counts only once its SHA-256 is `contentSha256`. */
export interface SignedSidecarRequest {
  readonly keyId: string
  readonly nonce: string
  readonly parameters: unknown
  /** Hexadecimal. */
  readonly contentSha256: string
}

/** Options of {@link signSidecarRequest}. */
export interface SignSidecarOptions {
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Default: the platform's. */
  readonly random?: Pick<RandomSource, 'bytes'>
}

const TEXT = {
  request: 'REUSE-SIDECAR-1',
  answer: 'REUSE-SIDECAR-1-ANSWER',
  event: 'REUSE-SIDECAR-1-EVENT',
} as const

/**
 * Signs a request to the sidecar.
 *
 * @example
 * const headers = await signSidecarRequest({ method: 'POST', path: '/v1/scan', body }, key)
 * await fetch(`${url}/v1/scan`, { method: 'POST', headers, body })
 *
 * @returns The headers to send along with it
 * @throws RangeError when the key or its secret is malformed, or the parameters are too long
 */
export async function signSidecarRequest(
  { method, path, parameters = {}, body = new Uint8Array() }: UnsignedSidecarRequest,
  key: SidecarKey,
  { clock = systemClock, random = systemRandom }: SignSidecarOptions = {},
): Promise<Record<string, string>> {
  checkSidecarKey(key)
  const text = encodeBase64Url(encodeUtf8(JSON.stringify(parameters)))
  if (text.length > SIDECAR_LIMITS.parametersLength)
    throw new RangeError(
      `Cannot sign sidecar request: its parameters have ${text.length} characters, ` +
        `at most ${SIDECAR_LIMITS.parametersLength} allowed`,
    )
  const timestamp = String(Math.floor(clock.now() / 1000))
  const nonce = encodeBase64Url(random.bytes(16))
  const contentSha256 = await sha256Hex(body)
  const lines = [TEXT.request, key.id, timestamp, nonce, method, path, text, contentSha256]
  return {
    [SIDECAR_HEADERS.keyId]: key.id,
    [SIDECAR_HEADERS.timestamp]: timestamp,
    [SIDECAR_HEADERS.nonce]: nonce,
    [SIDECAR_HEADERS.parameters]: text,
    [SIDECAR_HEADERS.contentSha256]: contentSha256,
    [SIDECAR_HEADERS.signature]: await codeOf(key, lines),
  }
}

/** Options of {@link checkSidecarRequest}. */
export interface CheckSidecarOptions {
  /** Every key that is in use; several while they are rotated. */
  readonly keys: readonly SidecarKey[]
  /** ms since 1970. */
  readonly now: number
  /**
   * Remembers a nonce, asked only once the signature holds.
   *
   * @returns Whether it is new; `false` refuses the request
   */
  readonly remember: (nonce: string) => boolean
  /** Default 60,000. */
  readonly toleranceMs?: number
}

/**
 * Checks who signed a request and when, in constant time. The body is not looked at: compare its
 * SHA-256 with `contentSha256` before anything is done with it.
 *
 * @example
 * const { parameters, contentSha256 } = await checkSidecarRequest(request, {
 *   keys: [key],
 *   now: Date.now(),
 *   remember: (nonce) => nonces.add(nonce),
 * })
 *
 * @throws SidecarError `signature_mismatch`, `timestamp_out_of_range`, `replayed`, or
 *   `invalid_operation` when the parameters are no JSON object
 */
export async function checkSidecarRequest(
  { method, path, headers }: ReceivedSidecarRequest,
  { keys, now, remember, toleranceMs = SIDECAR_LIMITS.toleranceMs }: CheckSidecarOptions,
): Promise<SignedSidecarRequest> {
  const read = (name: keyof typeof SIDECAR_HEADERS, form: RegExp): string => {
    const value = headers.get(SIDECAR_HEADERS[name]) ?? ''
    if (value.length <= SIDECAR_LIMITS.parametersLength && form.test(value)) return value
    throw refused(
      'signature_mismatch',
      `its ${SIDECAR_HEADERS[name]} header is absent or malformed`,
    )
  }
  const keyId = read('keyId', KEY_ID)
  const timestamp = read('timestamp', /^\d{1,12}$/)
  const nonce = read('nonce', /^[\w-]{22}$/)
  const text = read('parameters', /^[\w-]+$/)
  const contentSha256 = read('contentSha256', /^[0-9a-f]{64}$/)
  const code = decodeHex(read('signature', /^[0-9a-f]{64}$/))
  const key = keys.find(({ id }) => id === keyId)
  if (key === undefined || code === null)
    throw refused('signature_mismatch', 'no key of this id is known')
  const lines = [TEXT.request, keyId, timestamp, nonce, method, path, text, contentSha256]
  if (!equalBytes(encodeUtf8(await codeOf(key, lines)), encodeUtf8(encodeHex(code))))
    throw refused('signature_mismatch', 'its key gives another signature')
  if (Math.abs(Number(timestamp) * 1000 - now) > toleranceMs + 1000)
    throw refused('timestamp_out_of_range', `it was not signed within ${toleranceMs} ms of now`)
  if (!remember(nonce)) throw refused('replayed', 'its nonce was used before')
  return { keyId, nonce, contentSha256, parameters: parametersOf(text) }
}

/** What of an answer is signed. */
export interface SidecarAnswer {
  readonly status: number
  /** The nonce of the request that it answers. */
  readonly nonce: string
  /** The value of the `reuse-result` header. Default: there is none. */
  readonly result?: string
  readonly body: Uint8Array<ArrayBuffer>
}

/**
 * Signs an answer to a request whose own signature held, so that no other server is taken for the
 * sidecar: a wrong answer could be `clean`.
 *
 * @example
 * headers['reuse-signature'] = await signSidecarAnswer({ status: 200, nonce, body }, key)
 *
 * @returns The value of the answer's `reuse-signature` header
 */
export async function signSidecarAnswer(answer: SidecarAnswer, key: SidecarKey): Promise<string> {
  const { status, nonce, result = '', body } = answer
  return codeOf(key, [TEXT.answer, nonce, String(status), result, await sha256Hex(body)])
}

/**
 * Checks who signed an answer.
 *
 * @example
 * const answer = { status: response.status, nonce, body }
 * if (!(await verifySidecarAnswer(answer, signature, key))) throw new Error('Not our sidecar')
 *
 * @returns Whether `signature` is the one of the answer, compared in constant time
 */
export async function verifySidecarAnswer(
  answer: SidecarAnswer,
  signature: string | null,
  key: SidecarKey,
): Promise<boolean> {
  if (signature === null || !/^[0-9a-f]{64}$/.test(signature)) return false
  return equalBytes(encodeUtf8(await signSidecarAnswer(answer, key)), encodeUtf8(signature))
}

/** One event of a stream that answers a signed request. */
export interface SidecarEvent {
  /** The nonce of the request that it answers. */
  readonly nonce: string
  /** Counts the events of the stream, from 0: none can be left out or told twice. */
  readonly index: number
  /** One line of JSON. */
  readonly data: string
}

/**
 * Signs one event of a stream.
 *
 * @example
 * const id = await signSidecarEvent({ nonce, index: 0, data }, key)
 * stream.write(`id: ${id}\ndata: ${data}\n\n`)
 *
 * @returns What stands in the event's `id`
 */
export async function signSidecarEvent(event: SidecarEvent, key: SidecarKey): Promise<string> {
  const { nonce, index, data } = event
  return codeOf(key, [TEXT.event, nonce, String(index), data])
}

/**
 * Checks who signed an event.
 *
 * @example
 * const isOurs = await verifySidecarEvent({ nonce, index, data }, signature, key)
 *
 * @returns Whether `signature` is the one of the event, compared in constant time
 */
export async function verifySidecarEvent(
  event: SidecarEvent,
  signature: string,
  key: SidecarKey,
): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false
  return equalBytes(encodeUtf8(await signSidecarEvent(event, key)), encodeUtf8(signature))
}

const FEW_BYTES = 4096
const KEY_ID = /^[\w.-]{1,64}$/

/**
 * Checks a key before it is used.
 *
 * @example
 * checkSidecarKey({ id: 'k1', secret: env.SIDECAR_SECRET })
 *
 * @throws RangeError when the id or the secret of `key` is malformed
 */
export function checkSidecarKey({ id, secret }: SidecarKey): void {
  if (typeof id !== 'string' || !KEY_ID.test(id))
    throw new RangeError(
      'Cannot use sidecar key: its id is malformed, 1 to 64 of A–Z a–z 0–9 . _ - expected',
    )
  if (typeof secret !== 'string' || utf8Length(secret) < SIDECAR_LIMITS.secretBytes)
    throw new RangeError(
      `Cannot use sidecar key: its secret is shorter than ${SIDECAR_LIMITS.secretBytes} bytes, ` +
        'a long random text expected',
    )
}

function refused(
  code: 'signature_mismatch' | 'timestamp_out_of_range' | 'replayed',
  why: string,
): SidecarError {
  return new SidecarError(code, `Cannot accept sidecar request: ${why}`)
}

function parametersOf(text: string): unknown {
  try {
    const bytes = decodeBase64Url(text)
    const parameters: unknown = bytes === null ? null : JSON.parse(decodeUtf8(bytes))
    if (typeof parameters === 'object' && parameters !== null) return parameters
  } catch {
    // Said below: what the parser found is of no use to anyone.
  }
  throw new SidecarError(
    'invalid_operation',
    'Cannot accept sidecar request: its parameters are no JSON object in base64url',
  )
}

async function codeOf({ secret }: SidecarKey, lines: readonly string[]): Promise<string> {
  return encodeHex(await createHmacKey(encodeUtf8(secret)).sign(encodeUtf8(lines.join('\n'))))
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // WebCrypto's way to another thread and back costs more than to hash so little here.
  if (bytes.length <= FEW_BYTES) return encodeHex(sha256(bytes))
  return encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
