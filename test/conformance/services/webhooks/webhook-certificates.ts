import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { crc32 } from '../../../../src/primitives/crc32.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import { WebhookVerificationError } from '../../../../src/services/webhooks/webhook-verification-error.ts'
import { confirmSnsSubscription } from '../../../../src/services/webhooks/schemes/sns/confirm-sns-subscription.ts'
import {
  paypalWebhook,
  type PaypalWebhookOptions,
} from '../../../../src/services/webhooks/schemes/paypal/paypal.ts'
import { snsWebhook } from '../../../../src/services/webhooks/schemes/sns/sns.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import type { WebhookScheme } from '../../../../src/services/webhooks/schemes/webhook-scheme.ts'
import { createFakeClock } from '../../../../src/testing/index.ts'
import {
  issueCertificate,
  type IssueOptions,
  type TestCertificate,
} from '../../../support/test-certificates.ts'
import { suite, type Suite } from '../../suite.ts'
import type { ReceiveWebhookOptions } from '../../../../src/services/webhooks/receiving/receive-webhook.ts'
import {
  expectRefusal,
  receive,
  RECEIVED_AT,
  SHARED_SECRET,
} from '../../../support/received-webhook.ts'
import { digicertRoots } from '../../../../src/services/webhooks/schemes/paypal/digicert-roots.ts'

/** What the schemes of vendors that sign with a certificate accept and refuse, with certificates made for the run. */
export function webhookCertificateSuites(): readonly Suite[] {
  return [suite('webhook certificates', 'pure', certificateLaws, null)]
}

const clock = createFakeClock(RECEIVED_AT)

