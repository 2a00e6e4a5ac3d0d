import { isTrustedChain, type TrustAnchor } from '../../../../primitives/certificate-chain.ts'
import { isCertificateOf } from '../../../../primitives/x509.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { WebhookVerificationError } from '../../webhook-verification-error.ts'
import { createCertificateSource, type CertifiedKey } from '../certificate-source.ts'
import { decideDate } from '../decide-date.ts'
import { eventText } from '../event-field.ts'
import { readRoots } from '../read-roots.ts'
import type { WebhookScheme } from '../webhook-scheme.ts'
import { digicertRoots } from './digicert-roots.ts'
import {
  isPossible,
  readPaypalSignature,
  readTransmission,
  transmissionContent,
} from './paypal-transmission.ts'
import { createPaypalVerification, type PaypalCredentials } from './paypal-verification.ts'

/** Options of {@link paypalWebhook}. */
export interface PaypalWebhookOptions {
  /**
   * The id that PayPal gave the webhook; it is signed, so another webhook's deliveries are not
   * accepted.
   */
  readonly webhookId: string
  /** Default `live`. */
  readonly environment?: 'live' | 'sandbox'
  /**
   * Asks PayPal when the certificate cannot be had or trusted, so many times a minute. Default:
   * such a webhook is refused.
   */
  readonly credentials?: PaypalCredentials
  /** Roots that PayPal's certificates must come from, PEM, 1 to 8. Default: DigiCert's. */
  readonly roots?: string
  /** Name of the certificate. Default: `messageverificationcerts.paypal.com`, or the sandbox's. */
  readonly certificateName?: string
  /** Gets certificates and asks PayPal. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for them. Default: the platform's. */
  readonly clock?: Clock
}

/** PayPal goes on trying for 3 days with the first try's time. */
const TOLERANCE_MS = 345_600_000

/**
 * PayPal: a signature with SHA-256 over ids, time and the body's CRC-32, with a certificate that
 * PayPal publishes. No secret of ours is needed. The certificate's chain is checked here, offline
 * once it has been fetched; where there is no certificate to trust, PayPal is asked, if there are
 * credentials.
 *
 * The CRC-32 is no protection: who has seen one delivery can make another body of the same CRC.
 * Receivers that remember do so by the transmission's id, which stops that; look the event up at
 * PayPal before something valuable depends on it.
 *
 * Make it once for all requests: it keeps certificates, and bounds how many are asked for.
 *
 * @example
 * const scheme = paypalWebhook({ webhookId: env.PAYPAL_WEBHOOK_ID })
 * const { event } = await readWebhook(request, { scheme })
 *
 * @throws TypeError when the webhook id is empty or the roots cannot be read
 * @see https://developer.paypal.com/api/rest/webhooks/rest/
 */
export function paypalWebhook(options: PaypalWebhookOptions): WebhookScheme {
  const { webhookId, environment = 'live', roots, credentials } = options
  const { fetch = systemFetch, clock = systemClock } = options
  const domain = environment === 'live' ? 'paypal.com' : 'sandbox.paypal.com'
  const { certificateName = `messageverificationcerts.${domain}` } = options
  if (!webhookId) throw new TypeError('Cannot verify PayPal webhooks: the webhook id is missing')
  const anchors: readonly TrustAnchor[] =
    roots === undefined ? digicertRoots() : readRoots('PayPal webhooks', roots)
  const certificates = createCertificateSource(
    { fetch, clock },
    async (chain, _url, now) =>
      isCertificateOf(chain[0], certificateName) && isTrustedChain(chain, anchors, now),
  )
  const askPaypal =
    credentials && createPaypalVerification({ fetch, clock }, `api-m.${domain}`, credentials)

  /** @returns `null` where PayPal is to be asked instead */
  async function findCertificate(url: string, now: number): Promise<CertifiedKey | null> {
    try {
      return await certificates.find(url, now)
    } catch (error) {
      if (error instanceof WebhookVerificationError && askPaypal !== undefined) return null
      throw error
    }
  }

  return {
    name: 'paypal',
    toleranceMs: TOLERANCE_MS,
    async verify(message, _secrets, policy) {
      const transmission = readTransmission(message)
      if (transmission === null) return 'missing_signature'
      const signature = readPaypalSignature(transmission)
      if (signature === null) return 'malformed_signature'
      const accepted = decideDate(transmission.time, policy)
      if (typeof accepted === 'string') return accepted
      if (!isCertificateUrl(transmission.certificateUrl, domain)) return 'untrusted_certificate'
      if (!isPossible(signature)) return 'signature_mismatch'

      const certificate = await findCertificate(transmission.certificateUrl, policy.now)
      // The certificate says which kind of key signs; where the header says another, PayPal knows.
      if (askPaypal !== undefined && certificate?.key.kind !== signature.kind) {
        const confirmed = await askPaypal(transmission, webhookId, message.payload, policy.now)
        return confirmed ? accepted : 'signature_mismatch'
      }
      if (certificate === null) return 'untrusted_certificate'
      const content = transmissionContent(transmission, webhookId, message)
      const fits = await certificate.key.verify(signature.hash, signature.bytes, content)
      if (!fits) return 'signature_mismatch'
      certificate.confirm()
      return accepted
    },
    identify: (event, { header }) => ({
      id: eventText(event, 'id'),
      idIsSigned: false,
      type: eventText(event, 'event_type'),
      replayId: header('paypal-transmission-id'),
    }),
  }
}

/** Compared as it is written: no port, user, dot segment, query or fragment, no other spelling. */
function isCertificateUrl(url: string, domain: string): boolean {
  const origin = [`https://api.${domain}`, `https://api-m.${domain}`].find((start) =>
    url.startsWith(`${start}/`),
  )
  const path = /^\/v1\/notifications\/certs\/[\w-]{1,128}$/
  return origin !== undefined && path.test(url.slice(origin.length))
}
