import { encodeHex } from '../../../primitives/hex.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { redactPII } from '../redaction/redact-pii.ts'

/** Where callers put the id of their request, in the order in which they are looked at. */
export const REQUEST_ID_HEADERS: readonly string[] = ['x-request-id', 'x-correlation-id']

/** Nothing that ends a line, a header or a field of either, and no room for a text. */
const ID = /^[\w.~:+/=-]{1,128}$/

/**
 * Finds the id of a request: the caller's, where it has one that can go into logs and headers and
 * says nothing of a person; else a new one of 32 hex digits.
 *
 * @param names Headers to look at. Default `x-request-id`, then `x-correlation-id`; none: always a
 *   new one
 * @param random Default: the platform's
 * @example
 * ```ts
 * const requestId = requestIdOf(request.headers)
 * ```
 */
export function requestIdOf(
  headers: { get(name: string): string | null },
  names: readonly string[] = REQUEST_ID_HEADERS,
  random: RandomSource = systemRandom,
): string {
  for (const name of names) {
    const id = headers.get(name)
    // Whoever calls may send anything: the number of a card is no id.
    if (id !== null && ID.test(id) && redactPII(id) === id) return id
  }
  return encodeHex(random.bytes(16))
}
