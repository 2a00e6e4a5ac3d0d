import { encodeBase64Url } from '../../../primitives/base64url.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { readJson } from '../../../primitives/read-json.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import { checkUrl } from './qstash-api.ts'
import { createTokenVerifier, type SigningKeys } from './verify-token.ts'

/** How a handler tells QStash's requests from others. */
export interface SignedRequestOptions {
  readonly signingKeys: SigningKeys
  /**
   * The URL that QStash was told to call, the same as that of the waker. It is never taken from the
   * request: whoever sends one says its host, and could send what QStash signed for another app of
   * the same account.
   */
  readonly url: string
  /** How far QStash's clock may be from ours, up to 5 min. Default 10 s. */
  readonly tolerance?: Duration
  /** Most bytes of a message, 1 to 52,428,800. Default 1,048,576, the free plan's. */
  readonly maxBodyBytes?: number
  /** Longest wait for the message, 1 ms to 10 min. Default 10 s. */
  readonly bodyTimeout?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** The names of {@link SignedRequestOptions} that may be left out. */
export const SIGNED_REQUEST_OPTIONS = ['tolerance', 'maxBodyBytes', 'bodyTimeout', 'clock'] as const

/**
 * Reads a request that QStash signed.
 *
 * @returns Its body parsed as JSON, or the answer to a request that is not one
 */
export type ReadSignedRequest = (
  request: Request,
) => Promise<{ readonly body: unknown } | { readonly refusal: Response }>

/**
 * @throws RangeError when a signing key is empty or an option is out of range
 * @throws TypeError when `url` is missing or no URL
 */
export function createSignedRequestReader(options: SignedRequestOptions): ReadSignedRequest {
  const { tolerance = 10_000, maxBodyBytes = 1_048_576, bodyTimeout = 10_000 } = options
  const { signingKeys, clock = systemClock } = options
  const url = checkUrl('url', options.url)
  const toleranceMs = checkDuration('answer QStash', 'tolerance', tolerance, 0, 300_000)
  checkInteger('answer QStash', 'maxBodyBytes', maxBodyBytes, 1, 52_428_800)
  const bodyTimeoutMs = checkDuration('answer QStash', 'bodyTimeout', bodyTimeout, 1, 600_000)
  const verify = createTokenVerifier(signingKeys, toleranceMs, clock)

  async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | null> {
    const { body } = request
    if (body === null) return new Uint8Array()
    const late = (): Error => new Error('The body took too long')
    return runWithin(clock, bodyTimeoutMs, undefined, late, (signal) =>
      readBytes(body, maxBodyBytes, signal),
    )
  }

  return async (request) => {
    if (request.method !== 'POST') return refuse(405, 'method_not_allowed', { allow: 'POST' })
    const token = request.headers.get('upstash-signature')
    if (token === null) return refuse(401, 'missing_token')
    // The token is checked first, so that a stranger's body is not even read.
    const verdict = await verify(token, url)
    if ('fault' in verdict) return refuse(401, verdict.fault)
    let bytes
    try {
      bytes = await readBody(request)
    } catch {
      return refuse(408, 'body_incomplete')
    }
    if (bytes === null) return refuse(413, 'body_too_large')
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    if (encodeBase64Url(hash) !== verdict.bodyHash) return refuse(401, 'wrong_body')
    return { body: parse(bytes) }
  }
}

/** An answer in JSON. */
export function answer(
  status: number,
  body: Json,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Tells QStash not to try again: the message goes to its dead-letter queue at once. */
export function answerDead(body: Json): Response {
  return answer(489, body, { 'upstash-nonretryable-error': 'true' })
}

function refuse(
  status: number,
  code: string,
  headers?: Readonly<Record<string, string>>,
): { readonly refusal: Response } {
  return { refusal: answer(status, { code }, headers) }
}

/** What is not JSON is `undefined`, which is no message of ours either. */
function parse(bytes: Uint8Array): unknown {
  try {
    return readJson(bytes)
  } catch {
    return undefined
  }
}