const certificateLaws: readonly Law<null>[] = [
  {
    name: 'snsWebhook() accepts what SNS signs for the topic, in both versions, and asks for the certificate once',
    async run() {
      const { message, scheme, fetched } = await openSns()
      for (const version of ['1', '2']) {
        const { id, type, event } = await read(
          await message({ SignatureVersion: version }),
          TEXT,
          scheme,
          [],
        )
        expectEqual([id, type], ['m-1', 'Notification'])
        expectEqual(Reflect.get(Object(event), 'Message'), 'line\nbreak')
      }
      await read(await message({ Subject: 'Hi' }), TEXT, scheme)
      expectEqual(fetched, [SNS_CERTIFICATE])
    },
  },
  {
    name: 'snsWebhook() refuses another topic, host, body, time or certificate',
    async run() {
      const { message, scheme, fetched } = await openSns()
      const good = await message({})
      for (const [body, code] of [
        [good.replace('line', 'lime'), 'signature_mismatch'],
        [await message({ TopicArn: 'arn:aws:sns:us-east-1:666:orders' }), 'unexpected_sender'],
        [await message({ Timestamp: '2026-01-01T09:00:00.000Z' }), 'timestamp_too_old'],
        [await message({ Timestamp: '1 Jan 2026' }), 'malformed_timestamp'],
        [await message({ SignatureVersion: '3' }), 'malformed_signature'],
        [await message({ Signature: '!' }), 'malformed_signature'],
        [await message({ Signature: 'AAAA' }), 'signature_mismatch'],
        [await message({ Signature: '' }), 'signature_mismatch'],
        ['{}', 'missing_signature'],
        ['[]', 'missing_signature'],
        ['nonsense', 'missing_signature'],
      ] as const)
        await expectRefusal(() => read(body, TEXT, scheme), code)
      const before = fetched.length
      for (const url of HOSTILE_CERTIFICATES) {
        const body = await message({ SigningCertURL: url })
        await expectRefusal(() => read(body, TEXT, scheme), 'untrusted_certificate')
      }
      expectEqual(fetched.length, before, 'certificates asked for')
    },
  },
  {
    name: 'snsWebhook() says that it could not ask when the certificate does not come, and follows no redirect',
    async run() {
      const { message } = await openSns()
      const answers = [
        () => Promise.reject(new TypeError('network')),
        () => new Response(null, { status: 302, headers: { location: SNS_CERTIFICATE } }),
        () => new Response('x'.repeat(70_000)),
        () => new Response(null, { status: 500 }),
      ]
      const topicArns = [TOPIC]
      for (const answer of answers) {
        const modes: unknown[] = []
        const fetch: FetchClient = async (_url, init) => {
          modes.push(init.redirect)
          return answer()
        }
        const scheme = snsWebhook({ topicArns, fetch, clock })
        const body = await message({})
        await expectRefusal(() => read(body, TEXT, scheme), 'key_unavailable')
        await expectRejection(
          () => verifyWebhook(body, {}, [], { scheme, clock }),
          (error) => error instanceof WebhookVerificationError && error.status === 503,
          'verifyWebhook() to throw, not to say false',
        )
        expectEqual(modes, ['manual', 'manual'])
      }
      const junk = snsWebhook({ topicArns, fetch: async () => new Response('junk'), clock })
      const body = await message({})
      await expectRefusal(() => read(body, TEXT, junk, []), 'untrusted_certificate')
      const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
      const silent = snsWebhook({
        topicArns,
        clock,
        fetch: () => {
          ask()
          return new Promise(() => undefined)
        },
      })
      const waiting = expectRefusal(() => read(body, TEXT, silent, []), 'key_unavailable')
      await asked
      await clock.advance(6000)
      await waiting
    },
  },
  {
    name: 'confirmSnsSubscription() visits only a URL of SNS',
    async run() {
      const visited: string[] = []
      const fetch: FetchClient = async (url) => {
        visited.push(url)
        return new Response('<ok/>')
      }
      const url = 'https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=t'
      const event = { Type: 'SubscriptionConfirmation', SubscribeURL: url }
      await confirmSnsSubscription(event, { fetch, clock })
      for (const other of [
        { ...event, SubscribeURL: 'https://sns.us-east-1.amazonaws.com.evil.example/?Action=x' },
        { ...event, SubscribeURL: 'http://sns.us-east-1.amazonaws.com/?Action=x' },
        { ...event, Type: 'Notification' },
        null,
      ])
        await expectRejection(
          () => confirmSnsSubscription(other, { fetch, clock }),
          (error) => error instanceof TypeError,
          'a TypeError',
        )
      expectEqual(visited, [url])
    },
  },
  {
    name: 'paypalWebhook() accepts a chain that ends at an anchor, and the body as it was sent',
    async run() {
      const { headers, options, fetched } = await openPaypal()
      const scheme = paypalWebhook(options)
      const { id, type } = await read(PAYPAL_BODY, await headers({}), scheme)
      expectEqual([id, type], ['WH-1', 'PAYMENT.CAPTURE.COMPLETED'])
      expectEqual(await verifyWebhook(PAYPAL_BODY, await headers({}), [], { scheme, clock }), true)
      expectEqual(fetched, [PAYPAL_CERTIFICATE])
      expectEqual(crc32(encodeUtf8('123456789')), 0xcbf43926)
    },
  },
  {
    name: 'paypalWebhook() refuses another body, webhook, algorithm, time or certificate URL',
    async run() {
      const { headers, options, fetched } = await openPaypal()
      const scheme = paypalWebhook(options)
      const other = paypalWebhook({ ...options, webhookId: 'OTHER' })
      const good = await headers({})
      await expectRefusal(
        () => read(PAYPAL_BODY.replace('1.0', '1'), good, scheme),
        'signature_mismatch',
      )
      await expectRefusal(() => read(PAYPAL_BODY, good, other, []), 'signature_mismatch')
      for (const [change, code] of [
        [{ 'paypal-auth-algo': 'SHA1withRSA' }, 'malformed_signature'],
        [{ 'paypal-transmission-sig': '!' }, 'malformed_signature'],
        [{ 'paypal-transmission-sig': 'AAAA' }, 'signature_mismatch'],
        [{ 'paypal-transmission-id': 'a|b' }, 'malformed_signature'],
        [{ 'paypal-transmission-time': '2025-12-20T00:00:00Z' }, 'timestamp_too_old'],
        [{ 'paypal-transmission-time': '2026-01-02T00:00:00Z' }, 'timestamp_too_new'],
        [{ 'paypal-transmission-id': '' }, 'missing_signature'],
      ] as const)
        await expectRefusal(() => read(PAYPAL_BODY, { ...good, ...change }, scheme), code)
      const before = fetched.length
      for (const url of [
        'https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1',
        'https://evil.example/v1/notifications/certs/CERT-1',
        'http://api.paypal.com/v1/notifications/certs/CERT-1',
        'https://api.paypal.com:8443/v1/notifications/certs/CERT-1',
        'https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1',
        'https://user@api.paypal.com/v1/notifications/certs/CERT-1',
        'https://api.paypal.com/v1/notifications/certs/../../../x',
        'https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1',
        'https://api.paypal.com/v1/notifications/certs/CERT-1?x=y',
        'nonsense',
      ]) {
        const hostile = await headers({ 'paypal-cert-url': url })
        await expectRefusal(() => read(PAYPAL_BODY, hostile, scheme), 'untrusted_certificate')
      }
      expectEqual(fetched.length, before, 'certificates asked for')
    },
  },
  {
    name: 'paypalWebhook() refuses a chain that is broken, expired, of another name or of another root',
    async run() {
      const root = await issueCertificate({ name: 'Root', isAuthority: true })
      const { keys } = root
      const authority = { name: 'Issuer', issuer: root, isAuthority: true, keys }
      const leaf = { name: 'messageverificationcerts.paypal.com', keys }
      const chains: readonly (readonly [what: string, options: readonly IssueOptions[]])[] = [
        ['not an authority', [leaf, { ...authority, isAuthority: false }]],
        ['an authority whose key may not sign', [leaf, { ...authority, maySign: false }]],
        ['expired issuer', [leaf, { ...authority, notAfter: RECEIVED_AT - 1 }]],
        ['future issuer', [leaf, { ...authority, notBefore: RECEIVED_AT + 3_600_000 }]],
        ['demanding issuer', [leaf, { ...authority, demands: true }]],
        ['expired leaf', [{ ...leaf, notAfter: RECEIVED_AT - 1 }, authority]],
        ['demanding leaf', [{ ...leaf, demands: true }, authority]],
        [
          'other name',
          [{ ...leaf, name: 'messageverificationcerts.paypal.com.evil.example' }, authority],
        ],
        ['path too long', [leaf, { ...authority, name: 'Low' }, { ...authority, pathLength: 0 }]],
      ]
      for (const [what, links] of chains) {
        const { headers, options } = await openPaypal(root, links)
        const scheme = paypalWebhook(options)
        await expectRefusal(
          async () => read(PAYPAL_BODY, await headers({}), scheme),
          'untrusted_certificate',
          what,
        )
      }
      const { headers, options } = await openPaypal(root, [leaf, authority])
      const good = await headers({})
      await read(PAYPAL_BODY, good, paypalWebhook(options), [])
      const stranger = await issueCertificate({ name: 'Root', isAuthority: true })
      const { roots: _ours, ...withDigicert } = options
      for (const other of [{ ...options, roots: stranger.pem }, withDigicert])
        await expectRefusal(
          () => read(PAYPAL_BODY, good, paypalWebhook(other)),
          'untrusted_certificate',
        )
      expectTrue(digicertRoots().length === 4, 'the roots of DigiCert to be readable')
    },
  },
  {
    name: 'paypalWebhook() asks PayPal when there is no certificate to trust, with the body as it was sent',
    async run() {
      const { headers, options } = await openPaypal()
      const requests: {
        readonly url: string
        readonly body: unknown
        readonly auth: string | null
      }[] = []
      let status = 'SUCCESS'
      const fetch: FetchClient = async (url, init) => {
        requests.push({
          url,
          body: init.body,
          auth: new Headers(init.headers).get('authorization'),
        })
        if (url.includes('/certs/')) return new Response(null, { status: 404 })
        if (url.endsWith('/oauth2/token'))
          return Response.json({ access_token: 'T', expires_in: 3600 })
        return Response.json({ verification_status: status })
      }
      const credentials = { clientId: 'id', clientSecret: 'secret' }
      const scheme = paypalWebhook({ ...options, fetch, credentials })
      const good = await headers({})
      await read(PAYPAL_BODY, good, scheme)
      const [, token, question] = requests
      expectEqual(
        [token?.url, token?.auth],
        ['https://api-m.paypal.com/v1/oauth2/token', `Basic ${btoa('id:secret')}`],
      )
      expectEqual(question?.auth, 'Bearer T')
      expectTrue(
        String(question?.body).endsWith(`,"webhook_event":${PAYPAL_BODY}}`),
        'the very body to be sent',
      )
      expectEqual(JSON.parse(String(question?.body)).webhook_id, 'WEBHOOK-1')
      status = 'FAILURE'
      await expectRefusal(() => read(PAYPAL_BODY, good, scheme), 'signature_mismatch')
      const injected = '{}, "webhook_id": "EVIL", "x": {}'
      const asked = requests.length
      await expectRefusal(() => read(injected, good, scheme), 'signature_mismatch')
      expectEqual(
        requests.slice(asked).filter(({ url }) => url.includes('verify')),
        [],
      )
      await expectRefusal(
        () => read(PAYPAL_BODY, good, paypalWebhook({ ...options, fetch }), []),
        'key_unavailable',
      )
    },
  },
]

