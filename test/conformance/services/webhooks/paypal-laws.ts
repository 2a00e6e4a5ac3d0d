import { crc32 } from '../../../../src/primitives/crc32.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  LawBrokenError,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import { paypalWebhook } from '../../../../src/services/webhooks/schemes/paypal/paypal.ts'
import { WebhookVerificationError } from '../../../../src/services/webhooks/webhook-verification-error.ts'
import {
  FORGED,
  openPaypal,
  PAYPAL_BODY,
  PAYPAL_CERTIFICATE,
  PAYPAL_NAME,
} from '../../../support/paypal-fixture.ts'
import { expectRefusal } from '../../../support/received-webhook.ts'
import { generateKeys, issueCertificate } from '../../../support/test-certificates.ts'

/** What is accepted and refused of PayPal, with certificates made for the run. */
export const paypalLaws: readonly Law<null>[] = [
  {
    name: 'paypalWebhook() accepts a chain that ends at an anchor, and the body as it was sent',
    async run() {
      const { headers, read, scheme, clock, requests } = await openPaypal()
      const { id, type } = await read(PAYPAL_BODY, await headers())
      expectEqual([id, type], ['WH-1', 'PAYMENT.CAPTURE.COMPLETED'])
      expectEqual(await verifyWebhook(PAYPAL_BODY, await headers(), [], { scheme, clock }), true)
      expectEqual(
        requests.map(({ url }) => url),
        [PAYPAL_CERTIFICATE],
      )
      expectEqual(crc32(encodeUtf8('123456789')), 0xcbf43926)
    },
  },
  {
    name: 'paypalWebhook() refuses another body, webhook, algorithm, time or form of signature',
    async run() {
      const { headers, read, options } = await openPaypal()
      const other = paypalWebhook({ ...options, webhookId: 'OTHER' })
      const good = await headers()
      await expectRefusal(() => read(PAYPAL_BODY.replace('1.0', '1'), good), 'signature_mismatch')
      await expectRefusal(() => read(PAYPAL_BODY, good, other), 'signature_mismatch')
      const fresh = await openPaypal()
      for (const [change, code] of [
        [{ 'paypal-auth-algo': 'SHA1withRSA' }, 'malformed_signature'],
        [{ 'paypal-auth-algo': 'constructor' }, 'malformed_signature'],
        [{ 'paypal-transmission-sig': '!' }, 'malformed_signature'],
        [{ 'paypal-transmission-sig': 'AAAA' }, 'signature_mismatch'],
        [{ 'paypal-transmission-id': 'a|b' }, 'malformed_signature'],
        [{ 'paypal-transmission-time': '2025-12-20T00:00:00Z' }, 'timestamp_too_old'],
        [{ 'paypal-transmission-time': '2026-01-02T00:00:00Z' }, 'timestamp_too_new'],
        [{ 'paypal-transmission-id': '' }, 'missing_signature'],
        [{ 'paypal-cert-url': '' }, 'missing_signature'],
      ] as const)
        await expectRefusal(() => fresh.read(PAYPAL_BODY, { ...good, ...change }), code)
      expectEqual(fresh.requests, [])
    },
  },
  {
    name: 'paypalWebhook() asks for certificates at PayPal, as the URL is written, and nowhere else',
    async run() {
      const { headers, read, requests } = await openPaypal({
        credentials: { clientId: 'id', clientSecret: 'secret' },
      })
      for (const url of HOSTILE_URLS) {
        const hostile = await headers({ 'paypal-cert-url': url })
        await expectRefusal(() => read(PAYPAL_BODY, hostile), 'untrusted_certificate', url)
      }
      expectEqual(requests, [])
      const elsewhere = await openPaypal()
      const { options } = elsewhere
      const sandbox = paypalWebhook({ ...options, environment: 'sandbox' })
      const good = await headers()
      await expectRefusal(() => elsewhere.read(PAYPAL_BODY, good, sandbox), 'untrusted_certificate')
      await elsewhere.read(
        PAYPAL_BODY,
        await elsewhere.headers({ 'paypal-cert-url': PAYPAL_CERTIFICATE.replace('api', 'api-m') }),
      )
    },
  },
  {
    name: 'paypalWebhook() asks PayPal when there is no certificate to trust, with the body as it was sent',
    async run() {
      const fixture = await openPaypal({ credentials })
      const { headers, read, requests } = fixture
      let status = 'SUCCESS'
      fixture.answer = answering(() => Response.json({ verification_status: status }))
      const good = await headers()
      await read(PAYPAL_BODY, good)
      const [, token, question] = requests
      expectEqual(
        [token?.url, authorizationOf(token)],
        ['https://api-m.paypal.com/v1/oauth2/token', `Basic ${btoa('id:secret')}`],
      )
      expectEqual(authorizationOf(question), 'Bearer T')
      const { body: asked } = question?.init ?? {}
      if (typeof asked !== 'string') throw new LawBrokenError('Expected the question to be text')
      expectTrue(asked.endsWith(`,"webhook_event":${PAYPAL_BODY}}`), 'the very body to be sent')
      expectEqual(Reflect.get(Object(JSON.parse(asked)), 'webhook_id'), 'WEBHOOK-1')
      status = 'FAILURE'
      await expectRefusal(() => read(PAYPAL_BODY, good), 'signature_mismatch')
      const before = requests.length
      for (const injected of ['{}, "webhook_id": "EVIL", "x": {}', '{}}, {"x": {', 'junk'])
        await expectRefusal(() => read(injected, good), 'signature_mismatch')
      expectEqual(verifications(requests.slice(before)), 0)
      const { credentials: _none, ...alone } = fixture.options
      await expectRefusal(() => read(PAYPAL_BODY, good, paypalWebhook(alone)), 'key_unavailable')
    },
  },
  {
    name: 'paypalWebhook() asks PayPal about a certificate of another kind than the signature, or none that it knows',
    async run() {
      for (const kind of ['P-256', 'P-521'] as const) {
        const root = await issueCertificate({ name: 'Root', isAuthority: true })
        const links = [{ name: PAYPAL_NAME, keys: await generateKeys(kind) }]
        const fixture = await openPaypal({ root, links, credentials })
        const certificate = fixture.answer
        fixture.answer = answering(
          () => Response.json({ verification_status: 'SUCCESS' }),
          certificate,
        )
        const sent = await fixture.headers({ 'paypal-transmission-sig': FORGED })
        await fixture.read(PAYPAL_BODY, sent)
        expectEqual(verifications(fixture.requests), 1)
        const { credentials: _none, ...alone } = fixture.options
        await expectRefusal(
          () => fixture.read(PAYPAL_BODY, sent, paypalWebhook(alone)),
          kind === 'P-256' ? 'signature_mismatch' : 'untrusted_certificate',
        )
      }
    },
  },
  {
    name: 'paypalWebhook() is asked for few certificates, questions and tokens by forged messages',
    async run() {
      for (const withToken of [true, false]) {
        const fixture = await openPaypal({ credentials })
        const { headers, read, requests, clock } = fixture
        const certificate = fixture.answer
        await read(PAYPAL_BODY, await headers())
        fixture.answer = answering(
          () => Response.json({ verification_status: 'FAILURE' }),
          () => new Response(null, { status: 404 }),
          withToken,
        )
        for (let index = 0; index < 100; index++) {
          const forged = await headers({
            'paypal-cert-url': `${PAYPAL_CERTIFICATE}${index}`,
            'paypal-transmission-sig': FORGED,
          })
          await expectRejection(
            () => read(PAYPAL_BODY, forged),
            (error) => error instanceof WebhookVerificationError,
            'a refusal',
          )
        }
        const count = (part: string) => requests.filter(({ url }) => url.includes(part)).length
        expectEqual(count('/certs/'), 11)
        expectEqual(count('/oauth2/token'), 1)
        expectEqual(verifications(requests), withToken ? 10 : 0)
        // What was trusted before is not asked for again, and what is genuine still gets through.
        await read(PAYPAL_BODY, await headers())
        expectEqual(count('/certs/'), 11)
        fixture.answer = answering(
          () => Response.json({ verification_status: 'SUCCESS' }),
          certificate,
        )
        await clock.advance(6000)
        await read(PAYPAL_BODY, await headers({ 'paypal-cert-url': `${PAYPAL_CERTIFICATE}new` }))
      }
    },
  },
  {
    name: 'paypalWebhook() asks as often as PayPal sends, with one token, and gets a new one when that is revoked',
    async run() {
      const fixture = await openPaypal({ credentials })
      const { headers, read, requests, clock } = fixture
      let status = 200
      fixture.answer = answering(() =>
        Response.json({ verification_status: 'SUCCESS' }, { status }),
      )
      const good = await headers()
      await Promise.all(Array.from({ length: 10 }, () => read(PAYPAL_BODY, good)))
      for (let index = 0; index < 30; index++) await read(PAYPAL_BODY, good)
      const tokens = () => requests.filter(({ url }) => url.includes('/oauth2/token')).length
      expectEqual([verifications(requests), tokens()], [40, 1])
      for (status of [500, 400, 429])
        await expectRefusal(() => read(PAYPAL_BODY, good), 'key_unavailable')
      status = 200
      await read(PAYPAL_BODY, good)
      expectEqual(tokens(), 1)
      status = 401
      await expectRefusal(() => read(PAYPAL_BODY, good), 'key_unavailable')
      status = 200
      await clock.advance(5000)
      await read(PAYPAL_BODY, good)
      expectEqual(tokens(), 2)
    },
  },
]

