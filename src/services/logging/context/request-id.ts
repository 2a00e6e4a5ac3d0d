import { encodeHex } from '../../../primitives/hex.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'

/** The header that carries a request's id by default. */
export const REQUEST_ID_HEADER = 'x-request-id'

/** No marks that could end a line, a header or a quotation, and no room to hide anything in. */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}$/

/**
 * The id by which the lines, spans and answers of one request are found again.
 *
 * @param headers Of the request; an id that the caller sent is taken over when it is one
 * @returns That id, or a new one of 32 hex digits
 */
export function requestIdOf(
  headers: { get(name: string): string | null },
  random: RandomSource,
  header: string = REQUEST_ID_HEADER,
): string {
  const given = headers.get(header)
  if (given !== null && REQUEST_ID.test(given)) return given
  return encodeHex(random.bytes(16))
}
