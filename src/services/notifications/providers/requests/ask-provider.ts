import {
  NotificationError,
  type NotificationErrorCode,
  type RecipientState,
} from '../../notification-error.ts'
import type { ProviderContext } from '../provider.ts'
import type { makeRequest } from './make-request.ts'

/** One request to a vendor. */
export interface ProviderRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: NonNullable<RequestInit['body']>
  /** Further parts of the request, for runtimes that know them. */
  readonly init?: RequestInit
}

/** What a vendor answered: as much of the body as is worth reading. */
export interface ProviderAnswer {
  readonly status: number
  readonly ok: boolean
  readonly headers: Headers
  /** What `Retry-After` says; `null` when it says nothing. */
  readonly retryAfterMs: number | null
  readonly text: string
  /** The body as JSON; `null` when it is none. */
  readonly json: unknown
}

let make: typeof makeRequest | undefined

/** Answers of proxies that lost the vendor's: it may have taken the message. */
const LOST = new Set([502, 504, 520, 524])

/**
 * Makes one request and reads its answer, whatever the status.
 *
 * @throws NotificationError `unavailable` when the request was never sent, `ambiguous` when it may
 *   have arrived
 */
export async function askProvider(
  provider: string,
  request: ProviderRequest,
  context: ProviderContext,
): Promise<ProviderAnswer> {
  // Loaded with the first request, as no provider needs it before.
  make ??= (await import('./make-request.ts')).makeRequest
  return make(provider, request, context)
}

/** The error for a request that got no answer. */
export function networkError(
  provider: string,
  code: 'unavailable' | 'ambiguous',
  cause: unknown,
): NotificationError {
  const what =
    code === 'ambiguous'
      ? 'the request went out and no answer came, it may have been sent'
      : 'it could not be reached, nothing was sent'
  return new NotificationError(code, `Cannot send through ${provider}: ${what}`, {
    provider,
    cause,
  })
}

/** What is known of a refusal beside its status. */
export interface RefusalDetail {
  readonly vendorCode?: string | undefined
  /** Overrides what the status says. */
  readonly code?: NotificationErrorCode | undefined
  readonly recipient?: RecipientState | undefined
  readonly recipientSince?: number | undefined
  readonly retryAfterMs?: number | undefined
}

/** Makes the error for an answer that is no success, from its status and the vendor's code. */
export function refusalOf(
  provider: string,
  { status, retryAfterMs: said }: Pick<ProviderAnswer, 'status' | 'retryAfterMs'>,
  detail: RefusalDetail = {},
): NotificationError {
  const { code = codeOf(status), vendorCode, recipient, recipientSince } = detail
  const retryAfterMs = detail.retryAfterMs ?? said
  const shown = vendorCode === undefined ? '' : ` (${vendorCode})`
  return new NotificationError(
    code,
    `Cannot send through ${provider}: it answered ${status}${shown}`,
    {
      provider,
      vendorCode,
      recipient,
      recipientSince,
      ...(retryAfterMs !== null && { retryAfterMs }),
    },
  )
}

/** What a status says by itself. */
function codeOf(status: number): NotificationErrorCode {
  if (status === 401 || status === 403) return 'authentication'
  if (status === 402) return 'quota'
  if (status === 429) return 'rate_limited'
  if (LOST.has(status)) return 'ambiguous'
  return status >= 400 && status < 500 && status !== 408 ? 'invalid_request' : 'unavailable'
}

/** @returns The text under `key` of an object that a vendor sent; `null` when there is none */
export function textIn(value: unknown, ...path: readonly (string | number)[]): string | null {
  const found = valueIn(value, ...path)
  if (typeof found === 'number') return String(found)
  return typeof found === 'string' && found !== '' ? found : null
}

/** @returns What stands there in what a vendor sent; `undefined` when nothing does */
export function valueIn(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = Reflect.get(found, key)
  }
  return found
}
