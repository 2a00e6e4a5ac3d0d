import { encodeUtf8 } from '../../../../src/primitives/utf8.ts'
import {
  expectEqual,
  expectTrue,
  LawBrokenError,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { handleWebhooks } from '../../../../src/services/webhooks/receiving/handle-webhooks.ts'
import { readWebhook } from '../../../../src/services/webhooks/receiving/read-webhook.ts'
import { verifyWebhook } from '../../../../src/services/webhooks/receiving/verify-webhook.ts'
import { WebhookVerificationError } from '../../../../src/services/webhooks/webhook-verification-error.ts'
import { createFakeClock } from '../../../../src/testing/index.ts'
import { createChance, type Chance } from '../../../simulation/chance.ts'
import { openPaypal, PAYPAL_BODY } from '../../../support/paypal-fixture.ts'
import { RECEIVED_AT, RECEIVER_URL } from '../../../support/received-webhook.ts'
import { openSns } from '../../../support/sns-fixture.ts'
import { issueCertificate } from '../../../support/test-certificates.ts'
import { vendorMessages, type VendorMessage } from '../../../support/vendor-messages.ts'
import { suite, type Suite } from '../../suite.ts'

/** What nobody who cannot sign may do to a receiver, whatever the scheme. */
export function webhookHostileSuites(): readonly Suite[] {
  return [suite('webhook hostility', 'pure', hostileLaws, null)]
}

/** So many requests for each scheme; a few thousand more have been tried by hand. */
const REQUESTS = 300

const clock = createFakeClock(RECEIVED_AT)

const hostileLaws: readonly Law<null>[] = [
  {
    name: 'no scheme lets anything but a WebhookVerificationError out, whatever arrives',
    async run() {
      const chance = createChance(1, 1)
      for (const message of await vendorMessages()) {
        const { vendor, scheme, secrets, body, headers } = message
        const options = { scheme, secrets, clock }
        await readWebhook(requestOf(body, headers), options)
        for (let index = 0; index < REQUESTS; index++) {
          const odd = mutate(message, chance)
          const what = `${vendor}, ${JSON.stringify(odd)}`
          await expectTyped(() => readWebhook(requestOf(odd.body, odd.headers), options), what)
          await expectTyped(
            () => verifyWebhook(odd.body, { ...odd.headers }, secrets, { scheme, clock }),
            what,
            // Twilio and HTTP Message Signatures want the URL, which verifyWebhook is not given.
            (error) => error instanceof TypeError && error.message.includes('readWebhook'),
          )
        }
      }
    },
  },
  {
    name: 'no scheme lets anything else out either when something odd stands at each place of each header',
    async run() {
      for (const { vendor, scheme, secrets, body, headers } of await vendorMessages())
        for (const [name, value] of Object.entries(headers))
          for (const at of boundariesOf(value))
            for (const part of [...PARTS, '"x y" ', '"" ', '"x\\\\y" ']) {
              const odd = { ...headers, [name]: value.slice(0, at) + part + value.slice(at) }
              await expectTyped(
                () => readWebhook(requestOf(body, odd), { scheme, secrets, clock }),
                `${vendor}, ${JSON.stringify(odd)}`,
              )
            }
    },
  },
  {
    name: 'handleWebhooks() answers whatever arrives with a status, and never with 500',
    async run() {
      const chance = createChance(2, 1)
      for (const message of await vendorMessages()) {
        const { vendor, scheme, secrets } = message
        const receive = handleWebhooks({ '*': () => undefined }, { scheme, secrets, clock })
        const statuses = new Set<number>()
        for (let index = 0; index < REQUESTS; index++) {
          const { body, headers } = mutate(message, chance)
          const { status } = await receive(requestOf(body, headers))
          statuses.add(status)
        }
        const odd = [...statuses].filter((status) => ![200, 400, 401, 413, 415].includes(status))
        expectEqual(odd, [], `${vendor}, statuses`)
        expectTrue(statuses.has(401), `${vendor} to refuse some`)
      }
    },
  },
  {
    name: 'no certificate lets anything but a WebhookVerificationError out, whatever the vendor serves',
    async run() {
      const chance = createChance(3, 1)
      const certificate = await issueCertificate({ name: 'sns.amazonaws.com' })
      const sns = await openSns({}, certificate)
      const paypal = await openPaypal()
      const own = sns.answer
      const message = await sns.message({})
      const headers = await paypal.headers()
      const pem = await (await own()).text()
      for (let index = 0; index < REQUESTS; index++) {
        const served = chance.of(0.5)
          ? pemOf(flip(certificate.der, chance))
          : oddText(pem, chance).slice(0, 60_000)
        sns.answer = () => new Response(served)
        paypal.answer = () => new Response(served)
        for (const { advance } of [sns.clock, paypal.clock]) await advance(7000)
        await expectTyped(() => sns.read(message), served)
        await expectTyped(() => paypal.read(PAYPAL_BODY, headers), served)
      }
    },
  },
  {
    name: 'a form with more fields than Twilio sends is refused before they are sorted',
    async run() {
      const twilio = (await vendorMessages()).find(({ vendor }) => vendor === 'twilio')
      const { scheme, secrets, headers } = twilio ?? missing()
      const many = Array.from({ length: 1001 }, (_, index) => `f${index}=1`).join('&')
      for (const body of [many, '&'.repeat(500_000)])
        expectEqual(await verifyWebhook(body, headers, secrets, { scheme, clock }), false)
    },
  },
]

interface Odd {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

async function expectTyped(
  act: () => Promise<unknown>,
  what: string,
  isAllowed: (error: unknown) => boolean = () => false,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (error instanceof WebhookVerificationError || isAllowed(error)) return
    const told = `Expected a WebhookVerificationError, got ${String(error)} for ${what}`
    throw new LawBrokenError(told.slice(0, 2000), { cause: error })
  }
}

function mutate({ body, headers }: VendorMessage, chance: Chance): Odd {
  const entries = Object.entries(headers)
  const turn = chance.between(0, entries.length)
  const changed = entries.map(([name, value], index): [string, string] => [
    name,
    index === turn || chance.of(0.1) ? oddText(value, chance) : value,
  ])
  const kept = changed.filter(() => !chance.of(0.03))
  const isBody = turn === entries.length || chance.of(0.1)
  return { headers: Object.fromEntries(kept), body: isBody ? oddBody(body, chance) : body }
}

function oddBody(body: string, chance: Chance): string | Uint8Array<ArrayBuffer> {
  const object = chance.of(0.5) ? fieldsOf(body) : null
  if (object !== null) {
    const name = Object.keys(object)[chance.between(0, Object.keys(object).length - 1)] ?? ''
    return JSON.stringify({ ...object, [name]: chance.pick(VALUES) })
  }
  if (chance.of(0.2)) return chance.pick(BODIES)
  return chance.of(0.3) ? flip(encodeUtf8(body), chance) : oddText(body, chance)
}

function oddText(text: string, chance: Chance): string {
  const at = chance.between(0, text.length)
  const end = chance.between(at, Math.min(text.length, at + 20))
  const part = chance.pick(PARTS)
  return chance.pick([
    () => part,
    () => text.slice(0, at),
    () => text.slice(0, at) + part + text.slice(at),
    () => text.slice(0, at) + part + text.slice(end),
    () => text.slice(0, at) + part.repeat(chance.between(1, 2000)) + text.slice(end),
    () => `${text}, ${text}`,
    () => `${part}, ${text}`,
    () => `${text}${part}`,
    () => text.toUpperCase(),
    () => text.split('').toReversed().join(''),
  ])()
}

/** Where one part of a text ends and another begins, the text's own ends included. */
function boundariesOf(text: string): readonly number[] {
  const ends = Array.from(text.matchAll(/[^\w+/]/g), ({ index }) => index + 1)
  return [...new Set([0, ...ends, text.length])]
}

function flip(bytes: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(bytes)
  for (let count = chance.between(1, 3); count > 0; count--)
    changed[chance.between(0, changed.length - 1)] = chance.between(0, 255)
  return changed
}

function pemOf(der: Uint8Array): string {
  const text = btoa(String.fromCharCode(...der))
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
}

function fieldsOf(body: string): object | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** Only what a server lets through in a header: the others are tried without a `Request`. */
function requestOf(body: Odd['body'], headers: Odd['headers']): Request {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    value.replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
  ])
  return new Request(RECEIVER_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...Object.fromEntries(entries) },
    body,
  })
}

