import { decodeBase64 } from '../../../../primitives/base64.ts'
import { crc32 } from '../../../../primitives/crc32.ts'
import type { SignatureAlgorithm } from '../../../../primitives/public-key.ts'
import { signedContent } from '../../signing/signed-content.ts'
import type { WebhookMessage } from '../webhook-scheme.ts'

/** What PayPal says about one delivery in its headers. */
export interface PaypalTransmission {
  readonly id: string
  /** ISO 8601 */
  readonly time: string
  /** Base64 */
  readonly signature: string
  readonly certificateUrl: string
  readonly algorithm: string
}

/** Names of algorithms as PayPal, and Java, write them. */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  SHA256withRSA: { kind: 'rsa', hash: 'SHA-256' },
  SHA256withECDSA: { kind: 'ecdsa', hash: 'SHA-256' },
  SHA384withECDSA: { kind: 'ecdsa', hash: 'SHA-384' },
}

/** @returns `null` when a header is missing or empty */
export function readTransmission({ header }: WebhookMessage): PaypalTransmission | null {
  const id = header('paypal-transmission-id')
  const time = header('paypal-transmission-time')
  const signature = header('paypal-transmission-sig')
  const certificateUrl = header('paypal-cert-url')
  const algorithm = header('paypal-auth-algo')
  if (!id || !time || !signature || !certificateUrl || !algorithm) return null
  return { id, time, signature, certificateUrl, algorithm }
}

/** Least and most bytes of a signature: ECDSA's on P-256, and RSA's of 8,192 bits. */
const SIGNATURE_BYTES = { least: 64, most: 1024 }

/** A signature with the algorithm that it is said to be of. */
export interface PaypalSignature extends SignatureAlgorithm {
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** @returns `null` when the signature is not written as PayPal writes it */
export function readPaypalSignature({
  id,
  signature,
  algorithm,
}: PaypalTransmission): PaypalSignature | null {
  const named = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined
  const bytes = decodeBase64(signature)
  // With a bar in the id, other ids and times would have the same signed content.
  return named === undefined || bytes === null || id.includes('|') ? null : { ...named, bytes }
}

/** Whether a signature can be one at all, which costs nothing to find out. */
export function isPossible({ bytes }: PaypalSignature): boolean {
  return bytes.length >= SIGNATURE_BYTES.least && bytes.length <= SIGNATURE_BYTES.most
}

/** What PayPal signs: ids and time, and of the body its CRC-32 as an unsigned decimal number. */
export function transmissionContent(
  { id, time }: PaypalTransmission,
  webhookId: string,
  { payload }: WebhookMessage,
): Uint8Array<ArrayBuffer> {
  return signedContent(`${id}|${time}|${webhookId}|${crc32(signedContent('', payload))}`, '')
}
