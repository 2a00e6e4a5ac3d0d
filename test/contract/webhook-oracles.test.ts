import { createHmac, generateKeyPairSync, sign as signWithNode } from 'node:crypto'
import { sign as signLikeGitHub, verify as verifyLikeGitHub } from '@octokit/webhooks-methods'
import { EventWebhook } from '@sendgrid/eventwebhook'
import fc from 'fast-check'
import { WebhooksHelper } from 'square'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Stripe } from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import twilio from 'twilio'
import { expect, test } from 'vitest'
import { sendgridWebhook } from '../../src/services/webhooks/schemes/sendgrid.ts'
import { squareWebhook } from '../../src/services/webhooks/schemes/square.ts'
import { twilioWebhook } from '../../src/services/webhooks/schemes/twilio/twilio.ts'
import { verifyWebhook } from '../../src/services/webhooks/receiving/verify-webhook.ts'
import { signWebhook } from '../../src/services/webhooks/signing/sign-webhook.ts'
import { generateWebhookSecret } from '../../src/services/webhooks/signing/webhook-secret.ts'

/** JSON as senders write it, with all kinds of text inside. */
const bodies = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.stringify({ value }))
const secrets = fc.string({ unit: 'grapheme', minLength: 16, maxLength: 60 })
const runs = { numRuns: 60 }

test.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('%s verifies what signWebhook() signs, and the other way round', async (_name, Oracle) => {
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom('webhook', 'svix'), async (body, family) => {
      const secret = generateWebhookSecret()
      const oracle = new Oracle(secret)
      const headers = { ...(await signWebhook(body, [generateWebhookSecret(), secret])) }
      expect(oracle.verify(body, headers)).toEqual(JSON.parse(body))
      const now = new Date()
      const theirs = {
        [`${family}-id`]: 'msg_1',
        [`${family}-timestamp`]: String(Math.floor(now.getTime() / 1000)),
        [`${family}-signature`]: oracle.sign('msg_1', now, body),
      }
      expect(await verifyWebhook(body, theirs, secret)).toBe(true)
      expect(await verifyWebhook(`${body} `, theirs, secret)).toBe(false)
    }),
    runs,
  )
})

test('svix takes secrets without padding, and verifyWebhook() and signWebhook() do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 24, maxLength: 64 }), async (bytes) => {
      const padded = `whsec_${Buffer.from(bytes).toString('base64')}`
      const secret = padded.replace(/=+$/, '')
      const oracle = new SvixWebhook(secret)
      const headers = { ...(await signWebhook('{}', secret)) }
      expect(headers).toEqual(await signWebhook('{}', padded, { ...idAndTime(headers) }))
      expect(oracle.verify('{}', headers)).toEqual({})
      expect(await verifyWebhook('{}', headers, secret)).toBe(true)
      expect(await verifyWebhook('{}', headers, padded)).toBe(true)
    }),
    runs,
  )
})

test('stripe verifies what signWebhook() signs, and the other way round', async () => {
  const { webhooks } = new Stripe('sk_test_oracle')
  await fc.assert(
    fc.asyncProperty(bodies, secrets, async (payload, secret) => {
      const ours = await signWebhook(payload, [secret, `${secret}!`], { scheme: 'stripe' })
      for (const key of [secret, `${secret}!`]) {
        const event = await webhooks.constructEventAsync(payload, ours['stripe-signature'], key)
        expect(event).toEqual(JSON.parse(payload))
      }
      const theirs = webhooks.generateTestHeaderString({ payload, secret })
      expect(await verifyWebhook(payload, theirs, secret)).toBe(true)
      expect(await verifyWebhook(`${payload} `, theirs, secret)).toBe(false)
    }),
    runs,
  )
})

test('@octokit/webhooks-methods verifies what signWebhook() signs, and the other way round', async () => {
  const escaped = fc.constantFrom('{"a":"\\ud83d\\ude00"}', '{"a":"😀\\u2028"}')
  await fc.assert(
    fc.asyncProperty(fc.oneof(bodies, escaped), secrets, async (body, secret) => {
      const ours = await signWebhook(body, secret, { scheme: 'github' })
      expect(await verifyLikeGitHub(secret, body, ours['x-hub-signature-256'])).toBe(true)
      const theirs = await signLikeGitHub(secret, body)
      expect(await verifyWebhook(body, theirs, secret, { scheme: 'github' })).toBe(true)
      expect(await verifyWebhook(`${body} `, theirs, secret, { scheme: 'github' })).toBe(false)
    }),
    runs,
  )
})

