import { encodeBase64 } from '../../src/primitives/base64.ts'
import { crc32 } from '../../src/primitives/crc32.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import type { FetchClient } from '../../src/runtime/ports/platform/fetch-client.ts'
import {
  paypalWebhook,
  type PaypalWebhookOptions,
} from '../../src/services/webhooks/schemes/paypal/paypal.ts'
import type { WebhookScheme } from '../../src/services/webhooks/schemes/webhook-scheme.ts'
import { createFakeClock, type FakeClock } from '../../src/testing/index.ts'
import { receive, RECEIVED_AT } from './received-webhook.ts'
import {
  issueCertificate,
  signWith,
  type IssueOptions,
  type TestCertificate,
} from './test-certificates.ts'

export const PAYPAL_BODY =
  '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","value":1.0,"links":{}}'
export const PAYPAL_CERTIFICATE = 'https://api.paypal.com/v1/notifications/certs/CERT-360caa42'
export const PAYPAL_NAME = 'messageverificationcerts.paypal.com'

/** PayPal, a receiver of its webhooks, and the network between them. */
export interface PaypalFixture {
  readonly clock: FakeClock
  readonly scheme: WebhookScheme
  readonly options: PaypalWebhookOptions
  /** What the receiver asked for. */
  readonly requests: { readonly url: string; readonly init: RequestInit }[]
  /** Answers to what is asked for; first the certificates. */
  answer: (url: string) => Response | Promise<Response>
  /** What PayPal would send along with a body, with some headers changed after it has signed. */
  headers(change?: Readonly<Record<string, string>>): Promise<Record<string, string>>
  read(
    body: string,
    headers: Readonly<Record<string, string>>,
    scheme?: WebhookScheme,
  ): ReturnType<typeof receive>
}

/** How {@link openPaypal} sets the scene. */
export interface PaypalFixtureOptions {
  /** Default: made. */
  readonly root?: TestCertificate
  /** What stands between PayPal's own certificate, the first, and the root. Default: that alone. */
  readonly links?: readonly IssueOptions[]
  /** Certificates that are served besides, before the issuers. */
  readonly decoys?: readonly TestCertificate[]
  readonly credentials?: PaypalWebhookOptions['credentials']
  readonly algorithm?: string
}

export async function openPaypal({
  root,
  links,
  decoys = [],
  credentials,
  algorithm = 'SHA256withRSA',
}: PaypalFixtureOptions = {}): Promise<PaypalFixture> {
  const clock = createFakeClock(RECEIVED_AT)
  const anchor = root ?? (await issueCertificate({ name: 'Root', isAuthority: true }))
  const issued: TestCertificate[] = []
  let issuer = anchor
  for (const link of (links ?? [{ name: PAYPAL_NAME, keys: anchor.keys }]).toReversed()) {
    issuer = await issueCertificate({ ...link, issuer })
    issued.unshift(issuer)
  }
  const served = [...issued.slice(0, 1), ...decoys, ...issued.slice(1)]
  const requests: { readonly url: string; readonly init: RequestInit }[] = []
  const fetch: FetchClient = async (url, init) => {
    requests.push({ url, init })
    return fixture.answer(url)
  }
  const options: PaypalWebhookOptions = {
    webhookId: 'WEBHOOK-1',
    roots: anchor.pem,
    fetch,
    clock,
    ...(credentials !== undefined && { credentials }),
  }
  const scheme = paypalWebhook(options)
  const fixture: PaypalFixture = {
    clock,
    scheme,
    options,
    requests,
    answer: () => new Response(served.map(({ pem }) => pem).join('')),
    async headers(change = {}) {
      const id = 'dfb3be50-fd74-11e4-8bf3-77339302725b'
      const time = '2025-12-31T18:00:00Z'
      const content = `${id}|${time}|${options.webhookId}|${crc32(encodeUtf8(PAYPAL_BODY))}`
      const hash = algorithm.startsWith('SHA384') ? 'SHA-384' : 'SHA-256'
      const signature = await signWith(issuer.keys, encodeUtf8(content), hash)
      return {
        'paypal-transmission-id': id,
        'paypal-transmission-time': time,
        'paypal-transmission-sig': encodeBase64(signature),
        'paypal-cert-url': PAYPAL_CERTIFICATE,
        'paypal-auth-algo': algorithm,
        ...change,
      }
    },
    read: (body, headers, other = scheme) =>
      receive(body, headers, { scheme: other, secrets: [], clock }),
  }
  return fixture
}

/** A signature of RSA's form that nobody made. */
export const FORGED: string = encodeBase64(new Uint8Array(256))
