import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { readBytes } from '../../../primitives/read-bytes.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { BackendError, type BackendErrorCode } from '../../ports/backend-error.ts'
import { systemFetch, type FetchClient } from '../../ports/platform/fetch-client.ts'

/** How QStash is reached. */
export interface QstashAccess {
  /** `QSTASH_TOKEN` of the console. */
  readonly token: string
  /**
   * `QSTASH_URL` of the console, which names the account's region. Default
   * `https://qstash.upstash.io`.
   */
  readonly baseUrl?: string
  /** Default: the platform's `fetch`. */
  readonly fetch?: FetchClient
  /** Longest wait for one answer, 1 ms to 10 min. Default 10 s. */
  readonly timeout?: Duration
  /** Times that wait. Default: the platform's. */
  readonly clock?: Clock
}

/** The names of {@link QstashAccess} but for `token`. */
export const ACCESS_OPTIONS = ['baseUrl', 'fetch', 'timeout', 'clock'] as const

/** QStash's REST interface (https://upstash.com/docs/qstash/api). */
export interface QstashApi {
  /**
   * @param path Behind `/v2/`
   * @returns The parsed answer, `null` where it is empty, `undefined` where there is no such thing
   *   and that is expected
   * @throws BackendError
   */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, call?: QstashCall): Promise<unknown>
  /** Publishes `body` as JSON to a URL. @throws BackendError */
  publish(url: string, call: QstashCall): Promise<PublishedMessage>
}

/** What goes along with a request. */
export interface QstashCall {
  readonly headers?: Readonly<Record<string, string>>
  /** JSON. */
  readonly body?: string
  /** Status 404 is no failure. Default false. */
  readonly mayBeAbsent?: boolean
}

/** A message that QStash has taken, or had taken before under the same deduplication id. */
export interface PublishedMessage {
  readonly messageId: string
  readonly deduplicated: boolean
}

const DEFAULT_URL = 'https://qstash.upstash.io'
const MAX_ANSWER_BYTES = 8_388_608

/**
 * @throws RangeError when an option is out of range
 * @throws TypeError when `baseUrl` is no URL
 */
export function createQstashApi(access: QstashAccess): QstashApi {
  const { token, baseUrl = DEFAULT_URL, fetch = systemFetch } = access
  const { timeout = 10_000, clock = systemClock } = access
  if (!/^[\x21-\x7e]{1,1000}$/.test(token))
    throw new RangeError(
      'Cannot use QStash: token is not 1 to 1000 printable characters, one as the console shows it expected',
    )
  const timeoutMs = checkDuration('use QStash', 'timeout', timeout, 1, 600_000)
  const base = checkUrl('baseUrl', baseUrl).replace(/\/+$/, '')

  async function send(
    method: string,
    path: string,
    { headers = {}, body }: QstashCall,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${base}/v2/${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
      signal,
    })
    const bytes = response.body && (await readBytes(response.body, MAX_ANSWER_BYTES, signal))
    return { status: response.status, text: new TextDecoder().decode(bytes ?? new Uint8Array()) }
  }

  async function request(method: string, path: string, call: QstashCall = {}): Promise<unknown> {
    const late = (): Error => unknownFate(`no answer after ${timeoutMs} ms`)
    const { status, text } = await runWithin(clock, timeoutMs, undefined, late, (signal) =>
      send(method, path, call, signal).catch((cause: unknown) => {
        throw unknownFate('the request failed', cause)
      }),
    )
    if (status >= 200 && status < 300) return parse(text)
    if (status === 404 && call.mayBeAbsent === true) return undefined
    throw new BackendError(
      codeOf(status),
      `Cannot call QStash: it answered with status ${status}`,
      {
        cause: new Error(text.slice(0, 500)),
      },
    )
  }

  return {
    request,
    async publish(url, { headers, body }) {
      const answer = await request('POST', `publish/${url}`, {
        ...(body !== undefined && { body }),
        headers: { 'content-type': 'application/json', ...headers },
      })
      if (isPublished(answer))
        return { messageId: answer.messageId, deduplicated: answer.deduplicated === true }
      throw new BackendError(
        'backend_failed',
        'Cannot publish to QStash: its answer has no messageId, one expected',
      )
    },
  }
}

/**
 * @throws TypeError when `url` is not one that QStash can call: `http` or `https`, without a
 *   fragment
 */
export function checkUrl(name: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.hash === '') return url
  throw new TypeError(`Cannot use QStash: ${name} is no http or https URL, one expected`)
}

function unknownFate(why: string, cause?: unknown): BackendError {
  const message = `Cannot call QStash: ${why}, whether it was carried out is not known`
  return new BackendError('backend_unavailable', message, { cause })
}

function codeOf(status: number): BackendErrorCode {
  if (status === 429 || status === 503) return 'backend_overloaded'
  return status >= 500 ? 'backend_unavailable' : 'backend_failed'
}

function parse(text: string): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BackendError('backend_failed', 'Cannot call QStash: its answer is not JSON', {
      cause,
    })
  }
}

function isPublished(
  answer: unknown,
): answer is { readonly messageId: string; readonly deduplicated?: unknown } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'messageId' in answer &&
    typeof answer.messageId === 'string'
  )
}
