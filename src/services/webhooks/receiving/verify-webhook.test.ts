import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHmacKey } from '../../../primitives/hmac.ts'
import { signWebhook } from '../signing/sign-webhook.ts'
import { generateWebhookKeyPair } from '../signing/webhook-secret.ts'
import { slackWebhook } from '../schemes/slack.ts'
import { verifyWebhook, type VerifyWebhookOptions } from './verify-webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const TEXT_SECRET = 'a secret that is long enough'
const SECONDS = 1_767_225_600
const clock = { now: () => SECONDS * 1000 }
const BODY = '{"type":"order.paid"}'
const standard = await signWebhook(BODY, SECRET, { id: 'msg_1', timestamp: SECONDS })
const stripe = await signWebhook(BODY, TEXT_SECRET, { scheme: 'stripe', timestamp: SECONDS })
const github = await signWebhook(BODY, TEXT_SECRET, { scheme: 'github' })
const stripeHeader = stripe['stripe-signature']

test('verifyWebhook() takes headers in every form, whatever their case', async () => {
  const pairs = Object.entries(standard)
  const shouted = Object.fromEntries(pairs.map(([name, value]) => [name.toUpperCase(), value]))
  const lists = Object.fromEntries(pairs.map(([name, value]) => [name, [value]]))
  for (const headers of [{ ...standard }, shouted, lists, new Headers(pairs), new Map(pairs)])
    expect(await verifyWebhook(BODY, headers, SECRET, { clock })).toBe(true)
  expect(await verifyWebhook(BODY, new Headers(), SECRET, { clock })).toBe(false)
  expect(await verifyWebhook(BODY, {}, SECRET, { clock })).toBe(false)
})

test("verifyWebhook() reads a bare signature as Stripe's, and never guesses another scheme", async () => {
  expect(await verifyWebhook(BODY, stripeHeader, TEXT_SECRET, { clock })).toBe(true)
  expect(await verifyWebhook(BODY, { ...stripe }, TEXT_SECRET, { clock, scheme: 'stripe' })).toBe(
    true,
  )
  const hub = github['x-hub-signature-256']
  expect(await verifyWebhook(BODY, hub, TEXT_SECRET, { clock })).toBe(false)
  expect(await verifyWebhook(BODY, hub, TEXT_SECRET, { clock, scheme: 'github' })).toBe(true)
  expect(await verifyWebhook(BODY, { ...github }, TEXT_SECRET, { clock, scheme: 'stripe' })).toBe(
    false,
  )
  for (const absent of [null, undefined, ''])
    expect(await verifyWebhook(BODY, absent, TEXT_SECRET, { clock })).toBe(false)
})

test('verifyWebhook() refuses what cannot be a signature of the scheme with a TypeError', async () => {
  const bare = standard['webhook-signature']
  await expect(verifyWebhook(BODY, bare, SECRET, { scheme: 'standard' })).rejects.toThrow(/headers/)
  await expect(
    verifyWebhook(BODY, 'v0=00', TEXT_SECRET, { scheme: slackWebhook() }),
  ).rejects.toThrow(/headers/)
  const scheme = 'twilio' as 'github'
  await expect(verifyWebhook(BODY, 'x', TEXT_SECRET, { scheme })).rejects.toThrow(TypeError)
})

test.each([
  ['a parsed object', { type: 'order.paid' }],
  ['a list', [1]],
  ['nothing', undefined],
  ['null', null],
  ['a number', 1],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a request', new Request('https://a.example/', { method: 'POST', body: BODY })],
  ['a stream', new ReadableStream()],
])('verifyWebhook() refuses %s as a body, and names the mistake', async (_what, body: unknown) => {
  await expect(verifyWebhook(body as string, { ...standard }, SECRET)).rejects.toThrow(
    /^Cannot use webhook body: .*raw body/,
  )
})

test.each([
  ['empty', ''],
  ['short', 'fifteen bytes !'],
  ['missing', undefined],
])('verifyWebhook() refuses a secret that is %s, whatever arrived', async (_what, secret) => {
  const none = secret as string
  for (const header of [stripeHeader, '', null])
    await expect(verifyWebhook(BODY, header, none, { clock })).rejects.toThrow(/secret/)
  await expect(verifyWebhook(BODY, {}, [SECRET, none], { clock })).rejects.toThrow(/secret/)
  await expect(verifyWebhook(BODY, {}, [], { clock })).rejects.toThrow(/no secret/)
})