const credentials = { clientId: 'id', clientSecret: 'secret' }

/** A network that knows PayPal's certificates, its tokens and its verification. */
function answering(
  verification: () => Response,
  certificate: (url: string) => Response | Promise<Response> = () =>
    new Response(null, { status: 404 }),
  hasTokens = true,
): (url: string) => Response | Promise<Response> {
  return (url) => {
    if (url.includes('/certs/')) return certificate(url)
    if (!url.endsWith('/oauth2/token')) return verification()
    return hasTokens
      ? Response.json({ access_token: 'T', expires_in: 32_400 })
      : new Response(null, { status: 500 })
  }
}

function verifications(requests: readonly { readonly url: string }[]): number {
  return requests.filter(({ url }) => url.includes('verify-webhook-signature')).length
}

function authorizationOf(
  request: { readonly init: RequestInit } | undefined,
): string | null | undefined {
  return request && new Headers(request.init.headers).get('authorization')
}

const HOSTILE_URLS = [
  'https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1',
  'https://evil.example/v1/notifications/certs/CERT-1',
  'https://paypal.com/v1/notifications/certs/CERT-1',
  'https://xapi.paypal.com/v1/notifications/certs/CERT-1',
  'http://api.paypal.com/v1/notifications/certs/CERT-1',
  'https://api.paypal.com:443/v1/notifications/certs/CERT-1',
  'https://api.paypal.com:8443/v1/notifications/certs/CERT-1',
  'https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1',
  'https://user@api.paypal.com/v1/notifications/certs/CERT-1',
  'https://API.paypal.com/v1/notifications/certs/CERT-1',
  'https://api.paypal.com./v1/notifications/certs/CERT-1',
  'https://api.paypal.com/v1/notifications/certs/../../../x',
  'https://api.paypal.com/x/../v1/notifications/certs/CERT-1',
  'https://api.paypal.com//v1/notifications/certs/CERT-1',
  'https://api.paypal.com/v1/notifications/certs/CERT-1/x',
  'https://api.paypal.com/v1/notifications/certs/CERT-1%2Fx',
  'https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1',
  'https://api.paypal.com/v1/notifications/certs/CERT-1?',
  'https://api.paypal.com/v1/notifications/certs/CERT-1?x=y',
  'https://api.paypal.com/v1/notifications/certs/CERT-1#',
  'https://api.paypal.com/v1/notifications/certs/CERT-1#x',
  `https://api.paypal.com/v1/notifications/certs/${'1'.repeat(129)}`,
  'https://api.paypal.com/v1/notifications/certs/',
  'nonsense',
]
