import { encodeBase64 } from '../../src/primitives/base64.ts'
import { createHmacKey } from '../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'
import type { HandleWebhooksOptions } from '../../src/services/webhooks/receiving/handle-webhooks.ts'
import { postmarkWebhook } from '../../src/services/webhooks/schemes/postmark.ts'
import { shopifyWebhook } from '../../src/services/webhooks/schemes/shopify.ts'
import { twilioWebhook } from '../../src/services/webhooks/schemes/twilio/twilio.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import { RECEIVER_URL } from './received-webhook.ts'

const SECRET = "It's a Secret to Everybody"

/** One delivery of a vendor after the other, and how many of them are events of their own. */
export interface RepeatedDeliveries {
  readonly what: string
  readonly options: Partial<HandleWebhooksOptions>
  readonly requests: readonly Request[]
  readonly handled: number
}

/** What vendors repeat, and what only looks as if they did. */
export async function repeatedDeliveries(): Promise<readonly RepeatedDeliveries[]> {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const gather = 'CallSid=CA1&CallStatus=in-progress&Digits=1'
  const push = '{"ref":"main"}'
  const code = async (text: string, hash: 'SHA-1' | 'SHA-256') =>
    encodeBase64(await createHmacKey(encodeUtf8(SECRET), hash).sign(encodeUtf8(text)))
  const github = async (body: string, headers: Readonly<Record<string, string>>) =>
    post(RECEIVER_URL, body, {
      ...(await signWebhook(body, SECRET, { scheme: 'github' })),
      ...headers,
    })
  const shopify = async (headers: Readonly<Record<string, string>>) =>
    post(RECEIVER_URL, push, {
      'x-shopify-hmac-sha256': await code(push, 'SHA-256'),
      ...headers,
    })
  const twilio = async (path: string, token?: string) =>
    post(RECEIVER_URL + path, gather, {
      ...form,
      ...(token !== undefined && { 'i-twilio-idempotency-token': token }),
      'x-twilio-signature': await code(
        `${RECEIVER_URL}${path}CallSidCA1CallStatusin-progressDigits1`,
        'SHA-1',
      ),
    })
  const postmark = (body: string) =>
    post(RECEIVER_URL, body, { authorization: `Basic ${btoa('postmark:correct-horse')}` })
  const id = 'x-github-delivery'
  return [
    {
      what: 'GitHub: equal bodies under ids of their own, each of them twice',
      options: { scheme: 'github', secrets: SECRET },
      requests: [
        await github(push, { [id]: 'a', 'x-github-event': 'push' }),
        await github(push, { [id]: 'b', 'x-github-event': 'push' }),
        await github(push, { [id]: 'a', 'x-github-event': 'push' }),
        await github(push, { [id]: 'b', 'x-github-event': 'push' }),
      ],
      handled: 2,
    },
    {
      what: 'GitHub: another body or event under an id that was seen, and no id at all',
      options: { scheme: 'github', secrets: SECRET },
      requests: [
        await github(push, { [id]: 'a', 'x-github-event': 'push' }),
        await github('{"ref":"dev"}', { [id]: 'a', 'x-github-event': 'push' }),
        await github(push, { [id]: 'a', 'x-github-event': 'create' }),
        await github(push, { 'x-github-event': 'push' }),
        await github(push, { 'x-github-event': 'push' }),
        await github(push, { [id]: '', 'x-github-event': 'push' }),
      ],
      handled: 6,
    },
    {
      what: 'Shopify: equal bodies under ids of their own, and one again',
      options: { scheme: shopifyWebhook(), secrets: SECRET },
      requests: [
        await shopify({ 'x-shopify-webhook-id': 'a' }),
        await shopify({ 'x-shopify-webhook-id': 'b' }),
        await shopify({ 'x-shopify-webhook-id': 'a' }),
        await shopify({}),
        await shopify({}),
      ],
      handled: 4,
    },
    {
      what: 'Twilio: the same digit again, the same fields at another URL, and a repetition of each',
      options: { scheme: twilioWebhook(), secrets: SECRET },
      requests: [
        await twilio('', 'a'),
        await twilio('', 'b'),
        await twilio('/2', 'a'),
        await twilio('', 'a'),
        await twilio('/2', 'a'),
        await twilio(''),
        await twilio(''),
      ],
      handled: 5,
    },
    {
      what: 'Postmark: nothing tells repetitions',
      options: { scheme: postmarkWebhook(), secrets: 'postmark:correct-horse' },
      requests: [postmark('{"MessageID":"m"}'), postmark('{"MessageID":"m"}')],
      handled: 2,
    },
    {
      what: 'Stripe: an id in the body, an empty one, and none',
      options: { scheme: 'stripe', secrets: SECRET, tolerance: 'accept-any-age' },
      requests: await Promise.all(
        ['{"id":"evt_1"}', '{"id":"evt_1"}', '{"id":""}', '{"id":""}', '{}', '{}'].map(
          async (body) =>
            post(RECEIVER_URL, body, {
              ...(await signWebhook(body, SECRET, { scheme: 'stripe', timestamp: 1 })),
            }),
        ),
      ),
      handled: 5,
    },
    {
      what: 'Stripe: ids that differ in what UTF-8 does not tell apart, or in what is long',
      options: { scheme: 'stripe', secrets: SECRET, tolerance: 'accept-any-age' },
      requests: await Promise.all(
        ['\\ud800', '\\ud801', `${'x'.repeat(200)}1`, `${'x'.repeat(200)}2`, 'ü', 'ü'].map(
          async (eventId) => {
            const body = `{"id":"${eventId}"}`
            return post(RECEIVER_URL, body, {
              ...(await signWebhook(body, SECRET, { scheme: 'stripe', timestamp: 1 })),
            })
          },
        ),
      ),
      handled: 5,
    },
  ]
}

function post(url: string, body: string, headers: Readonly<Record<string, string>>): Request {
  return new Request(url, { method: 'POST', headers, body })
}
