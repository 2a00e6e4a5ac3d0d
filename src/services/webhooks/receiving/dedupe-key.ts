import { encodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import type { ReceivedWebhook } from './receive-webhook.ts'

/** An id that is used as it is: a store's key has room for it, and senders' ids are like that. */
const PLAIN_ID = /^[\x21-\x7e]{1,100}$/

/**
 * A key that is the same for every delivery of one event and for no other: the id that the
 * signature covers, else the sender's own id of the delivery together with what it delivered.
 *
 * @returns At most 103 characters of ASCII, or `null` where nothing tells a repetition from another
 *   event that is alike
 */
export async function dedupeKey(webhook: ReceivedWebhook<unknown>): Promise<string | null> {
  const { id, idIsSigned, type, bytes, replayId, deliveryId } = webhook
  const signedId = replayId || (idIsSigned && id)
  if (signedId) return PLAIN_ID.test(signedId) ? `id:${signedId}` : digest('id', signedId)
  if (!deliveryId) return null
  return digest('delivery', [deliveryId, type], bytes)
}

async function digest(kind: string, told: unknown, bytes = new Uint8Array()): Promise<string> {
  // As JSON, texts that UTF-8 cannot tell apart (lone surrogates) stay apart.
  const content = signedContent(`${kind}:${JSON.stringify(told)}\n`, bytes)
  return `sha256:${encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-256', content)))}`
}