const TEXT = { 'content-type': 'text/plain; charset=UTF-8' }
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders'
const SNS_CERTIFICATE =
  'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem'

const HOSTILE_CERTIFICATES = [
  'https://evil.example/SimpleNotificationService-0123456789abcdef.pem',
  'https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem',
  'https://evil-sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
  'https://bucket.s3.amazonaws.com/SimpleNotificationService-1.pem',
  'https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem',
  'https://user:pass@sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
  'https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-1.pem',
  'http://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
  'https://sns.us-east-1.amazonaws.com/other/SimpleNotificationService-1.pem',
  'https://sns.us-east-1.amazonaws.com/?Action=GetFile&x=SimpleNotificationService-1.pem',
]

async function openSns(): Promise<{
  readonly scheme: WebhookScheme
  readonly fetched: string[]
  message(change: Readonly<Record<string, string>>): Promise<string>
}> {
  const { pem, keys } = await issueCertificate({ name: 'sns.amazonaws.com' })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const fetched: string[] = []
  const fetch: FetchClient = async (url) => {
    fetched.push(url)
    return new Response(pem)
  }
  return {
    scheme: snsWebhook({ topicArns: [TOPIC], fetch, clock }),
    fetched,
    async message(change) {
      const fields: Record<string, string> = {
        Type: 'Notification',
        MessageId: 'm-1',
        TopicArn: TOPIC,
        Message: 'line\nbreak',
        Timestamp: '2026-01-01T11:30:00.000Z',
        SignatureVersion: '2',
        SigningCertURL: SNS_CERTIFICATE,
        ...change,
      }
      const text = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
        .map((name) => (fields[name] === undefined ? '' : `${name}\n${fields[name]}\n`))
        .join('')
      const hash = fields['SignatureVersion'] === '1' ? 'SHA-1' : 'SHA-256'
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
      const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
      const signature = await crypto.subtle.sign(algorithm.name, key, encodeUtf8(text))
      return JSON.stringify({ Signature: encodeBase64(new Uint8Array(signature)), ...fields })
    },
  }
}

