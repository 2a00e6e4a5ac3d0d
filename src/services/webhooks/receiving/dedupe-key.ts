import { encodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import type { ReceivedWebhook } from './receive-webhook.ts'

/** Longest id that is used as it is: a store's key has room for it, and senders' ids are far shorter. */
const MAX_ID_CHARACTERS = 100

/**
 * A key that is the same for every delivery of one event and that nobody but the signer can change: the id where the
 * signature covers it, else the type and the digest of the body.
 *
 * @returns At most 500 UTF-8 bytes
 */
export async function dedupeKey({
  id,
  idIsSigned,
  type,
  bytes,
}: ReceivedWebhook<unknown>): Promise<string> {
  if (idIsSigned && id !== null && id.length <= MAX_ID_CHARACTERS) return `id:${id}`
  const signed = idIsSigned && id !== null ? `${id}` : `${type}`
  // A line break cannot be in either, so that no two pairs are put together to the same text.
  const content = signedContent(`${signed}\n`, bytes)
  return `sha256:${encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', content)))}`
}
