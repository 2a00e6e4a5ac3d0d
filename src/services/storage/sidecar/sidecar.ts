import { decodeBase64Url } from '../../../primitives/base64url.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { MediaError, type MediaErrorCode } from '../media/media-error.ts'
import type { ImageInfo, MediaInput, MediaProcessor } from '../media/media-processor.ts'
import { ScanError } from '../scanning/scan-error.ts'
import type { ScannedObject, ScanVerdict, VirusScanner } from '../scanning/virus-scanner.ts'
import { SIDECAR_HEADERS, SIDECAR_LIMITS, SIDECAR_PATHS } from './sidecar-protocol.ts'
import {
  checkSidecarKey,
  signSidecarRequest,
  verifySidecarAnswer,
  type SidecarKey,
} from './sidecar-signature.ts'

/** Options of {@link sidecar}. */
export interface SidecarOptions extends SidecarKey {
  /** `https://…` without a path. */
  readonly url: string
  /** Store aliases that the sidecar is configured with. Default: none, and all goes as bytes. */
  readonly stores?: readonly string[]
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** A client of the sidecar: it makes images and scans for viruses. */
export type Sidecar = MediaProcessor & VirusScanner

interface Answer {
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

const MEDIA_CODES: Readonly<Record<string, MediaErrorCode>> = {
  signature_mismatch: 'unauthorized',
  timestamp_out_of_range: 'unauthorized',
  replayed: 'unauthorized',
  invalid_operation: 'invalid_operation',
  unsupported: 'unsupported',
  input_not_found: 'input_not_found',
  input_too_large: 'input_too_large',
  unsupported_media: 'unsupported_media',
  unreadable_media: 'unreadable_media',
  limit_exceeded: 'limit_exceeded',
  deadline_exceeded: 'deadline_exceeded',
  busy: 'busy',
  store_failed: 'store_failed',
  scanner_unavailable: 'unavailable',
}

/**
 * Talks to the sidecar as docs/sidecar.md says. No answer is believed that is not signed with the
 * same key, so no other server can call a virus clean.
 *
 * @example
 * const media = sidecar({ url: 'https://media.internal', id: 'k1', secret: env.SIDECAR_SECRET })
 * createStorage({ backend, stores, media })
 */
export function sidecar(options: SidecarOptions): Sidecar {
  checkOptions(
    'use sidecar',
    options,
    ['url', 'id', 'secret'],
    ['stores', 'fetch', 'clock', 'random'],
  )
  const { url, id, secret, stores = [] } = options
  const { fetch = systemFetch, clock = systemClock, random = systemRandom } = options
  const key = { id, secret }
  checkSidecarKey(key)
  const { origin } = new URL(url)

  async function ask(
    path: string,
    input: MediaInput | ScannedObject,
    more: object,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const isBytes = input instanceof Uint8Array
    const body = isBytes ? input : new Uint8Array()
    if (body.length > SIDECAR_LIMITS.bodyBytes)
      throw new MediaError('input_too_large', 'Cannot use sidecar: it takes no body so long')
    const parameters = { input: isBytes ? { body: true } : { stored: input }, ...more }
    const request = { method: 'POST', path, parameters, body }
    const headers = await signSidecarRequest(request, key, { clock, random })
    let response: Response
    let answered: Uint8Array<ArrayBuffer> | null
    try {
      const init = { method: 'POST', headers, body, redirect: 'manual' } as const
      response = await fetch(`${origin}${path}`, { ...init, ...(signal && { signal }) })
      answered =
        response.body === null
          ? new Uint8Array()
          : await readBytes(response.body, SIDECAR_LIMITS.answerBytes, signal)
    } catch (cause) {
      signal?.throwIfAborted()
      throw new MediaError('unavailable', 'Cannot use sidecar: there was no answer', { cause })
    }
    if (answered === null)
      throw new MediaError('failed', 'Cannot use sidecar: its answer is longer than it may be')
    if (!response.ok) throw failureOf(response.status, answered)
    const answer = {
      status: response.status,
      nonce: headers[SIDECAR_HEADERS.nonce] ?? '',
      result: response.headers.get(SIDECAR_HEADERS.result) ?? '',
      body: answered,
    }
    const signature = response.headers.get(SIDECAR_HEADERS.signature)
    if (await verifySidecarAnswer(answer, signature, key))
      return { headers: response.headers, body: answered }
    throw new MediaError(
      'unauthorized',
      'Cannot use sidecar: its answer is not signed with our key',
    )
  }

  return {
    name: 'sidecar',
    capabilities: {
      formats: ['jpeg', 'png', 'webp', 'avif', 'gif'],
      unsupported: [],
      presets: [],
      stores: [...stores],
      maxInputBytes: SIDECAR_LIMITS.bodyBytes,
      maxBytes: SIDECAR_LIMITS.bodyBytes,
      archives: true,
    },
    async imageInfo(input, { signal } = {}) {
      const { body } = await ask(SIDECAR_PATHS.imageInfo, input, {}, signal)
      // It is signed by a sidecar of ours, which answers as the protocol says.
      return parsed(body) as ImageInfo
    },
    async image(input, operations, { signal } = {}) {
      const { headers, body } = await ask(SIDECAR_PATHS.image, input, { operations }, signal)
      const result = decodeBase64Url(headers.get(SIDECAR_HEADERS.result) ?? '')
      const size = parsed(result ?? new Uint8Array()) as Record<
        'width' | 'height' | 'frames',
        number
      >
      const contentType = headers.get('content-type') ?? 'application/octet-stream'
      return { bytes: body, contentType, ...size }
    },
    async scan(input, { signal } = {}) {
      try {
        const given =
          input instanceof ReadableStream
            ? await readBytes(input, SIDECAR_LIMITS.bodyBytes, signal)
            : input
        if (given === null)
          return {
            verdict: 'unscannable',
            reason: 'too_large',
            engine: 'sidecar',
            signaturesAt: null,
          }
        const verdict = parsed(
          (await ask(SIDECAR_PATHS.scan, given, {}, signal)).body,
        ) as ScanVerdict
        if (['clean', 'infected', 'unscannable'].includes(verdict.verdict)) return verdict
      } catch (error) {
        if (!(error instanceof MediaError)) throw error
        const { code } = error
        const known =
          code === 'input_not_found' || code === 'unauthorized'
            ? code
            : error.retryable
              ? 'unavailable'
              : 'failed'
        throw new ScanError(known, 'Cannot scan: the sidecar gave no verdict', { cause: error })
      }
      throw new ScanError('failed', 'Cannot scan: the answer of the sidecar is no verdict')
    },
  }
}

function failureOf(status: number, body: Uint8Array): MediaError {
  let code = ''
  try {
    const { error } = parsed(body) as { readonly error?: { readonly code?: string } }
    code = error?.code ?? ''
  } catch {
    // Whatever stands between may answer with a page of its own.
  }
  const known = Object.hasOwn(MEDIA_CODES, code) ? MEDIA_CODES[code] : undefined
  return new MediaError(
    known ?? (status === 503 || status === 502 ? 'unavailable' : 'failed'),
    `Cannot use sidecar: it answered status ${status}`,
  )
}

function parsed(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(decodeUtf8(body))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new MediaError('failed', 'Cannot use sidecar: its answer is no JSON object')
}
