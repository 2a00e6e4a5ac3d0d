import { encodeBase64 } from '../../../../src/primitives/base64.ts'
import { createHmacKey } from '../../../../src/primitives/hmac.ts'
import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import {
  messageSignatureWebhook,
  type MessageSignatureWebhookOptions,
} from '../../../../src/services/webhooks/schemes/message-signature.ts'
import { createFakeClock } from '../../../../src/testing/index.ts'
import {
  expectRefusal,
  receive,
  RECEIVED_AT,
  RECEIVER_URL,
  SHARED_SECRET,
} from '../../../support/received-webhook.ts'

const clock = createFakeClock(RECEIVED_AT)
const created = RECEIVED_AT / 1000
const secrets = encodeUtf8(SHARED_SECRET)
const BODY = '{"type":"order.paid","id":"e1"}'
const ALL = ['@method', '@target-uri', 'content-digest']

/** What is accepted and refused of HTTP Message Signatures (RFC 9421). */
export const messageSignatureLaws: readonly Law<null>[] = [
  {
    name: 'messageSignatureWebhook() demands its components, the digest of the body, and a time',
    async run() {
      const good = await sign({ parameters: `;created=${created};alg="hmac-sha256"` })
      expectEqual((await read(good)).type, 'order.paid')
      for (const [headers, code, body = BODY] of [
        [await sign({ components: ALL.slice(0, 2) }), 'malformed_signature'],
        [await sign({ parameters: '' }), 'malformed_timestamp'],
        [await sign({ parameters: `;created="${created}"` }), 'malformed_timestamp'],
        [await sign({ parameters: `;created=-${created}` }), 'malformed_timestamp'],
        [await sign({ parameters: `;created=${created - 400}` }), 'timestamp_too_old'],
        [
          await sign({ parameters: `;created=${created};expires=${created - 1}` }),
          'timestamp_too_old',
        ],
        [
          await sign({ parameters: `;created=${created};expires="${created + 9}"` }),
          'malformed_timestamp',
        ],
        [await sign({ parameters: `;created=${created};alg="ed25519"` }), 'signature_mismatch'],
        [await sign({ parameters: `;created=${created};alg="constructor"` }), 'signature_mismatch'],
        [await sign({ values: { '@method': 'PUT' } }), 'signature_mismatch'],
        [good, 'signature_mismatch', `${BODY} `],
        [{ ...good, 'content-digest': 'md5=:AAAA:' }, 'signature_mismatch'],
        [{ ...good, signature: 's=AAAA' }, 'malformed_signature'],
        [{ ...good, signature: 't=:AAAA:' }, 'malformed_signature'],
        [{ ...good, 'signature-input': `${good['signature-input']}, t=()` }, 'malformed_signature'],
        [{}, 'missing_signature'],
      ] as const)
        await expectRefusal(() => read(headers, {}, body), code)
    },
  },
  {
    name: 'messageSignatureWebhook() takes names of components as RFC 9421 writes them, once each and without parameters',
    async run() {
      for (const item of [
        '""',
        '" "',
        '"x y"',
        '"x:y"',
        '"x\\"y"',
        '"x\\\\y"',
        '"@"',
        '"@status"',
        '"@signature-params"',
        '"@query-param"',
        '"@query-param";name="a"',
        '"@METHOD"',
        '"Content-Digest"',
        '"@method"',
        '"content-digest"',
        '"@path";req',
        '"content-type";sf',
        '"content-type";bs',
        '"content-type";key="a"',
        '"content-type";tr',
        '"x-absent"',
        'token',
        '1',
        '1.5',
        '?1',
        ':AAAA:',
        '@1',
        '("a")',
        '"',
        '"\u00fc"',
        '%',
      ])
        await expectRefusal(
          async () => read(await sign({ items: [...ALL.map((name) => `"${name}"`), item] })),
          'malformed_signature',
          item,
        )
      for (const components of [['x y'], [''], ['Date'], ['@status'], ['@method;req'], ['\u00fc']])
        await expectRejection(
          async () => messageSignatureWebhook({ components }),
          (error) => error instanceof TypeError,
          `a TypeError for ${String(components)}`,
        )
    },
  },
  {
    name: 'messageSignatureWebhook() takes each component of the request, and a covered header that is empty',
    async run() {
      const components = [
        ...ALL,
        '@authority',
        '@scheme',
        '@request-target',
        '@path',
        '@query',
        'content-type',
        'x-empty',
        "x!#$%&'*+-.^_`|~0",
      ]
      const more = { 'x-empty': '', "x!#$%&'*+-.^_`|~0": 'odd' }
      const values = {
        '@authority': 'receiver.example.com',
        '@scheme': 'https',
        '@request-target': '/hooks',
        '@path': '/hooks',
        '@query': '?',
        'content-type': 'application/json',
        ...more,
      }
      const headers = { ...(await sign({ components, values })), ...more }
      await read(headers, { components })
      await expectRefusal(() => read({ ...headers, 'x-empty': 'x' }), 'signature_mismatch')
      const { 'x-empty': _empty, ...without } = headers
      await expectRefusal(() => read(without), 'malformed_signature')
    },
  },
  {
    name: 'messageSignatureWebhook() takes spaces and tabs off the ends of a header, and nothing else',
    async run() {
      const scheme = messageSignatureWebhook({ components: ['x-note'] })
      const signedAs = async (value: string) =>
        sign({ components: ['x-note'], values: { 'x-note': value } })
      const verify = async (headers: Readonly<Record<string, string>>) =>
        verifyWebhook(BODY, headers, secrets, { scheme, clock })
      const plain = await signedAs('a  b')
      for (const [value, accepted] of [
        ['a  b', true],
        [' \ta  b\t ', true],
        ['a b', false],
        ['a  b\u00a0', false],
        ['\u00a0a  b', false],
        ['\ufeffa  b', false],
        ['a  b\u2003', false],
        ['a  b\v', false],
        ['a  b\f', false],
        ['a  b\r\n', false],
        [`a${' '.repeat(100_000)}b`, false],
      ] as const)
        expectEqual(await verify({ ...plain, 'x-note': value }), accepted, JSON.stringify(value))
      const spaced = await signedAs('a\u00a0')
      expectEqual(await verify({ ...spaced, 'x-note': 'a\u00a0' }), true)
      expectEqual(await verify({ ...spaced, 'x-note': 'a' }), false)
      const broken = await signedAs('a\n"x-other": b')
      expectEqual(await verify({ ...broken, 'x-note': 'a\n"x-other": b' }), false)
    },
  },
  {
    name: 'messageSignatureWebhook() wants the whole request where the signature has to cover it, and only there',
    async run() {
      const sent = await sign({})
      await expectRejection(
        () => verifyWebhook(BODY, sent, secrets, { scheme: messageSignatureWebhook(), clock }),
        (error) => error instanceof TypeError && error.message.includes('readWebhook'),
        'a TypeError that names readWebhook',
      )
      const scheme = messageSignatureWebhook({ components: ['content-digest'] })
      const bare = await sign({ components: ['content-digest'] })
      expectEqual(await verifyWebhook(BODY, bare, secrets, { scheme, clock }), true)
      expectEqual(await verifyWebhook(BODY, sent, secrets, { scheme, clock }), false)
    },
  },
  {
    name: "messageSignatureWebhook() does not take Svix's name of a header for that of Standard Webhooks",
    async run() {
      const components = [...ALL, 'webhook-id']
      const headers = await sign({ components, values: { 'webhook-id': 'm1' } })
      await read({ ...headers, 'webhook-id': 'm1' })
      await expectRefusal(() => read({ ...headers, 'svix-id': 'm1' }), 'malformed_signature')
    },
  },
]