const PAYPAL_BODY = '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","value":1.0,"links":{}}'
const PAYPAL_CERTIFICATE = 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42'

async function openPaypal(
  root?: TestCertificate,
  links: readonly IssueOptions[] = [],
): Promise<{
  readonly options: PaypalWebhookOptions
  readonly fetched: string[]
  headers(change: Readonly<Record<string, string>>): Promise<Record<string, string>>
}> {
  const anchor = root ?? (await issueCertificate({ name: 'Root', isAuthority: true }))
  const leafName = 'messageverificationcerts.paypal.com'
  const issued: TestCertificate[] = []
  let issuer = anchor
  for (const link of (links.length > 0
    ? links
    : [{ name: leafName, keys: anchor.keys }]
  ).toReversed()) {
    issuer = await issueCertificate({ ...link, issuer })
    issued.unshift(issuer)
  }
  const fetched: string[] = []
  const fetch: FetchClient = async (url) => {
    fetched.push(url)
    return new Response(issued.map(({ pem }) => pem).join(''))
  }
  const options = { webhookId: 'WEBHOOK-1', roots: anchor.pem, fetch, clock }
  return {
    options,
    fetched,
    async headers(change) {
      const id = 'dfb3be50-fd74-11e4-8bf3-77339302725b'
      const time = '2025-12-31T18:00:00Z'
      const content = `${id}|${time}|${options.webhookId}|${crc32(encodeUtf8(PAYPAL_BODY))}`
      const key = issuer.keys.privateKey
      const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, encodeUtf8(content))
      return {
        'paypal-transmission-id': id,
        'paypal-transmission-time': time,
        'paypal-transmission-sig': encodeBase64(new Uint8Array(signature)),
        'paypal-cert-url': PAYPAL_CERTIFICATE,
        'paypal-auth-algo': 'SHA256withRSA',
        ...change,
      }
    },
  }
}

function read(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  scheme: WebhookScheme,
  secrets: ReceiveWebhookOptions['secrets'] = SHARED_SECRET,
): ReturnType<typeof receive> {
  return receive(body, headers, { scheme, secrets, clock })
}
