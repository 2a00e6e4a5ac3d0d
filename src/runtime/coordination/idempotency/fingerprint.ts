import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/**
 * Tells whether two calls have the same arguments: SHA-256 of their canonical JSON, in hexadecimal.
 *
 * @throws TypeError when `args` holds what JSON cannot carry
 */
export async function fingerprintOf(args: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encodeUtf8(canonicalJson(args)))
  return encodeHex(new Uint8Array(digest))
}
