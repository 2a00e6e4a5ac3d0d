import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { encodeHex } from '../../../../src/primitives/hex.ts'
import { createHmacKey } from '../../../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { mailgunWebhook } from '../../../../src/services/webhooks/schemes/mailgun.ts'
import { messageSignatureWebhook } from '../../../../src/services/webhooks/schemes/message-signature.ts'
import { messageSignatureLaws } from './message-signature-laws.ts'
import { postmarkWebhook } from '../../../../src/services/webhooks/schemes/postmark.ts'
import { shopifyWebhook } from '../../../../src/services/webhooks/schemes/shopify.ts'
import { sendgridWebhook } from '../../../../src/services/webhooks/schemes/sendgrid.ts'
import { slackWebhook } from '../../../../src/services/webhooks/schemes/slack.ts'
import { squareWebhook } from '../../../../src/services/webhooks/schemes/square.ts'
import { twilioWebhook } from '../../../../src/services/webhooks/schemes/twilio/twilio.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import type { WebhookScheme } from '../../../../src/services/webhooks/schemes/webhook-scheme.ts'
import { createFakeClock } from '../../../../src/testing/index.ts'
import { suite, type Suite } from '../../suite.ts'
import type { ReceiveWebhookOptions } from '../../../../src/services/webhooks/receiving/webhook-reception.ts'
import {
  expectRefusal,
  receive,
  RECEIVED_AT,
  SHARED_SECRET,
} from '../../../support/received-webhook.ts'

/** What the schemes of each vendor that signs with a shared secret accept and refuse. */
export function webhookVendorSuites(): readonly Suite[] {
  return [suite('webhook vendors', 'pure', [...vendorLaws, ...messageSignatureLaws], null)]
}

const clock = createFakeClock(RECEIVED_AT)