test('verifyWebhook() refuses a signing key in place of its public half, and takes no public key for a shared secret', async () => {
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  await expect(verifyWebhook(BODY, { ...standard }, signingKey)).rejects.toThrow(/whsec_/)
  // An attacker who knows the published key signs with it as if it were shared.
  const bytes = Buffer.from(verificationKey.slice('whpk_'.length), 'base64')
  const forged = await signWebhook(BODY, new Uint8Array(bytes), { timestamp: SECONDS })
  expect(await verifyWebhook(BODY, { ...forged }, verificationKey, { clock })).toBe(false)
  const relabelled = {
    ...forged,
    'webhook-signature': forged['webhook-signature'].replace('v1', 'v1a'),
  }
  expect(await verifyWebhook(BODY, relabelled, verificationKey, { clock })).toBe(false)
})

test('verifyWebhook() bounds the age of a signature both ways, to the millisecond', async () => {
  const at = (ms: number, options: VerifyWebhookOptions = {}): Promise<boolean> =>
    verifyWebhook(BODY, { ...standard }, SECRET, {
      clock: { now: () => SECONDS * 1000 + ms },
      ...options,
    })
  expect([await at(300_000), await at(300_001)]).toEqual([true, false])
  expect([await at(-300_000), await at(-300_001)]).toEqual([true, false])
  expect([await at(1000, { tolerance: 1000 }), await at(1001, { tolerance: 1000 })]).toEqual([
    true,
    false,
  ])
  expect(await at(-1001, { tolerance: 1000 })).toBe(false)
  expect(await at(9_999_999_999, { tolerance: 'accept-any-age' })).toBe(true)
  expect(await at(-300_001, { tolerance: 'accept-any-age' })).toBe(false)
  for (const tolerance of [0, -1, NaN])
    await expect(at(0, { tolerance })).rejects.toThrow(RangeError)
})

