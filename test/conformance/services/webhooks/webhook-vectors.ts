import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { createEcdsaPublicKey, readEcdsaSignature } from '../../../../src/primitives/ecdsa.ts'
import {
  createEd25519PrivateKey,
  createEd25519PublicKey,
  deriveEd25519PublicKey,
} from '../../../../src/primitives/ed25519.ts'
import { decodeHex, encodeHex } from '../../../../src/primitives/hex.ts'
import { createHmacKey, type HmacHash } from '../../../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import { expectEqual, expectTrue, type Law } from '../../../../src/runtime/ports/conformance.ts'
import { messageSignatureWebhook } from '../../../../src/services/webhooks/schemes/message-signature.ts'
import { readWebhook } from '../../../../src/services/webhooks/receiving/read-webhook.ts'
import { sendgridWebhook } from '../../../../src/services/webhooks/schemes/sendgrid.ts'
import { slackWebhook } from '../../../../src/services/webhooks/schemes/slack.ts'
import { twilioContents } from '../../../../src/services/webhooks/schemes/twilio/twilio-content.ts'
import {
  verifyWebhook,
  type VerifyWebhookOptions,
} from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import { signWebhook } from '../../../../src/services/webhooks/signing/sign-webhook.ts'
import {
  generateWebhookKeyPair,
  generateWebhookSecret,
} from '../../../../src/services/webhooks/signing/webhook-secret.ts'
import { hmacLaws } from './hmac-laws.ts'
import { suite, type Suite } from '../../suite.ts'

/** Signatures that vendors and standards publish, and what holds for ours on every runtime. */
export function webhookSuites(): readonly Suite[] {
  const laws = [
    ...hmacVectors.map(hmacLaw),
    ...hmacLaws,
    ...ed25519Vectors.map(ed25519Law),
    ...webhookVectors.map(webhookLaw),
    ...twilioVectors.map(twilioLaw),
    ...messageVectors.map(messageLaw),
    ...ownLaws,
  ]
  return [suite('webhook signatures', 'pure', laws, null)]
}

interface HmacVector {
  readonly source: string
  readonly hash: HmacHash
  readonly key: Uint8Array<ArrayBuffer>
  readonly message: string
  readonly code: string
}

