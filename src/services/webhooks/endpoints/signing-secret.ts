import { decodeBase64, encodeBase64 } from '../../../primitives/base64.ts'
import { deriveEd25519PublicKey, ED25519_KEY_BYTES } from '../../../primitives/ed25519.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { WebhookError } from '../webhook-error.ts'
import { signWebhook } from '../signing/sign-webhook.ts'
import {
  SECRET_PREFIX,
  SIGNING_KEY_PREFIX,
  VERIFICATION_KEY_PREFIX,
} from '../signing/webhook-keys.ts'
import { generateWebhookKeyPair, generateWebhookSecret } from '../signing/webhook-secret.ts'
import type { EndpointSecret } from './endpoint.ts'

/** What signs, and what its receiver gets to verify with. */
export interface SigningSecret {
  readonly signing: string
  readonly shown: EndpointSecret
}

/** Makes a new secret of a kind. */
export async function createSigningSecret(
  kind: 'v1' | 'v1a',
  random: RandomSource,
): Promise<SigningSecret> {
  if (kind === 'v1a') {
    const { signingKey, verificationKey } = await generateWebhookKeyPair(random)
    return { signing: signingKey, shown: verificationKey }
  }
  const secret = generateWebhookSecret(random)
  return { signing: secret, shown: secret }
}

/**
 * Takes a secret that its owner brings along.
 *
 * @throws WebhookError `invalid_endpoint` when it is not written as `kind` wants it
 */
export async function readSigningSecret(
  given: unknown,
  kind: 'v1' | 'v1a',
): Promise<SigningSecret> {
  const prefix = kind === 'v1a' ? SIGNING_KEY_PREFIX : SECRET_PREFIX
  if (typeof given !== 'string' || !given.startsWith(prefix))
    throw new WebhookError(
      'invalid_endpoint',
      `Cannot use endpoint secret: it does not begin with ${prefix}`,
    )
  try {
    // Signing once is the whole check: encoding, length and key material.
    await signWebhook('', given, { id: 'check', timestamp: 0 })
  } catch (cause) {
    throw new WebhookError(
      'invalid_endpoint',
      `Cannot use endpoint secret: it is not ${prefix} and base64 of ${kind === 'v1a' ? '32 or 64' : '24 to 64'} bytes`,
      { cause },
    )
  }
  return { signing: given, shown: kind === 'v1a' ? await verificationKeyOf(given) : given }
}

/** Which kind a kept secret is of. */
export function kindOfSecret(signing: string): 'v1' | 'v1a' {
  return signing.startsWith(SIGNING_KEY_PREFIX) ? 'v1a' : 'v1'
}

async function verificationKeyOf(signingKey: string): Promise<string> {
  const bytes = decodeBase64(signingKey.slice(SIGNING_KEY_PREFIX.length)) ?? new Uint8Array()
  const publicKey = await deriveEd25519PublicKey(bytes.subarray(0, ED25519_KEY_BYTES))
  return VERIFICATION_KEY_PREFIX + encodeBase64(publicKey)
}
