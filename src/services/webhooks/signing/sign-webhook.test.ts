import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../testing/index.ts'
import { verifyWebhook } from '../receiving/verify-webhook.ts'
import { signWebhook } from './sign-webhook.ts'
import { generateWebhookKeyPair, generateWebhookSecret } from './webhook-secret.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const TEXT_SECRET = 'a secret that is long enough'
const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array))

test('signWebhook() makes up an id and takes the time, when they are not given', async () => {
  const clock = { now: () => 1_767_225_600_999 }
  const headers = await signWebhook('{}', SECRET, { clock, random: createSeededRandom() })
  expect(headers['webhook-timestamp']).toBe('1767225600')
  expect(headers['webhook-id']).toMatch(/^msg_[0-9a-f]{24}$/)
  const other = await signWebhook('{}', SECRET, { clock })
  expect(other['webhook-id']).not.toBe(headers['webhook-id'])
})

test('signWebhook() signs with every secret, each kind in its version', async () => {
  const { signingKey } = await generateWebhookKeyPair()
  const secrets = [SECRET, generateWebhookSecret(), signingKey]
  const headers = await signWebhook('{}', secrets, { id: 'a', timestamp: 1 })
  const versions = headers['webhook-signature'].split(' ').map((item) => item.split(',')[0])
  expect(versions).toEqual(['v1', 'v1', 'v1a'])
  const stripe = await signWebhook('{}', [TEXT_SECRET, `${TEXT_SECRET}2`], {
    scheme: 'stripe',
    timestamp: 1.9,
  })
  expect(stripe['stripe-signature']).toMatch(/^t=1,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/)
})

test('signWebhook() and verifyWebhook() fit together, for all bodies, secrets, ids and times', async () => {
  const ids = fc.string({ unit: fc.constantFrom(...'aZ0_-~!/'), minLength: 1, maxLength: 256 })
  await fc.assert(
    fc.asyncProperty(
      bytes(0, 9000),
      bytes(24, 64),
      ids,
      fc.nat({ max: 999_999_999_999 }),
      async (body, secret, id, timestamp) => {
        const clock = { now: () => timestamp * 1000 }
        const standard = await signWebhook(body, secret, { id, timestamp })
        expect(await verifyWebhook(body, { ...standard }, secret, { clock })).toBe(true)
        const stripe = await signWebhook(body, secret, { scheme: 'stripe', timestamp })
        expect(await verifyWebhook(body, stripe['stripe-signature'], secret, { clock })).toBe(true)
        const github = await signWebhook(body, secret, { scheme: 'github' })
        expect(await verifyWebhook(body, { ...github }, secret, { scheme: 'github' })).toBe(true)
      },
    ),
  )
})

test('signWebhook() and verifyWebhook() fit together for Ed25519 keys, for all bodies', async () => {
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  await fc.assert(
    fc.asyncProperty(bytes(0, 1000), async (body) => {
      const headers = await signWebhook(body, signingKey)
      expect(await verifyWebhook(body, { ...headers }, verificationKey)).toBe(true)
    }),
  )
})

test('signWebhook() signs text as its UTF-8', async () => {
  const text = '{"note":"ü€😀"}'
  const options = { id: 'a', timestamp: 1 }
  expect(await signWebhook(text, SECRET, options)).toEqual(
    await signWebhook(new TextEncoder().encode(text), SECRET, options),
  )
})

test('signWebhook() takes a signing key with or without its public half, and bytes as a shared secret', async () => {
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  const whole = Buffer.from(signingKey.slice('whsk_'.length), 'base64')
  const seedOnly = `whsk_${whole.subarray(0, 32).toString('base64')}`
  const headers = await signWebhook('{}', seedOnly)
  expect(await verifyWebhook('{}', { ...headers }, verificationKey)).toBe(true)
  const shared = new Uint8Array(32).fill(1)
  const same = `whsec_${Buffer.from(shared).toString('base64')}`
  expect(await verifyWebhook('{}', { ...(await signWebhook('{}', shared)) }, same)).toBe(true)
})

test('generateWebhookSecret() and generateWebhookKeyPair() make keys of 32 bytes, new each time', async () => {
  expect(Buffer.from(generateWebhookSecret().slice('whsec_'.length), 'base64')).toHaveLength(32)
  expect(generateWebhookSecret()).not.toBe(generateWebhookSecret())
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  const [signing, verification] = [signingKey.slice(5), verificationKey.slice(5)].map((text) =>
    Buffer.from(text, 'base64'),
  )
  expect(signing?.subarray(32)).toEqual(verification)
  expect(generateWebhookSecret(createSeededRandom(3))).toBe(
    generateWebhookSecret(createSeededRandom(3)),
  )
})

test.each([
  ['an empty id', { id: '' }],
  ['a dot in the id', { id: 'a.b' }],
  ['a space in the id', { id: 'a b' }],
  ['a line break in the id', { id: 'a\nb' }],
  ['an id that is too long', { id: 'x'.repeat(257) }],
  ['an id outside ASCII', { id: 'ü' }],
  ['a negative time', { timestamp: -1 }],
  ['a time in the far future', { timestamp: 1e12 }],
  ['no time', { timestamp: NaN }],
])('signWebhook() refuses %s with a RangeError', async (_what, options) => {
  await expect(signWebhook('{}', SECRET, options)).rejects.toThrow(RangeError)
})

const dubious: readonly (readonly [string, unknown, ErrorConstructor])[] = [
  ['an empty secret', '', RangeError],
  ['a prefix alone', 'whsec_', RangeError],
  ['empty bytes', new Uint8Array(), RangeError],
  ['23 bytes', new Uint8Array(23), RangeError],
  ['no base64', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!', TypeError],
  ['base64 with stray bits', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB', TypeError],
  ['base64 of an impossible length', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA', TypeError],
  ['a line break behind it', `${SECRET}\n`, TypeError],
  ['a line break before it', `\r\n${SECRET}`, TypeError],
  ['a public key', 'whpk_JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=', TypeError],
  ['a signing key of 16 bytes', 'whsk_AAAAAAAAAAAAAAAAAAAAAA==', RangeError],
  ['nothing', undefined, TypeError],
  ['null', null, TypeError],
  ['a number', 12345678901234567890n, TypeError],
  ['no secret', [], RangeError],
  ['one of several', [SECRET, ''], RangeError],
]

test.each(dubious)('signWebhook() refuses %s as a secret', async (_what, secret, kind) => {
  const failure = await signWebhook('{}', secret as string).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(kind)
  if (typeof secret === 'string' && secret.length > 10)
    expect(String(failure)).not.toContain(secret.slice(6))
})

test('signWebhook() refuses a parsed body, naming the mistake, an unknown scheme, and a second secret for GitHub', async () => {
  const parsed: unknown = { type: 'order.paid' }
  await expect(signWebhook(parsed as string, SECRET)).rejects.toThrow(/raw body/)
  await expect(signWebhook('{}', SECRET, { scheme: 'x' as 'stripe' })).rejects.toThrow(TypeError)
  await expect(signWebhook('{}', [TEXT_SECRET, TEXT_SECRET], { scheme: 'github' })).rejects.toThrow(
    RangeError,
  )
  await expect(signWebhook('{}', 'short', { scheme: 'stripe' })).rejects.toThrow(RangeError)
})
