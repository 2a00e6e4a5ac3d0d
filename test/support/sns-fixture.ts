import { encodeBase64 } from '../../src/primitives/base64.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import type { FetchClient } from '../../src/runtime/ports/platform/fetch-client.ts'
import { snsWebhook, type SnsWebhookOptions } from '../../src/services/webhooks/schemes/sns/sns.ts'
import type { WebhookScheme } from '../../src/services/webhooks/schemes/webhook-scheme.ts'
import { createFakeClock, type FakeClock } from '../../src/testing/index.ts'
import { receive, RECEIVED_AT } from './received-webhook.ts'
import { issueCertificate, type TestCertificate } from './test-certificates.ts'

export const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders'
export const SNS_CERTIFICATE =
  'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem'

/** SNS, a receiver of its messages, and the network between them. */
export interface SnsFixture {
  readonly clock: FakeClock
  readonly scheme: WebhookScheme
  /** URLs that the receiver asked for. */
  readonly fetched: string[]
  /** What the network answers next; first the certificate. */
  answer: () => Response | Promise<Response>
  /** What SNS would send, with some fields changed before it signs. */
  message(change: Readonly<Record<string, string>>): Promise<string>
  /** A message whose signature is of the right form, and no more. */
  forged(change: Readonly<Record<string, string>>): string
  read(body: string | Uint8Array<ArrayBuffer>): ReturnType<typeof receive>
}

/** @param certificate Default: one of SNS by itself, as SNS serves it */
export async function openSns(
  options: Partial<SnsWebhookOptions> = {},
  certificate?: TestCertificate,
  chain: readonly TestCertificate[] = [],
): Promise<SnsFixture> {
  const clock = createFakeClock(RECEIVED_AT)
  const own = certificate ?? (await issueCertificate({ name: 'sns.amazonaws.com' }))
  const pem = [own, ...chain].map((one) => one.pem).join('')
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', own.keys.privateKey)
  const fetched: string[] = []
  const fetch: FetchClient = async (url) => {
    fetched.push(url)
    return fixture.answer()
  }
  const scheme = snsWebhook({ topicArns: [TOPIC], fetch, clock, ...options })
  const fixture: SnsFixture = {
    clock,
    scheme,
    fetched,
    answer: () => new Response(pem),
    async message(change) {
      const fields = fieldsOf(change)
      const names =
        fields['Type'] === 'Notification'
          ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
          : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
      const text = names
        .map((name) => (fields[name] === undefined ? '' : `${name}\n${fields[name]}\n`))
        .join('')
      const hash = fields['SignatureVersion'] === '1' ? 'SHA-1' : 'SHA-256'
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
      const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
      const signature = await crypto.subtle.sign(algorithm.name, key, encodeUtf8(text))
      return JSON.stringify({ Signature: encodeBase64(new Uint8Array(signature)), ...fields })
    },
    forged: (change) =>
      JSON.stringify({ Signature: encodeBase64(new Uint8Array(256)), ...fieldsOf(change) }),
    read: (body) => receive(body, TEXT, { scheme, secrets: [], clock }),
  }
  return fixture
}

const TEXT = { 'content-type': 'text/plain; charset=UTF-8' }

function fieldsOf(change: Readonly<Record<string, string>>): Record<string, string> {
  return {
    Type: 'Notification',
    MessageId: 'm-1',
    TopicArn: TOPIC,
    Message: 'line\nbreak',
    Timestamp: '2026-01-01T11:30:00.000Z',
    SignatureVersion: '2',
    SigningCertURL: SNS_CERTIFICATE,
    ...change,
  }
}
