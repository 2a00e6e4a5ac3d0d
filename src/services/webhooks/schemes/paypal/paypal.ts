import { decodeBase64 } from '../../../../primitives/base64.ts'
import { isTrustedChain, type TrustAnchor } from '../../../../primitives/certificate-chain.ts'
import { verifyRsa } from '../../../../primitives/rsa.ts'
import { readCertificates } from '../../../../primitives/x509.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import {
  WebhookVerificationError,
  type WebhookVerificationCode,
} from '../../webhook-verification-error.ts'
import { createCertificateSource } from '../certificate-source.ts'
import { digicertRoots } from './digicert-roots.ts'
import { eventText } from '../event-field.ts'
import { judgeDate } from '../judge-date.ts'
import { readTransmission, transmissionContent } from './paypal-transmission.ts'
import { createPaypalVerification, type PaypalCredentials } from './paypal-verification.ts'
import type { WebhookScheme } from '../webhook-scheme.ts'

/** Options of {@link paypalWebhook}. */
export interface PaypalWebhookOptions {
  /** The id that PayPal gave the webhook; it is signed, so another webhook's deliveries are not accepted. */
  readonly webhookId: string
  /** Default `live`. */
  readonly environment?: 'live' | 'sandbox'
  /** Asks PayPal when the certificate cannot be had or trusted. Default: such a webhook is refused. */
  readonly credentials?: PaypalCredentials
  /** Roots that PayPal's certificates must come from, PEM. Default: DigiCert's. */
  readonly roots?: string
  /** Common name of the certificate. Default: `messageverificationcerts.paypal.com`, or the sandbox's. */
  readonly certificateName?: string
  /** Gets certificates and asks PayPal. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for them. Default: the platform's. */
  readonly clock?: Clock
}

/** PayPal goes on trying for 3 days with the first try's time. */
const TOLERANCE_MS = 345_600_000

/**
 * PayPal: RSA with SHA-256 over ids, time and the body's CRC-32, with a certificate that PayPal publishes. No secret of
 * ours is needed. The certificate's chain is checked here, offline once it has been fetched; where that fails for want of
 * a certificate to trust, PayPal is asked, if there are credentials.
 *
 * The CRC-32 is no protection: who has seen one delivery can make another body of the same CRC. Receivers that remember do
 * so by the transmission's id, which stops that; look the event up at PayPal before something valuable depends on it.
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
  const anchors = roots === undefined ? digicertRoots() : readRoots(roots)
  const certificates = createCertificateSource({ fetch, clock })
  const askPaypal =
    credentials && createPaypalVerification({ fetch, clock }, `api-m.${domain}`, credentials)

  /** @returns The public key behind the URL, or why there is none to trust */
  async function trustedKey(
    url: string,
    now: number,
  ): Promise<Uint8Array<ArrayBuffer> | WebhookVerificationCode> {
    try {
      const chain = await certificates(url, now)
      const [leaf] = chain ?? []
      if (chain === null || leaf?.commonName !== certificateName) return 'untrusted_certificate'
      return (await isTrustedChain(chain, anchors, now)) ? leaf.publicKey : 'untrusted_certificate'
    } catch (error) {
      if (error instanceof WebhookVerificationError && askPaypal !== undefined) return error.code
      throw error
    }
  }

  return {
    name: 'paypal',
    toleranceMs: TOLERANCE_MS,
    async verify(message, _secrets, policy) {
      const transmission = readTransmission(message)
      if (transmission === null) return 'missing_signature'
      const { id, time, certificateUrl, algorithm } = transmission
      const signature = decodeBase64(transmission.signature)
      if (signature === null || id.includes('|') || algorithm !== 'SHA256withRSA')
        return 'malformed_signature'
      const accepted = judgeDate(time, policy)
      if (typeof accepted === 'string') return accepted
      if (!isCertificateUrl(certificateUrl, domain)) return 'untrusted_certificate'

      const key = await trustedKey(certificateUrl, policy.now)
      if (typeof key !== 'string') {
        const content = transmissionContent(transmission, webhookId, message)
        const fits = await verifyRsa(key, 'SHA-256', signature, content)
        return fits ? accepted : 'signature_mismatch'
      }
      if (askPaypal === undefined) return key
      const confirmed = await askPaypal(transmission, webhookId, message.payload)
      return confirmed ? accepted : 'signature_mismatch'
    },
    identify: (event, { header }) => ({
      id: eventText(event, 'id'),
      idIsSigned: false,
      type: eventText(event, 'event_type'),
      replayId: header('paypal-transmission-id') ?? '',
    }),
  }
}

function readRoots(pem: string): readonly TrustAnchor[] {
  const roots = readCertificates(pem)
  if (roots === null)
    throw new TypeError('Cannot verify PayPal webhooks: the roots are no certificates in PEM')
  return roots
}

function isCertificateUrl(text: string, domain: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    url.protocol === 'https:' &&
    (url.host === `api.${domain}` || url.host === `api-m.${domain}`) &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    /^\/v1\/notifications\/certs\/[\w-]{1,128}$/.test(url.pathname)
  )
}
