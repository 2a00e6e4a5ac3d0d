import type { OutboundErrorCode } from './outbound.ts'

/** Why no connection came about, as far as the runtime tells. */
export type ConnectionFault = Extract<
  OutboundErrorCode,
  'address_blocked' | 'dns_failed' | 'connection_refused' | 'tls_failed' | 'connect_failed'
>

/** Errors inside one another that are looked at: what a runtime throws is not ours to bound. */
const MAX_ERRORS = 10

/**
 * What Node, Deno and Bun say, each in its own way. A `fetch` that judges addresses has a code of
 * its own.
 */
const SIGNS: readonly (readonly [ConnectionFault, RegExp])[] = [
  ['address_blocked', /^address_refused$/],
  ['dns_failed', /^(?:ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL|ENOADDRESS)$|dns error/],
  ['connection_refused', /^ECONNREFUSED$|[Cc]onnection refused/],
  [
    'tls_failed',
    /^(?:EPROTO|ERR_(?:SSL|TLS)_\w+|\w*CERT\w*|UNABLE_TO_VERIFY\w*|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED)$|certificate|[Tt][Ll][Ss] handshake|corrupt message/,
  ],
]

/** Reads codes and texts of an error and of its causes, and hands on none of them. */
export function connectionFaultOf(error: unknown): ConnectionFault {
  const waiting: unknown[] = [error]
  for (let looked = 0; waiting.length > 0 && looked < MAX_ERRORS; looked++) {
    const next = waiting.shift()
    if (typeof next !== 'object' || next === null) continue
    const { code, message, cause, errors }: ErrorParts = next
    for (const said of [code, message]) {
      const sign = SIGNS.find(([, pattern]) => typeof said === 'string' && pattern.test(said))
      if (sign !== undefined) return sign[0]
    }
    // Of several addresses that were tried each has an error.
    waiting.push(
      cause,
      ...(Array.isArray(errors) ? (errors as unknown[]).slice(0, MAX_ERRORS) : []),
    )
  }
  return 'connect_failed'
}

interface ErrorParts {
  readonly code?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}
