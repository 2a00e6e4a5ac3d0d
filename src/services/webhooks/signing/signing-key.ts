import { createEd25519PrivateKey, ED25519_KEY_BYTES } from '../../../primitives/ed25519.ts'
import {
  decodeKey,
  SIGNING_KEY_PREFIX,
  standardKey,
  VERIFICATION_KEY_PREFIX,
  type WebhookSecret,
} from './webhook-keys.ts'

/**
 * A key that signs for Standard Webhooks, and the version that stands in front of its signatures.
 */
export interface SigningKey {
  readonly version: 'v1' | 'v1a'
  sign(content: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * The key behind a secret of Standard Webhooks: `whsk_…` signs with Ed25519, everything else with
 * HMAC-SHA256.
 *
 * @throws TypeError when the secret is not written as it should be, or is a public key
 * @throws RangeError when it has not the length it should have
 */
export function signingKey(secret: WebhookSecret): SigningKey {
  if (typeof secret === 'string' && secret.startsWith(VERIFICATION_KEY_PREFIX))
    throw new TypeError('Cannot sign webhook: whpk_ is a public key, whsk_ or whsec_ needed')
  if (typeof secret !== 'string' || !secret.startsWith(SIGNING_KEY_PREFIX))
    return { version: 'v1', ...standardKey(secret) }
  // Seed and public key together, as Svix writes it, or the seed alone.
  const bytes = decodeKey(secret, SIGNING_KEY_PREFIX)
  const seed = bytes.length === 2 * ED25519_KEY_BYTES ? bytes.subarray(0, ED25519_KEY_BYTES) : bytes
  return { version: 'v1a', ...createEd25519PrivateKey(seed) }
}