const hmacVectors: readonly HmacVector[] = [
  {
    source: 'RFC 4231 case 1',
    hash: 'SHA-256',
    key: new Uint8Array(20).fill(0x0b),
    message: 'Hi There',
    code: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    source: 'RFC 4231 case 2',
    hash: 'SHA-256',
    key: encodeUtf8('Jefe'),
    message: 'what do ya want for nothing?',
    code: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    source: 'RFC 4231 case 6, a key longer than a block',
    hash: 'SHA-256',
    key: new Uint8Array(131).fill(0xaa),
    message: 'Test Using Larger Than Block-Size Key - Hash Key First',
    code: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
  {
    source: 'RFC 2202 case 2',
    hash: 'SHA-1',
    key: encodeUtf8('Jefe'),
    message: 'what do ya want for nothing?',
    code: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  },
]

function hmacLaw({ source, hash, key: secret, message, code }: HmacVector): Law<null> {
  return {
    name: `createHmacKey() agrees with ${source}, ${hash}`,
    async run() {
      const key = createHmacKey(secret, hash)
      const content = encodeUtf8(message)
      expectEqual(encodeHex(await key.sign(content)), code)
      expectTrue(await key.verify(hex(code), content), 'the code to fit')
      expectEqual(await key.verify(flip(hex(code)), content), false)
      expectEqual(await key.verify(hex(code).slice(0, -1), content), false)
    },
  }
}

interface Ed25519Vector {
  readonly source: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

const ed25519Vectors: readonly Ed25519Vector[] = [
  {
    source: 'RFC 8032 §7.1 test 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    source: 'RFC 8032 §7.1 test 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    source: 'RFC 8032 §7.1 test 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

function ed25519Law({ source, seed, publicKey, message, signature }: Ed25519Vector): Law<null> {
  return {
    name: `createEd25519PrivateKey() and createEd25519PublicKey() agree with ${source}`,
    async run() {
      expectEqual(encodeHex(await deriveEd25519PublicKey(hex(seed))), publicKey)
      const signed = await createEd25519PrivateKey(hex(seed)).sign(hex(message))
      expectEqual(encodeHex(signed), signature)
      const key = createEd25519PublicKey(hex(publicKey))
      expectTrue(await key.verify(hex(signature), hex(message)), 'the signature to fit')
      expectEqual(await key.verify(flip(hex(signature)), hex(message)), false)
      expectEqual(await key.verify(hex(signature).slice(0, -1), hex(message)), false)
      expectEqual(await key.verify(new Uint8Array(), hex(message)), false)
    },
  }
}

interface WebhookVector {
  readonly source: string
  readonly payload: string
  readonly signature: string | Readonly<Record<string, string>>
  readonly secret: string
  /** When it was signed, seconds since 1970. */
  readonly at: number
  readonly scheme?: VerifyWebhookOptions['scheme']
}

const standardHeaders = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

const webhookVectors: readonly WebhookVector[] = [
  {
    source: 'Standard Webhooks v1',
    payload: '{"test": 2432232314}',
    signature: standardHeaders,
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    at: 1614265330,
  },
  {
    source: 'Standard Webhooks v1 among other versions',
    payload: '{"test": 2432232314}',
    signature: {
      ...standardHeaders,
      'webhook-signature': `v0,AAAA v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,! ${standardHeaders['webhook-signature']}`,
    },
    secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    at: 1614265330,
  },
  {
    source: "Svix's header names",
    payload: '{"test": 2432232314}',
    signature: {
      'Svix-Id': standardHeaders['webhook-id'],
      'Svix-Timestamp': standardHeaders['webhook-timestamp'],
      'Svix-Signature': standardHeaders['webhook-signature'],
    },
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    at: 1614265330,
  },
  {
    source: 'Standard Webhooks v1a',
    payload: '{"test": 2432232314}',
    signature: {
      ...standardHeaders,
      'webhook-signature':
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    },
    secret: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
    at: 1614265330,
  },
  {
    source: 'Stripe',
    payload: '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}',
    signature: 't=1700000000,v1=4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150',
    secret: 'whsec_test_secret',
    at: 1700000000,
  },
  {
    source: 'GitHub',
    payload: 'Hello, World!',
    signature: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    secret: "It's a Secret to Everybody",
    at: 0,
    scheme: 'github',
  },
  {
    source: 'Slack',
    payload:
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    signature: {
      'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      'X-Slack-Request-Timestamp': '1531420618',
    },
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    at: 1531420618,
    scheme: slackWebhook(),
  },
  {
    source: 'SendGrid',
    payload: '{"category":"example_payload","event":"test_event","message_id":"message_id"}',
    signature: {
      'X-Twilio-Email-Event-Webhook-Signature':
        'MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=',
      'X-Twilio-Email-Event-Webhook-Timestamp': '1588788367',
    },
    secret:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==',
    at: 1588788367,
    scheme: sendgridWebhook(),
  },
  {
    source: 'SendGrid, a list that ends in CRLF',
    payload:
      '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n',
    signature: {
      'X-Twilio-Email-Event-Webhook-Signature':
        'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=',
      'X-Twilio-Email-Event-Webhook-Timestamp': '1600112502',
    },
    secret:
      'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
    at: 1600112502,
    scheme: sendgridWebhook(),
  },
]

function webhookLaw({ source, payload, signature, secret, at, scheme }: WebhookVector): Law<null> {
  return {
    name: `verifyWebhook() accepts the vector of ${source}, and no other body, secret or time`,
    async run() {
      const options = { clock: fixedClock(at), ...(scheme !== undefined && { scheme }) }
      expectEqual(await verifyWebhook(payload, signature, secret, options), true)
      expectEqual(await verifyWebhook(encodeUtf8(payload), signature, [secret], options), true)
      const others = [otherSecret(secret), secret]
      expectEqual(await verifyWebhook(payload, signature, others.slice(0, 1), options), false)
      expectEqual(await verifyWebhook(payload, signature, others, options), true)
      expectEqual(await verifyWebhook(`${payload} `, signature, secret, options), false)
      const headers = typeof signature === 'string' ? signature : new Headers({ ...signature })
      expectEqual(await verifyWebhook(payload, headers, secret, options), true)
      if (at === 0) return
      const late = { ...options, tolerance: 300_000, clock: fixedClock(at + 301) }
      const early = { ...options, tolerance: 300_000, clock: fixedClock(at - 301) }
      expectEqual(await verifyWebhook(payload, signature, secret, late), false)
      expectEqual(await verifyWebhook(payload, signature, secret, early), false)
    },
  }
}

/** A secret of the same kind that is not this one: a public key must stay a point, so the others of ours are used. */
function otherSecret(secret: string): string {
  if (secret.startsWith('whpk_')) return 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
  if (secret.startsWith('MFkw'))
    return 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=='
  return secret.replace(/[a-z](?=.{0,3}$)/, (letter) => (letter === 'q' ? 'p' : 'q'))
}

interface TwilioVector {
  readonly source: string
  readonly url: string
  readonly payload: string
  readonly signature: string
}

const twilioForm =
  'CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212'

const twilioVectors: readonly TwilioVector[] = [
  {
    source: 'a form',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    payload: twilioForm,
    signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
  },
  {
    source: 'a form, signed with the port',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    payload: twilioForm,
    signature: 'kvajT1Ptam85bY51eRf/AJRuM3w=',
  },
  {
    source: 'a form, signed without the port',
    url: 'https://mycompany.com:443/myapp.php?foo=1&bar=2',
    payload: twilioForm,
    signature: 'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
  },
  {
    source: 'JSON with its hash in the URL',
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620',
    payload: '{"property": "value", "boolean": true}',
    signature: 'a9nBmqA0ju/hNViExpshrM61xv4=',
  },
]

/** The vectors have a key that is shorter than those that are accepted, so they are compared below the scheme. */
function twilioLaw({ source, url, payload, signature }: TwilioVector): Law<null> {
  return {
    name: `twilioContents() has what the vector of Twilio was signed over: ${source}`,
    async run() {
      const key = createHmacKey(encodeUtf8('12345'), 'SHA-1')
      const fit = async (body: string): Promise<boolean> => {
        const contents = await twilioContents(url, body, null)
        const codes = contents.map(async (content) =>
          encodeBase64(await key.sign(encodeUtf8(content))),
        )
        return (await Promise.all(codes)).includes(signature)
      }
      expectEqual([await fit(payload), await fit(`${payload}&a=b`)], [true, false])
    },
  }
}

interface MessageVector {
  readonly source: string
  readonly secret: string
  readonly input: string
  readonly signature: string
}

const messageVectors: readonly MessageVector[] = [
  {
    source: 'RFC 9421 B.2.5, hmac-sha256',
    secret:
      'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
    input: '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    signature: 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
  },
  {
    source: 'RFC 9421 B.2.6, ed25519',
    secret: 'whpk_JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=',
    input:
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    signature:
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
  },
]

function messageLaw({ source, secret, input, signature }: MessageVector): Law<null> {
  return {
    name: `readWebhook() accepts the request of ${source}, and no other host`,
    async run() {
      const read = (host: string) =>
        readWebhook(
          new Request(`https://${host}/foo?param=Value&Pet=dog`, {
            method: 'POST',
            headers: {
              date: 'Tue, 20 Apr 2021 02:07:55 GMT',
              'content-type': 'application/json',
              'content-digest':
                'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
              'content-length': '18',
              'signature-input': `sig=${input}`,
              signature: `sig=:${signature}:`,
            },
            body: '{"hello": "world"}',
          }),
          {
            secrets: secret,
            clock: fixedClock(1618884473),
            scheme: messageSignatureWebhook({
              components: ['date', '@authority', 'content-type'],
            }),
          },
        ).then(
          ({ event }) => event,
          (error: unknown) => Reflect.get(Object(error), 'code'),
        )
      expectEqual(await read('example.com'), { hello: 'world' })
      expectEqual(await read('example.org'), 'signature_mismatch')
    },
  }
}

const ownLaws: readonly Law<null>[] = [
  {
    name: 'createHmacKey() gives the codes of WebCrypto for every length around blocks and around its own limit',
    async run() {
      const secret = encodeUtf8('a secret of twenty-five b')
      const algorithm = { name: 'HMAC', hash: 'SHA-256' }
      const subtle = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
      const key = createHmacKey(secret)
      const lengths = Array.from({ length: 200 }, (_, length) => length)
      for (const length of [...lengths, 4095, 4096, 4097, 70_000]) {
        const message = new Uint8Array(length).map((_, index) => index * 7 + length)
        const code = new Uint8Array(await crypto.subtle.sign('HMAC', subtle, message))
        expectEqual(encodeHex(await key.sign(message)), encodeHex(code), `code of ${length} bytes`)
        expectTrue(await key.verify(code, message), `code of ${length} bytes to fit`)
        for (const wrong of [flip(code), code.slice(1), new Uint8Array()])
          expectEqual(await key.verify(wrong, message), false)
      }
    },
  },
  {
    name: 'signWebhook() is verified with any of the secrets it signed with, and with no other',
    async run() {
      const { signingKey, verificationKey } = await generateWebhookKeyPair()
      const secrets = [generateWebhookSecret(), generateWebhookSecret()]
      const body = new Uint8Array([0xff, 0xfe, 0, 1])
      const headers = await signWebhook(body, [...secrets, signingKey])
      for (const secret of [...secrets, verificationKey]) {
        expectEqual(await verifyWebhook(body, { ...headers }, secret), true)
        expectEqual(
          await verifyWebhook(
            body.map((byte) => byte ^ 1),
            { ...headers },
            secret,
          ),
          false,
        )
      }
      const strangers = [generateWebhookSecret(), (await generateWebhookKeyPair()).verificationKey]
      expectEqual(await verifyWebhook(body, { ...headers }, strangers), false)
    },
  },
  {
    name: 'readEcdsaSignature() turns DER into what WebCrypto verifies',
    async run() {
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
      const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
      const key = createEcdsaPublicKey(spki)
      const message = encodeUtf8('message')
      for (let round = 0; round < 20; round++) {
        const signature = new Uint8Array(
          await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, message),
        )
        const read = readEcdsaSignature(derSignature(signature), 32)
        expectEqual(read && encodeHex(read), encodeHex(signature))
        expectTrue(await key.verify(signature, message), 'the signature to fit')
        expectEqual(await key.verify(flip(signature), message), false)
      }
    },
  },
]

function derSignature(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const numbers = [signature.slice(0, 32), signature.slice(32)].map((number) => {
    const start = number.findIndex((byte) => byte !== 0)
    const short = [...number.slice(start)]
    const positive = (short[0] ?? 0) < 0x80 ? short : [0, ...short]
    return [2, positive.length, ...positive]
  })
  return new Uint8Array([48, numbers.flat().length, ...numbers.flat()])
}

function fixedClock(seconds: number): { now(): number; setTimer(): () => void } {
  return { now: () => seconds * 1000, setTimer: () => () => undefined }
}

function hex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeHex(text)
  if (bytes === null) throw new TypeError('A vector is no hexadecimal')
  return bytes
}

function flip(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes, (byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte))
}
