import { decodeBase64 } from '../../../../primitives/base64.ts'
import { isServer, isTrustedChain } from '../../../../primitives/certificate-chain.ts'
import { RSA_SIGNATURE_BYTES } from '../../../../primitives/public-key.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { isCertificateOf } from '../../../../primitives/x509.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { createCertificateSource, type TrustCertificates } from '../certificate-source.ts'
import { decideDate } from '../decide-date.ts'
import { eventText } from '../event-field.ts'
import { parseJson } from '../parse-json.ts'
import { readRoots } from '../read-roots.ts'
import type { WebhookScheme } from '../webhook-scheme.ts'
import { amazonRoots } from './amazon-roots.ts'
import { regionOfTopic, snsHost, type SnsRegion } from './sns-host.ts'
import { signedText } from './sns-message.ts'

/** Options of {@link snsWebhook}. */
export interface SnsWebhookOptions {
  /**
   * The topics that may send here. Any AWS account can sign for topics of its own: the topic is
   * half of the proof, and its region says from where the certificate may come.
   */
  readonly topicArns: readonly string[]
  /**
   * Authorities that SNS's certificates must come from, PEM. Default: where SNS serves more than
   * the certificate alone, Amazon's roots; a certificate alone is believed because of the host that
   * it was fetched from.
   */
  readonly roots?: string
  /** Gets the certificate. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for the certificate. Default: the platform's. */
  readonly clock?: Clock
}

/** SNS tries for up to an hour, and the time it signs is that of the publication. */
const TOLERANCE_MS = 7_200_000

const CERTIFICATE_PATH = /^\/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$/

/**
 * Amazon SNS, and SES through it: RSA over fields of the message, with a certificate that SNS
 * publishes under its own host in the topic's region. No secret of ours is needed. The type is the
 * message's `Type`; the event is the message, whose `Message` is text. `MessageAttributes` and
 * `UnsubscribeURL` are not signed.
 *
 * Make it once for all requests: it keeps certificates, and bounds how many are asked for.
 *
 * @example
 * const scheme = snsWebhook({ topicArns: ['arn:aws:sns:eu-west-1:123456789012:orders'] })
 * const { event } = await readWebhook(request, { scheme })
 *
 * @throws RangeError when no topic is given
 * @throws TypeError when one is no ARN of a topic, or the roots cannot be read
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function snsWebhook(options: SnsWebhookOptions): WebhookScheme {
  const { fetch = systemFetch, clock = systemClock } = options
  const regions = new Map(options.topicArns.map((arn) => [arn, checkTopic(arn)]))
  if (regions.size === 0) throw new RangeError('Cannot verify SNS messages: no topic is given')
  const certificates = createCertificateSource({ fetch, clock }, trustedIn(regions, options.roots))
  return {
    name: 'sns',
    toleranceMs: TOLERANCE_MS,
    async verify({ payload }, _secrets, policy) {
      const message = parseJson(payload)
      const url = eventText(message, 'SigningCertURL')
      const written = eventText(message, 'Signature')
      const version = eventText(message, 'SignatureVersion')
      if (url === null || written === null) return 'missing_signature'
      const signature = decodeBase64(written)
      const content = signedText(message)
      if (signature === null || (version !== '1' && version !== '2')) return 'malformed_signature'
      const accepted = decideDate(eventText(message, 'Timestamp'), policy)
      if (typeof accepted === 'string') return accepted
      const region = regions.get(eventText(message, 'TopicArn') ?? '')
      if (region === undefined) return 'unexpected_sender'
      if (content === null) return 'malformed_signature'
      const origin = `https://${snsHost(region)}`
      // Compared as it is written: no port, user, dot segment, query or fragment, no other
      // spelling.
      if (!url.startsWith(`${origin}/`) || !CERTIFICATE_PATH.test(url.slice(origin.length)))
        return 'untrusted_certificate'
      const { least, most } = RSA_SIGNATURE_BYTES
      if (signature.length < least || signature.length > most) return 'signature_mismatch'

      const certificate = await certificates.find(url, policy.now)
      if (certificate?.key.kind !== 'rsa') return 'untrusted_certificate'
      const hash = version === '1' ? 'SHA-1' : 'SHA-256'
      const fits = await certificate.key.verify(hash, signature, encodeUtf8(content))
      if (!fits) return 'signature_mismatch'
      certificate.confirm()
      return accepted
    },
    identify: (event) => ({
      id: eventText(event, 'MessageId'),
      idIsSigned: true,
      type: eventText(event, 'Type'),
    }),
  }
}

function checkTopic(arn: string): SnsRegion {
  const region = regionOfTopic(arn)
  if (region !== null) return region
  throw new TypeError(
    'Cannot verify SNS messages: topicArns holds what is no ARN of a topic, arn:aws:sns:<region>:<account>:<name> expected (or aws-cn, aws-us-gov, aws-eusc)',
  )
}

function trustedIn(
  regions: ReadonlyMap<string, SnsRegion>,
  pem: string | undefined,
): TrustCertificates {
  const anchors = pem === undefined ? amazonRoots() : readRoots('SNS messages', pem)
  return async (chain, url, now) => {
    const [leaf, ...others] = chain
    const host = new URL(url).host
    const region = [...regions.values()].find((candidate) => snsHost(candidate) === host)
    const names = region === undefined ? [] : certificateNames(region)
    if (!isServer(leaf, now) || !names.some((name) => isCertificateOf(leaf, name))) return false
    return (pem === undefined && others.length === 0) || isTrustedChain(chain, anchors, now)
  }
}

/**
 * What SNS's certificates are called: in the first regions for all of them, in later ones after
 * the region, and in China and GovCloud after one of theirs, as AWS's own SDK expects it.
 */
function certificateNames({ region, domain }: SnsRegion): readonly string[] {
  return [
    `sns.${domain}`,
    `sns.${region}.${domain}`,
    `sns-${region}.${domain}`,
    `sns-signing.${region}.${domain}`,
    ...(region.startsWith('us-gov-') ? [`sns-us-gov-west-1.${domain}`] : []),
  ]
}
