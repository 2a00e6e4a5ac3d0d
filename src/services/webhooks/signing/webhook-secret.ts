import { encodeBase64 } from '../../../primitives/base64.ts'
import { deriveEd25519PublicKey, ED25519_KEY_BYTES } from '../../../primitives/ed25519.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { SECRET_PREFIX, SIGNING_KEY_PREFIX, VERIFICATION_KEY_PREFIX } from './webhook-keys.ts'

/** An Ed25519 pair for Standard Webhooks' `v1a`: who has the second can verify and not sign. */
export interface WebhookKeyPair {
  /** `whsk_` and base64 of seed and public key, 64 bytes. Stays with the sender. */
  readonly signingKey: string
  /** `whpk_` and base64 of the public key, 32 bytes. May be published. */
  readonly verificationKey: string
}

/** Inside the 24 to 64 bytes of the specification, and the length of the hash. */
const SECRET_BYTES = 32

/**
 * Makes a secret for a sender and its receiver to share.
 *
 * @example
 * const secret = generateWebhookSecret()
 *
 * @returns A new shared secret for Standard Webhooks: `whsec_` and base64 of 32 bytes
 */
export function generateWebhookSecret(random: Pick<RandomSource, 'bytes'> = systemRandom): string {
  return SECRET_PREFIX + encodeBase64(random.bytes(SECRET_BYTES))
}

/**
 * Makes keys for a sender whose receivers can verify and not sign.
 *
 * @example
 * const { signingKey, verificationKey } = await generateWebhookKeyPair()
 *
 * @returns A new Ed25519 key pair for Standard Webhooks
 */
export async function generateWebhookKeyPair(
  random: Pick<RandomSource, 'bytes'> = systemRandom,
): Promise<WebhookKeyPair> {
  const seed = random.bytes(ED25519_KEY_BYTES)
  const publicKey = await deriveEd25519PublicKey(seed)
  return {
    signingKey: SIGNING_KEY_PREFIX + encodeBase64(new Uint8Array([...seed, ...publicKey])),
    verificationKey: VERIFICATION_KEY_PREFIX + encodeBase64(publicKey),
  }
}
