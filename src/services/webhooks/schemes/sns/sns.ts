import { decodeBase64 } from '../../../../primitives/base64.ts'
import { verifyRsa } from '../../../../primitives/rsa.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { systemClock, type Clock } from '../../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { createCertificateSource } from '../certificate-source.ts'
import { eventText } from '../event-field.ts'
import { judgeDate } from '../judge-date.ts'
import { parseJson } from '../parse-json.ts'
import { isSnsUrl } from './sns-url.ts'
import type { WebhookScheme } from '../webhook-scheme.ts'

/** Options of {@link snsWebhook}. */
export interface SnsWebhookOptions {
  /** The topics that may send here. Any AWS account can sign for topics of its own: the topic is half of the proof. */
  readonly topicArns: readonly string[]
  /** Gets the certificate. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Ends the wait for the certificate. Default: the platform's. */
  readonly clock?: Clock
}

/** SNS tries for up to an hour, and the time it signs is that of the publication. */
const TOLERANCE_MS = 7_200_000

const CERTIFICATE_PATH = /^\/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$/

/** What is signed, in this order, where the message has it; the types of messages have different ones. */
const NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
const CONFIRMATION = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
]

/**
 * Amazon SNS, and SES through it: RSA over fields of the message, with a certificate that SNS publishes under a host of
 * its own. No secret of ours is needed. The type is the message's `Type`; the event is the message, whose `Message` is
 * text.
 *
 * @throws RangeError when no topic is given
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export function snsWebhook(options: SnsWebhookOptions): WebhookScheme {
  const { fetch = systemFetch, clock = systemClock } = options
  const topicArns = new Set(options.topicArns)
  if (topicArns.size === 0) throw new RangeError('Cannot verify SNS messages: no topic is given')
  const certificates = createCertificateSource({ fetch, clock })
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
      if (signature === null || (version !== '1' && version !== '2')) return 'malformed_signature'
      const accepted = judgeDate(eventText(message, 'Timestamp'), policy)
      if (typeof accepted === 'string') return accepted
      if (!topicArns.has(eventText(message, 'TopicArn') ?? '')) return 'unexpected_sender'
      if (!isSnsUrl(url, CERTIFICATE_PATH)) return 'untrusted_certificate'

      const [certificate] = (await certificates(url, policy.now)) ?? []
      if (certificate === undefined) return 'untrusted_certificate'
      const { notBefore, notAfter, publicKey } = certificate
      if (policy.now < notBefore || policy.now > notAfter) return 'untrusted_certificate'
      const content = encodeUtf8(signedText(message))
      const hash = version === '1' ? 'SHA-1' : 'SHA-256'
      const fits = await verifyRsa(publicKey, hash, signature, content)
      return fits ? accepted : 'signature_mismatch'
    },
    identify: (event) => ({
      id: eventText(event, 'MessageId'),
      idIsSigned: true,
      type: eventText(event, 'Type'),
    }),
  }
}

function signedText(message: unknown): string {
  const names = eventText(message, 'Type') === 'Notification' ? NOTIFICATION : CONFIRMATION
  return names
    .map((name) => ({ name, value: eventText(message, name) }))
    .map(({ name, value }) => (value === null ? '' : `${name}\n${value}\n`))
    .join('')
}
