import { apns } from '../../../../src/services/notifications/providers/apns.ts'
import { discord } from '../../../../src/services/notifications/providers/discord.ts'
import { fcm } from '../../../../src/services/notifications/providers/fcm.ts'
import { mailgun } from '../../../../src/services/notifications/providers/mailgun.ts'
import { postmark } from '../../../../src/services/notifications/providers/postmark.ts'
import {
  providerLaws,
  type ProviderHarness,
} from '../../../../src/services/notifications/providers/provider.conformance.ts'
import type { Provider } from '../../../../src/services/notifications/providers/provider.ts'
import { resend } from '../../../../src/services/notifications/providers/resend.ts'
import { sendgrid } from '../../../../src/services/notifications/providers/sendgrid.ts'
import { ses } from '../../../../src/services/notifications/providers/ses.ts'
import { slack } from '../../../../src/services/notifications/providers/slack.ts'
import { sns } from '../../../../src/services/notifications/providers/sns.ts'
import { teams } from '../../../../src/services/notifications/providers/teams.ts'
import { twilio } from '../../../../src/services/notifications/providers/twilio.ts'
import { vonage } from '../../../../src/services/notifications/providers/vonage.ts'
import {
  generateVapidKeys,
  webPush,
} from '../../../../src/services/notifications/providers/web-push.ts'
import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { encodeBase64Url } from '../../../../src/primitives/base64url.ts'
import {
  fullEmail,
  outgoingChat,
  outgoingPush,
  outgoingSms,
} from '../../../support/notifications/outgoing-messages.ts'
import { suite, type Suite } from '../../suite.ts'

const SECRET = 'very-secret-key'
const aws = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, region: 'eu-west-1' }
const email = fullEmail()
const sms = outgoingSms({ from: '+15550100' })
const SNS_ANSWER = '<PublishResult><MessageId>id-1</MessageId></PublishResult>'

/** One provider with a message for it, and how its vendor says yes. */
function harnessOf<Message>(
  open: () => Provider<Message> | Promise<Provider<Message>>,
  message: Message,
  accepted: () => Response,
  acceptedId: string | null,
): ProviderHarness {
  return {
    // The laws hand back the very message that stands here.
    open: async () => await open(),
    message,
    accepted,
    acceptedId,
    secrets: [SECRET, 'ann@example.com', '+48123456789', 'Zażółć'],
  }
}

const harnesses: Readonly<Record<string, ProviderHarness>> = {
  sendgrid: harnessOf(
    () => sendgrid({ apiKey: SECRET }),
    email,
    () => new Response(null, { status: 202, headers: { 'x-message-id': 'id-1' } }),
    'id-1',
  ),
  resend: harnessOf(
    () => resend({ apiKey: SECRET }),
    email,
    () => Response.json({ id: 'id-1' }),
    'id-1',
  ),
  postmark: harnessOf(
    () => postmark({ serverToken: SECRET }),
    email,
    () => Response.json({ MessageID: 'id-1', ErrorCode: 0 }),
    'id-1',
  ),
  mailgun: harnessOf(
    () => mailgun({ apiKey: SECRET, domain: 'mg.example.com' }),
    email,
    () => Response.json({ id: '<id-1>' }),
    'id-1',
  ),
  ses: harnessOf(
    () => ses(aws),
    email,
    () => Response.json({ MessageId: 'id-1' }),
    'id-1',
  ),
  twilio: harnessOf(
    () => twilio({ accountSid: 'AC1', authToken: SECRET }),
    sms,
    () => Response.json({ sid: 'id-1' }, { status: 201 }),
    'id-1',
  ),
  vonage: harnessOf(
    () => vonage({ apiKey: 'key', apiSecret: SECRET }),
    sms,
    () => Response.json({ message_uuid: 'id-1' }, { status: 202 }),
    'id-1',
  ),
  sns: harnessOf(
    () => sns(aws),
    sms,
    () => new Response(SNS_ANSWER),
    'id-1',
  ),
  fcm: harnessOf(
    async () =>
      fcm({
        serviceAccount: {
          project_id: 'p',
          client_email: 'e@example.com',
          private_key: await privateKey({
            name: 'RSASSA-PKCS1-v1_5',
            hash: 'SHA-256',
            modulusLength: 2048,
            publicExponent: new Uint8Array([1, 0, 1]),
          }),
        },
      }),
    outgoingPush({ title: 'Zażółć' }),
    () => Response.json({ name: 'id-1' }),
    'id-1',
  ),
  apns: harnessOf(
    async () =>
      apns({
        key: await privateKey({ name: 'ECDSA', namedCurve: 'P-256' }),
        keyId: 'K',
        teamId: 'T',
        topic: 'com.example',
      }),
    outgoingPush({ title: 'Zażółć', target: { token: 'ab'.repeat(32) } }),
    () => new Response(null, { headers: { 'apns-id': 'id-1' } }),
    'id-1',
  ),
  'web-push': harnessOf(
    async () => webPush({ ...(await generateVapidKeys()), subject: 'mailto:ops@example.com' }),
    outgoingPush({ title: 'Zażółć', target: subscription() }),
    () => new Response(null, { status: 201, headers: { location: 'id-1' } }),
    'id-1',
  ),
  slack: harnessOf(
    () => slack({ webhookUrl: `https://hooks.slack.com/services/${SECRET}` }),
    outgoingChat({ text: 'Zażółć' }),
    () => new Response('ok'),
    null,
  ),
  teams: harnessOf(
    () => teams({ webhookUrl: `https://x.logic.azure.com/workflows/1?sig=${SECRET}` }),
    outgoingChat({ text: 'Zażółć' }),
    () => new Response(null, { status: 202 }),
    null,
  ),
  discord: harnessOf(
    () => discord({ webhookUrl: `https://discord.com/api/webhooks/1/${SECRET}` }),
    outgoingChat({ text: 'Zażółć' }),
    () => Response.json({ id: 'id-1' }),
    'id-1',
  ),
}

/** The laws of providers, bound to each that speaks HTTP. */
export function notificationProviderSuites(): readonly Suite[] {
  return Object.entries(harnesses).map(([name, harness]) =>
    suite('NotificationProvider', name, providerLaws, harness),
  )
}

async function privateKey(algorithm: RsaHashedKeyGenParams | EcKeyGenParams): Promise<string> {
  const { privateKey: key } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const der = new Uint8Array(await crypto.subtle.exportKey('pkcs8', key))
  return `-----BEGIN PRIVATE KEY-----\n${encodeBase64(der)}\n-----END PRIVATE KEY-----\n`
}

/** The browser of RFC 8291, appendix A. */
function subscription() {
  return {
    endpoint: 'https://updates.push.services.mozilla.com/wpush/v2/abc',
    keys: {
      p256dh:
        'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      auth: encodeBase64Url(new Uint8Array(16)),
    },
  }
}
