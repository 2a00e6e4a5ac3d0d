import { encodeBase64 } from '../../src/primitives/base64.ts'
import { encodeBase64Url } from '../../src/primitives/base64url.ts'
import { encodeHex } from '../../src/primitives/hex.ts'
import { createHmacKey, type HmacHash } from '../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import type { VerifyWebhookOptions } from '../../src/services/webhooks/receiving/verify-webhook.ts'
import { mailgunWebhook } from '../../src/services/webhooks/schemes/mailgun.ts'
import { messageSignatureWebhook } from '../../src/services/webhooks/schemes/message-signature.ts'
import { postmarkWebhook } from '../../src/services/webhooks/schemes/postmark.ts'
import { sendgridWebhook } from '../../src/services/webhooks/schemes/sendgrid.ts'
import { shopifyWebhook } from '../../src/services/webhooks/schemes/shopify.ts'
import { slackWebhook } from '../../src/services/webhooks/schemes/slack.ts'
import { squareWebhook } from '../../src/services/webhooks/schemes/square.ts'
import { twilioWebhook } from '../../src/services/webhooks/schemes/twilio/twilio.ts'
import { vonageWebhook } from '../../src/services/webhooks/schemes/vonage.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import type { WebhookSecret } from '../../src/services/webhooks/signing/webhook-keys.ts'
import { generateWebhookKeyPair } from '../../src/services/webhooks/signing/webhook-secret.ts'
import { openPaypal, PAYPAL_BODY } from './paypal-fixture.ts'
import { RECEIVED_AT, RECEIVER_URL, SHARED_SECRET } from './received-webhook.ts'
import { openSns } from './sns-fixture.ts'
import { generateKeys, signWith } from './test-certificates.ts'

/** One authentic message of a vendor, signed at {@link RECEIVED_AT}. */
export interface VendorMessage {
  readonly vendor: string
  readonly scheme: NonNullable<VerifyWebhookOptions['scheme']>
  readonly secrets: WebhookSecret | readonly WebhookSecret[]
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Makes a message of each scheme that this library knows. */
export async function vendorMessages(): Promise<readonly VendorMessage[]> {
  const at = RECEIVED_AT / 1000
  const body = '{"id":"e1","type":"order.paid","total":1.0}'
  const secrets = SHARED_SECRET
  const code = async (text: string, hash: HmacHash = 'SHA-256') =>
    createHmacKey(encodeUtf8(SHARED_SECRET), hash).sign(encodeUtf8(text))
  const pair = await generateWebhookKeyPair()
  const form = 'MessageSid=SM1&MessageStatus=sent'
  const token = { timestamp: String(at), token: 'a'.repeat(50) }
  const proof = { ...token, signature: encodeHex(await code(`${at}${token.token}`)) }
  const sendgrid = await generateKeys('P-256')
  const shown = new Uint8Array(await crypto.subtle.exportKey('spki', sendgrid.publicKey))
  const events = '[{"sg_event_id":"a"}]'
  const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(body)))
  const digest = `sha-256=:${encodeBase64(sha256)}:`
  const input = `("@method" "@target-uri" "content-digest");created=${at}`
  const base = [
    '"@method": POST',
    `"@target-uri": ${RECEIVER_URL}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${input}`,
  ].join('\n')
  const vonage = [
    { alg: 'HS256', typ: 'JWT' },
    { iat: at, jti: 'j1', iss: 'Vonage', payload_hash: encodeHex(sha256) },
  ]
    .map((part) => encodeBase64Url(encodeUtf8(JSON.stringify(part))))
    .join('.')
  const sns = await openSns()
  const paypal = await openPaypal()
  const times = { id: 'msg_1', timestamp: at }
  const standard = await signWebhook(body, encodeUtf8(SHARED_SECRET), times)
  return [
    {
      vendor: 'standard',
      scheme: 'standard',
      secrets: encodeUtf8(SHARED_SECRET),
      body,
      headers: { ...standard },
    },
    {
      vendor: 'standard, asymmetric',
      scheme: 'standard',
      secrets: pair.verificationKey,
      body,
      headers: { ...(await signWebhook(body, pair.signingKey, times)) },
    },
    {
      vendor: 'stripe',
      scheme: 'stripe',
      secrets,
      body,
      headers: {
        ...(await signWebhook(body, SHARED_SECRET, { scheme: 'stripe', timestamp: at })),
      },
    },
    {
      vendor: 'github',
      scheme: 'github',
      secrets,
      body,
      headers: { ...(await signWebhook(body, SHARED_SECRET, { scheme: 'github' })) },
    },
    {
      vendor: 'shopify',
      scheme: shopifyWebhook(),
      secrets,
      body,
      headers: { 'x-shopify-hmac-sha256': encodeBase64(await code(body)) },
    },
    {
      vendor: 'square',
      scheme: squareWebhook({ url: RECEIVER_URL }),
      secrets,
      body,
      headers: { 'x-square-hmacsha256-signature': encodeBase64(await code(RECEIVER_URL + body)) },
    },
    {
      vendor: 'slack',
      scheme: slackWebhook(),
      secrets,
      body,
      headers: {
        'x-slack-signature': `v0=${encodeHex(await code(`v0:${at}:${body}`))}`,
        'x-slack-request-timestamp': String(at),
      },
    },
    {
      vendor: 'mailgun',
      scheme: mailgunWebhook(),
      secrets,
      body: JSON.stringify({ signature: proof, 'event-data': { event: 'opened' } }),
      headers: {},
    },
    {
      vendor: 'postmark',
      scheme: postmarkWebhook(),
      secrets: 'postmark:correct-horse',
      body,
      headers: { authorization: `Basic ${btoa('postmark:correct-horse')}` },
    },
    {
      vendor: 'twilio',
      scheme: twilioWebhook({ url: RECEIVER_URL }),
      secrets,
      body: form,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': encodeBase64(
          await code(`${RECEIVER_URL}MessageSidSM1MessageStatussent`, 'SHA-1'),
        ),
      },
    },
    {
      vendor: 'sendgrid',
      scheme: sendgridWebhook(),
      secrets: encodeBase64(shown),
      body: events,
      headers: {
        'x-twilio-email-event-webhook-timestamp': String(at),
        'x-twilio-email-event-webhook-signature': encodeBase64(
          await signWith(sendgrid, encodeUtf8(at + events)),
        ),
      },
    },
    {
      vendor: 'vonage',
      scheme: vonageWebhook(),
      secrets,
      body,
      headers: { authorization: `Bearer ${vonage}.${encodeBase64Url(await code(vonage))}` },
    },
    {
      vendor: 'http-message-signature',
      scheme: messageSignatureWebhook(),
      secrets: encodeUtf8(SHARED_SECRET),
      body,
      headers: {
        'content-digest': digest,
        'signature-input': `s=${input}`,
        signature: `s=:${encodeBase64(await code(base))}:`,
      },
    },
    {
      vendor: 'sns',
      scheme: sns.scheme,
      secrets: [],
      body: await sns.message({}),
      headers: { 'content-type': 'text/plain' },
    },
    {
      vendor: 'paypal',
      scheme: paypal.scheme,
      secrets: [],
      body: PAYPAL_BODY,
      headers: await paypal.headers(),
    },
  ]
}
