import { createEd25519PublicKey } from '../../../primitives/ed25519.ts'
import {
  decodeKey,
  standardKey,
  VERIFICATION_KEY_PREFIX,
  type WebhookSecret,
} from '../signing/webhook-keys.ts'
import type { VerificationKey } from './signature-scheme.ts'

/**
 * The key behind a secret of Standard Webhooks: `whpk_…` verifies Ed25519 (`v1a`), everything else
 * HMAC-SHA256 (`v1`). Each has the version it belongs to, so that no public key is ever taken for a
 * shared secret.
 *
 * @throws TypeError when the secret is not written as it should be
 * @throws RangeError when it has not the length it should have
 */
export function verificationKey(secret: WebhookSecret): VerificationKey {
  return typeof secret === 'string' && secret.startsWith(VERIFICATION_KEY_PREFIX)
    ? { version: 'v1a', ...createEd25519PublicKey(decodeKey(secret, VERIFICATION_KEY_PREFIX)) }
    : { version: 'v1', ...standardKey(secret) }
}