test.each([
  ['a time with something behind it', 'msg_1', `${SECONDS}junk`],
  ['a time with a fraction', 'msg_1', `${SECONDS}.0`],
  ['a time with a sign', 'msg_1', `+${SECONDS}`],
  ['a time with a space', 'msg_1', ` ${SECONDS}`],
  ['a time of 13 digits', 'msg_1', `${SECONDS}`.padStart(13, '0')],
  ['an id with a dot', 'msg.1', `${SECONDS}`],
])('verifyWebhook() refuses %s even when it is signed correctly', async (_what, id, timestamp) => {
  const sign = async (of: string): Promise<Record<string, string>> => {
    const key = createHmacKey(new Uint8Array(Buffer.from(SECRET.slice(6), 'base64')))
    const code = await key.sign(new TextEncoder().encode(`${of}.${timestamp}.${BODY}`))
    return {
      'webhook-id': of,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${Buffer.from(code).toString('base64')}`,
    }
  }
  const options = { clock, tolerance: 'accept-any-age' } as const
  expect(await verifyWebhook(BODY, await sign(id), SECRET, options)).toBe(false)
})

test('verifyWebhook() tries a key on signatures of its own version alone', async () => {
  const relabelled = standard['webhook-signature'].replace('v1,', 'v1a,')
  const headers = { ...standard, 'webhook-signature': relabelled }
  expect(await verifyWebhook(BODY, headers, SECRET, { clock })).toBe(false)
})

const signature = standard['webhook-signature']
const other = `v1,${Buffer.alloc(32).toString('base64')}`
const hex = stripeHeader.slice(stripeHeader.indexOf('v1=') + 3)

test.each([
  ['webhook-timestamp', `${SECONDS}junk`],
  ['webhook-timestamp', ` ${SECONDS}`],
  ['webhook-timestamp', `${SECONDS}.0`],
  ['webhook-timestamp', `+${SECONDS}`],
  ['webhook-timestamp', '-1'],
  ['webhook-timestamp', '1e9'],
  ['webhook-timestamp', '0x695'],
  ['webhook-timestamp', '9999999999999'],
  ['webhook-timestamp', 'NaN'],
  ['webhook-id', 'msg_2'],
  ['webhook-id', `msg_1.${SECONDS}`],
  ['webhook-signature', signature.slice(3)],
  ['webhook-signature', signature.replace('v1', 'v2')],
  ['webhook-signature', signature.replace(',', ' ')],
  ['webhook-signature', `${signature}=`],
  ['webhook-signature', `${signature},v1`],
  ['webhook-signature', signature.replace('v1,', 'v1, ')],
  ['webhook-signature', signature.slice(0, -1)],
  ['webhook-signature', 'v1,'],
  ['webhook-signature', 'v1,!!!!'],
  ['webhook-signature', 'v1,AAAA '.repeat(100_000)],
  ['webhook-signature', 'x'.repeat(1_000_000)],
] as const)('verifyWebhook() refuses a %s of %.40j', async (name, value) => {
  const options = { clock, tolerance: 'accept-any-age' } as const
  expect(await verifyWebhook(BODY, { ...standard }, SECRET, options)).toBe(true)
  expect(await verifyWebhook(BODY, { ...standard, [name]: value }, SECRET, options)).toBe(false)
})

test.each([
  `t=${SECONDS}`,
  `v1=${hex}`,
  `t=${SECONDS},t=${SECONDS},v1=${hex}`,
  `t=${SECONDS}x,v1=${hex}`,
  `t= ${SECONDS},v1=${hex}`,
  `t=${SECONDS},v0=${hex}`,
  `t=${SECONDS},v1=${hex.toUpperCase()}`,
  `t=${SECONDS},v1=${hex}=00`,
  `t=${SECONDS},v1=zz${hex}`,
  `t=${SECONDS},v1=${hex} `,
  `t=${SECONDS},v1=`,
  `t=${SECONDS},v1=${hex.slice(2)}`,
  `t=${SECONDS},v1=${hex}00`,
  hex,
  'undefined',
  ',=,=,',
])('verifyWebhook() refuses a Stripe-Signature of %.60j', async (header) => {
  const options = { clock }
  expect(await verifyWebhook(BODY, `v1=${hex},v0=ff,t=${SECONDS}`, TEXT_SECRET, options)).toBe(true)
  expect(await verifyWebhook(BODY, header, TEXT_SECRET, options)).toBe(false)
})

test.each(['foo', 'sha256=', 'sha256=zz', 'sha1=00', 'SHA256=00', '00'])(
  'verifyWebhook() refuses an X-Hub-Signature-256 of %j',
  async (header) => {
    expect(await verifyWebhook(BODY, header, TEXT_SECRET, { scheme: 'github' })).toBe(false)
    const good = github['x-hub-signature-256']
    const spaced = good.replace(/(..)/g, '$1 ')
    expect(await verifyWebhook(BODY, spaced, TEXT_SECRET, { scheme: 'github' })).toBe(false)
    expect(await verifyWebhook(BODY, ` ${good}`, TEXT_SECRET, { scheme: 'github' })).toBe(false)
  },
)

test('verifyWebhook() accepts no message of which one byte was changed, whatever the scheme', async () => {
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  const asymmetric = await signWebhook(BODY, signingKey, { id: 'msg_1', timestamp: SECONDS })
  const messages = [
    { headers: { ...standard }, secret: SECRET, scheme: 'standard' },
    { headers: { ...asymmetric }, secret: verificationKey, scheme: 'standard' },
    { headers: { ...stripe }, secret: TEXT_SECRET, scheme: 'stripe' },
    { headers: { ...github }, secret: TEXT_SECRET, scheme: 'github' },
  ] as const
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...messages),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 127 }),
      async ({ headers, secret, scheme }, part, at, flip) => {
        const options = { clock, scheme, tolerance: 'accept-any-age' } as const
        const names = Object.keys(headers)
        const name = names[part % (names.length + 1)]
        const change = (text: string): string =>
          text.replace(/./g, (character, index: number) =>
            index === at % text.length
              ? String.fromCharCode(character.charCodeAt(0) ^ flip)
              : character,
          )
        const entries = Object.entries(headers).map(([key, value]): [string, string] => [
          key,
          key === name ? change(value) : value,
        ])
        const body = name === undefined ? change(BODY) : BODY
        expect(await verifyWebhook(body, Object.fromEntries(entries), secret, options)).toBe(false)
      },
    ),
    { numRuns: 1500 },
  )
})

test('verifyWebhook() never throws, whatever the headers hold', async () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'v1a,=t0 AZ/+x'), maxLength: 80 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearly, fc.string()), async (text) => {
      const headers = { ...standard, 'webhook-signature': text }
      expect(await verifyWebhook(BODY, headers, SECRET, { clock })).toBe(false)
      expect(await verifyWebhook(BODY, text, TEXT_SECRET, { clock })).toBe(false)
      expect(await verifyWebhook(BODY, text, TEXT_SECRET, { clock, scheme: 'github' })).toBe(false)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  `v1,### ${signature}`,
  `${signature} v1,###`,
  `v1,### v2,x v1a,AAAA ${signature}`,
  `v1,AAAA, ${signature}`,
  `${signature}, ${signature}`,
  `v1,AAAA,${signature}`,
  `${'v1,AAAA '.repeat(16)}${signature}`,
  `${`${other} `.repeat(300)}${signature}`,
])(
  'verifyWebhook() accepts a webhook-signature of %.60j, whose good one is not alone',
  async (value) => {
    const headers = { ...standard, 'webhook-signature': value }
    expect(await verifyWebhook(BODY, headers, SECRET, { clock })).toBe(true)
    expect(await verifyWebhook(`${BODY} `, headers, SECRET, { clock })).toBe(false)
  },
)

test.each([
  `t=${SECONDS},v1=zz,v1=${hex}`,
  `t=${SECONDS}${',v1=00'.repeat(20)},v1=${hex}`,
  `t=${SECONDS}${`,v1=${hex.replace(/./g, '0')}`.repeat(100)},v1=${hex}`,
  `t=${SECONDS},v1=${hex}, t=${SECONDS},v1=${hex}`,
  `t=${SECONDS},v1=00, t=${SECONDS},v1=${hex}`,
])(
  'verifyWebhook() accepts a Stripe-Signature of %.60j, whose good one is not alone',
  async (value) => {
    expect(await verifyWebhook(BODY, value, TEXT_SECRET, { clock })).toBe(true)
    expect(await verifyWebhook(`${BODY} `, value, TEXT_SECRET, { clock })).toBe(false)
  },
)

test('verifyWebhook() takes the headers that a server lists, and those that a proxy joined', async () => {
  const good = github['x-hub-signature-256']
  const { 'webhook-signature': signatures, ...others } = standard
  const lists = { ...others, 'Webhook-Signature': ['v1,AAAA', signatures] }
  expect(await verifyWebhook(BODY, lists, SECRET, { clock })).toBe(true)
  for (const header of [`${good}, ${good}`, `sha256=zz,${good}`, `sha1=00, ${good}`])
    expect(await verifyWebhook(BODY, header, TEXT_SECRET, { scheme: 'github' })).toBe(true)
})

test('verifyWebhook() tries a public key on 16 signatures, and no more', async () => {
  const { signingKey, verificationKey } = await generateWebhookKeyPair()
  const headers = await signWebhook(BODY, signingKey, { id: 'msg_1', timestamp: SECONDS })
  const wrong = `v1a,${Buffer.alloc(64).toString('base64')}`
  const among = (count: number) => ({
    ...headers,
    'webhook-signature': `${`${wrong} `.repeat(count)}${headers['webhook-signature']}`,
  })
  expect(await verifyWebhook(BODY, among(15), verificationKey, { clock })).toBe(true)
  expect(await verifyWebhook(BODY, among(16), verificationKey, { clock })).toBe(false)
})

test('verifyWebhook() keeps no secret apart from its own kind: text, bytes and schemes do not mix', async () => {
  const text = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  const asText = await signWebhook(BODY, text, { scheme: 'github' })
  const asBytes = await signWebhook(BODY, new TextEncoder().encode(text), { scheme: 'github' })
  expect(asText).toEqual(asBytes)
  const decoded = await signWebhook(BODY, text, { id: 'a', timestamp: SECONDS })
  expect(await verifyWebhook(BODY, { ...decoded }, `whsec_${text}`, { clock })).toBe(true)
  const raw = new TextEncoder().encode(text)
  expect(await verifyWebhook(BODY, { ...decoded }, raw, { clock })).toBe(false)
  const numbers = await signWebhook(BODY, raw, { scheme: 'github' })
  expect(await verifyWebhook(BODY, { ...numbers }, raw, { scheme: 'github' })).toBe(true)
  expect(await verifyWebhook(BODY, { ...numbers }, String(raw), { scheme: 'github' })).toBe(false)
})

test('verifyWebhook() alone takes at most 3.3 KB of a bundle, minified and compressed', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: "export { verifyWebhook } from './verify-webhook.ts'",
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    write: false,
  })
  const size = gzipSync(outputFiles[0]?.contents ?? new Uint8Array(1e6), { level: 9 }).length
  expect(size).toBeLessThanOrEqual(3379)
})
