import type { ClaimedSignature } from './signature-scheme.ts'

/** Most signatures of a header that are looked at. */
const MAX_PARTS = 100

/**
 * Reads the signatures of a header that holds one: a proxy may have made one header of two, with a
 * comma and a space between their values.
 *
 * @param decode Answers `null` for what is no signature
 */
export function readSignatures(
  header: string,
  decode: (text: string) => Uint8Array<ArrayBuffer> | null,
): readonly ClaimedSignature[] {
  return header.split(/, */, MAX_PARTS).map((text) => ({ bytes: decode(text) }))
}
