import type { ClaimedSignature } from './signature-scheme.ts'

/**
 * Reads the signatures of a header that holds one: a proxy may have made one header of two, with a
 * comma between their values.
 *
 * @param decode Answers `null` for what is no signature
 */
export function readSignatures(
  header: string,
  decode: (text: string) => Uint8Array<ArrayBuffer> | null,
): readonly ClaimedSignature[] {
  return header.split(/, */).map((text) => ({ bytes: decode(text) }))
}