interface Signing {
  readonly components?: readonly string[]
  /** As they are written in `Signature-Input`. Default: the components in quotes. */
  readonly items?: readonly string[]
  readonly parameters?: string
  readonly values?: Readonly<Record<string, string>>
}

async function sign({
  components = ALL,
  items = components.map((name) => `"${name}"`),
  parameters = `;created=${created}`,
  values = {},
}: Signing): Promise<Record<string, string>> {
  const sha256 = await crypto.subtle.digest('SHA-256', encodeUtf8(BODY))
  const digest = `sha-256=:${encodeBase64(new Uint8Array(sha256))}:`
  const known: Readonly<Record<string, string>> = {
    '@method': 'POST',
    '@target-uri': RECEIVER_URL,
    'content-digest': digest,
    ...values,
  }
  const input = `(${items.join(' ')})${parameters}`
  const base = [
    ...components.map((name) => `"${name}": ${known[name]}`),
    `"@signature-params": ${input}`,
  ]
  const code = await createHmacKey(secrets).sign(encodeUtf8(base.join('\n')))
  return {
    'content-digest': digest,
    'signature-input': `s=${input}`,
    signature: `s=:${encodeBase64(code)}:`,
  }
}

function read(
  headers: Readonly<Record<string, string>>,
  options: MessageSignatureWebhookOptions = {},
  body = BODY,
): ReturnType<typeof receive> {
  return receive(body, headers, { scheme: messageSignatureWebhook(options), secrets, clock })
}