test('twilio signs forms that twilioWebhook() accepts, and accepts no others', async () => {
  const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  const values = fc.string({ unit: 'grapheme', maxLength: 12 })
  const fields = fc.dictionary(
    names,
    fc.oneof(values, fc.array(values, { minLength: 2, maxLength: 4 })),
  )
  const urls = fc.constantFrom(
    'https://mycompany.com/myapp.php?foo=1&bar=2',
    'https://mycompany.com:8443/x',
    'http://user:pass@mycompany.com/a%20b?q=%C3%BC',
    'https://[2001:db8::1]/x',
  )
  await fc.assert(
    fc.asyncProperty(urls, fields, secrets, async (url, params, token) => {
      const form = new URLSearchParams()
      for (const [name, value] of Object.entries(params))
        for (const one of [value].flat()) form.append(name, one)
      const body = form.toString()
      const scheme = twilioWebhook({ url })
      const theirs = twilio.getExpectedTwilioSignature(token, url, params)
      expect(twilio.validateRequest(token, theirs, url, params)).toBe(true)
      expect(await verifyWebhook(body, theirs, token, { scheme })).toBe(true)
      expect(await verifyWebhook(`${body}&zz=1`, theirs, token, { scheme })).toBe(false)
    }),
    runs,
  )
})

test('twilio signs the port or leaves it out, and apostrophes as they are: twilioWebhook() accepts both', async () => {
  const token = 'a token of some length'
  const seen = 'https://mycompany.com/x?name=O%27Neil'
  for (const signed of [
    seen,
    'https://mycompany.com:443/x?name=O%27Neil',
    "https://mycompany.com/x?name=O'Neil",
    "https://mycompany.com:443/x?name=O'Neil",
  ]) {
    const signature = twilio.getExpectedTwilioSignature(token, signed, { A: 'b' })
    const scheme = twilioWebhook({ url: seen })
    expect(await verifyWebhook('A=b', signature, token, { scheme })).toBe(true)
  }
})

test('twilio signs JSON by its hash in the URL, and twilioWebhook() checks both', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, secrets, async (body, token) => {
      const hash = twilio.getExpectedBodyHash(body)
      const url = `https://mycompany.com/x?a=1&bodySHA256=${hash}`
      const signature = twilio.getExpectedTwilioSignature(token, url, {})
      expect(twilio.validateRequestWithBody(token, signature, url, body)).toBe(true)
      const scheme = twilioWebhook({ url })
      expect(await verifyWebhook(body, signature, token, { scheme })).toBe(true)
      expect(await verifyWebhook(`${body} `, signature, token, { scheme })).toBe(false)
    }),
    runs,
  )
})

test('square and squareWebhook() accept the same signatures', async () => {
  const notificationUrl = 'https://example.com/webhooks/square?a=b'
  await fc.assert(
    fc.asyncProperty(bodies, secrets, async (requestBody, signatureKey) => {
      const signatureHeader = createHmac('sha256', signatureKey)
        .update(notificationUrl + requestBody)
        .digest('base64')
      const given = { requestBody, signatureHeader, signatureKey, notificationUrl }
      expect(await WebhooksHelper.verifySignature(given)).toBe(true)
      const scheme = squareWebhook({ url: notificationUrl })
      expect(await verifyWebhook(requestBody, signatureHeader, signatureKey, { scheme })).toBe(true)
      const other = squareWebhook({ url: `${notificationUrl}c` })
      expect(
        await verifyWebhook(requestBody, signatureHeader, signatureKey, { scheme: other }),
      ).toBe(false)
    }),
    runs,
  )
})

test('@sendgrid/eventwebhook and sendgridWebhook() accept the same signatures', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const shown = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const oracle = new EventWebhook()
  const oracleKey = oracle.convertPublicKeyToECDSA(shown)
  const scheme = sendgridWebhook()
  await fc.assert(
    fc.asyncProperty(bodies, async (value) => {
      const body = `[${value}]\r\n`
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = signWithNode('sha256', Buffer.from(timestamp + body), privateKey).toString(
        'base64',
      )
      expect(oracle.verifySignature(oracleKey, body, signature, timestamp)).toBe(true)
      const headers = {
        'X-Twilio-Email-Event-Webhook-Signature': signature,
        'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
      }
      expect(await verifyWebhook(body, headers, shown, { scheme })).toBe(true)
      expect(await verifyWebhook(`${body} `, headers, shown, { scheme })).toBe(false)
    }),
    { numRuns: 20 },
  )
})

function idAndTime(headers: Readonly<Record<string, string>>): { id: string; timestamp: number } {
  return {
    id: headers['webhook-id'] ?? '',
    timestamp: Number(headers['webhook-timestamp']),
  }
}