function missing(): never {
  throw new LawBrokenError('Expected a message of Twilio')
}

const PARTS = [
  '"x y"',
  '""',
  '"@"',
  '("',
  '")',
  '()',
  ';created=1',
  ';created',
  ';',
  ',',
  '=',
  ':',
  ':AAAA:',
  '::',
  '?1',
  '"',
  '\\',
  '%',
  '%ff',
  '&',
  '+',
  '|',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  '\u00a0',
  '\u00ff',
  '\u20ac',
  '\ud800',
  '\u{1f600}',
  '\ufeff',
  '9'.repeat(30),
  '-1',
  '1e9',
  'NaN',
  'v1,',
  'v1a,',
  't=',
  'v1=',
  'v0=',
  'sha256=',
  '====',
  'AAAA',
  'https://',
  'https://[',
  '://',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '{}',
  '[]',
  '0'.repeat(64),
] as const

const VALUES = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  '\ud800',
  'a\nb',
  [],
  {},
  [null],
  { toString: null },
  { timestamp: '', token: '', signature: '' },
  { timestamp: {}, token: [], signature: 1 },
  'https://[',
  '9'.repeat(400),
] as const

const BODIES: readonly [Odd['body'], ...Odd['body'][]] = [
  '',
  'null',
  '1',
  '"x"',
  '[]',
  '[null]',
  '{}',
  '{"signature":null}',
  '{"signature":[]}',
  '{"__proto__":{"signature":{}}}',
  '{"constructor":1,"toString":2,"valueOf":3}',
  '"\\ud800"',
  '\ufeff',
  '\ufeff{}',
  '['.repeat(100_000),
  `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  '{"a":'.repeat(20_000),
  '&'.repeat(2000),
  '%'.repeat(2000),
  'a=%ff&b=%&__proto__=1&=&constructor=2',
  new Uint8Array([0xff, 0xfe, 0x00]),
  new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
  new Uint8Array(1000),
]
