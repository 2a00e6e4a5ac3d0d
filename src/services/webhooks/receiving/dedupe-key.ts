import { encodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import type { ReceivedWebhook } from './receive-webhook.ts'

/** Longest id that is used as it is: a store's key has room for it, and senders' ids are far shorter. */
const MAX_ID_CHARACTERS = 100

/**
 * A key that is the same for every delivery of one event and that nobody but the signer can change: an id that the
 * signature covers, else the type and the digest of the body.
 *
 * @returns At most 500 UTF-8 bytes
 */
export async function dedupeKey(webhook: ReceivedWebhook<unknown>): Promise<string> {
  const { id, idIsSigned, type, bytes, replayId = idIsSigned ? id : null } = webhook
  if (replayId !== null && replayId.length <= MAX_ID_CHARACTERS) return `id:${replayId}`
  // An id may hold what a type does not, so each has a mark of its own in front.
  const content =
    replayId === null ? signedContent(`type:${type}\n`, bytes) : signedContent('id:', replayId)
  return `sha256:${encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', content)))}`
}
