import { crc32 } from '../../../../primitives/crc32.ts'
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

/** @returns `null` when a header is missing */
export function readTransmission({ header }: WebhookMessage): PaypalTransmission | null {
  const id = header('paypal-transmission-id')
  const time = header('paypal-transmission-time')
  const signature = header('paypal-transmission-sig')
  const certificateUrl = header('paypal-cert-url')
  const algorithm = header('paypal-auth-algo')
  if (id === null || time === null || signature === null) return null
  if (certificateUrl === null || algorithm === null) return null
  return { id, time, signature, certificateUrl, algorithm }
}

/** What PayPal signs: ids and time, and of the body its CRC-32 as an unsigned decimal number. */
export function transmissionContent(
  { id, time }: PaypalTransmission,
  webhookId: string,
  { payload }: WebhookMessage,
): Uint8Array<ArrayBuffer> {
  return signedContent(`${id}|${time}|${webhookId}|${crc32(signedContent('', payload))}`, '')
}