const vendorLaws: readonly Law<null>[] = [
  {
    name: 'shopifyWebhook() and squareWebhook() read HMAC-SHA256 in base64, Square over its URL too',
    async run() {
      const body = '{"merchant_id":"M1","type":"payment.updated","event_id":"e1"}'
      const url = 'https://example.com/webhooks/square'
      const over = async (text: string) =>
        encodeBase64(await createHmacKey(encodeUtf8(SHARED_SECRET)).sign(encodeUtf8(text)))
      const shopify = { scheme: shopifyWebhook() }
      const square = { scheme: squareWebhook({ url }) }
      expectEqual(await verifyWebhook(body, await over(body), SHARED_SECRET, shopify), true)
      expectEqual(await verifyWebhook(body, await over(url + body), SHARED_SECRET, square), true)
      expectEqual(await verifyWebhook(body, await over(body), SHARED_SECRET, square), false)
      const headers = { 'x-square-hmacsha256-signature': await over(url + body) }
      const { id, type } = await read(body, headers, square.scheme)
      expectEqual([id, type], ['e1', 'payment.updated'])
    },
  },
  {
    name: 'mailgunWebhook() checks the proof inside the body, and tells repetitions by its token',
    async run() {
      const timestamp = String(RECEIVED_AT / 1000)
      const token = 'a'.repeat(50)
      const code = await createHmacKey(encodeUtf8(SHARED_SECRET)).sign(
        encodeUtf8(timestamp + token),
      )
      const proof = { timestamp, token, signature: encodeHex(code) }
      const body = (signature: unknown) =>
        JSON.stringify({ signature, 'event-data': { event: 'opened', id: 'x' } })
      const { id, type, replayId } = await read(body(proof), {}, mailgunWebhook())
      expectEqual([id, type, replayId], ['x', 'opened', token])
      for (const [wrong, code] of [
        [{ ...proof, token: 'b'.repeat(50) }, 'signature_mismatch'],
        [{ ...proof, signature: proof.signature.toUpperCase() }, 'malformed_signature'],
        [{ ...proof, timestamp: Number(timestamp) }, 'missing_signature'],
        [undefined, 'missing_signature'],
      ] as const)
        await expectRefusal(() => read(body(wrong), {}, mailgunWebhook()), code)
      await expectRefusal(() => read('signature=x', {}, mailgunWebhook()), 'missing_signature')
    },
  },
  {
    name: 'postmarkWebhook() compares user and password',
    async run() {
      const scheme = postmarkWebhook()
      const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` })
      const body = '{"RecordType":"Delivery","MessageID":"m1"}'
      const login = 'postmark:correct-horse'
      expectEqual(await verifyWebhook(body, basic(login), login, { scheme }), true)
      expectEqual(
        await verifyWebhook(body, basic(login), ['postmark:something-else', login], { scheme }),
        true,
      )
      for (const other of ['postmark:correct-horsf', 'postmark:correct-hors', '', `${login}x`])
        expectEqual(await verifyWebhook(body, basic(other), login, { scheme }), false)
      await expectRejection(
        () => verifyWebhook(body, basic(login), 'nocolonnocolonnocolon', { scheme }),
        (error) => error instanceof TypeError,
        'a TypeError',
      )
    },
  },
  {
    name: 'twilioWebhook() takes the URL that this server sees, with or without the port, or the public one it is told',
    async run() {
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const body = 'MessageSid=SM1&MessageStatus=delivered&Note=a+%26+b&Empty=&Tag=2&Tag=1&Tag=2'
      const fields =
        'Empty' + 'MessageSidSM1' + 'MessageStatusdelivered' + 'Notea & b' + 'Tag1' + 'Tag2'
      const sign = async (text: string) => ({
        ...form,
        'x-twilio-signature': encodeBase64(
          await createHmacKey(encodeUtf8(SHARED_SECRET), 'SHA-1').sign(encodeUtf8(text)),
        ),
      })
      const url = 'https://receiver.example.com/hooks'
      for (const [signedUrl, scheme] of [
        [url, twilioWebhook()],
        ['https://receiver.example.com:443/hooks', twilioWebhook()],
        ['https://public.example.com/t', twilioWebhook({ url: 'https://public.example.com/t' })],
        [
          'http://receiver.example.com/hooks',
          twilioWebhook({ url: (seen) => seen.replace('https', 'http') }),
        ],
      ] as const) {
        const { id, type } = await read(body, await sign(signedUrl + fields), scheme)
        expectEqual([id, type], ['SM1', 'message.delivered'])
      }
      const headers = await sign(url + fields)
      await expectRefusal(
        () => read(body.replace('Empty=', 'Empty=x'), headers, twilioWebhook()),
        'signature_mismatch',
      )
      const json = { ...headers, 'content-type': 'application/json' }
      await expectRefusal(() => read(body, json, twilioWebhook()), 'signature_mismatch')
      await expectRefusal(
        () => read(new Uint8Array([0xff, 0x3d]), headers, twilioWebhook()),
        'signature_mismatch',
      )
      await expectRejection(
        () => verifyWebhook(body, headers, SHARED_SECRET, { scheme: twilioWebhook() }),
        (error) => error instanceof TypeError && error.message.includes('twilioWebhook({ url })'),
        'a TypeError that names the url option',
      )
    },
  },
  {
    name: 'every scheme says plainly that a secret begins or ends with a line break',
    async run() {
      const schemes = [
        ...(['standard', 'stripe', 'github'] as const),
        ...[shopifyWebhook(), slackWebhook(), mailgunWebhook(), postmarkWebhook()],
        ...[squareWebhook({ url: 'https://e.example' }), sendgridWebhook()],
        ...[twilioWebhook({ url: 'https://e.example' }), messageSignatureWebhook()],
      ]
      for (const scheme of schemes)
        for (const secret of [`${SHARED_SECRET}\n`, `${SHARED_SECRET}\r\n`, `\n${SHARED_SECRET}`])
          await expectRejection(
            () => verifyWebhook('{}', {}, secret, { scheme }),
            (error) => error instanceof TypeError && error.message.includes('line break'),
            'a TypeError that tells of the line break',
          )
    },
  },
]

function read(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  scheme: WebhookScheme,
  secrets: ReceiveWebhookOptions['secrets'] = SHARED_SECRET,
): ReturnType<typeof receive> {
  return receive(body, headers, { scheme, secrets, clock })
}
