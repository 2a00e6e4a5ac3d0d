import { createHash, createHmac } from 'node:crypto'
import { Receiver } from '@upstash/qstash'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { sign } from '../../../../test/support/qstash-server.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import { createSignedRequestReader, type SignedRequestOptions } from './signed-request.ts'

const URL_OF_APP = 'https://app.example.com/qstash'
const signingKeys = { current: 'sig_current', next: 'sig_next' }
const clock = createFakeClock()
const now = clock.now()
const body = '{"ring":"email"}'

interface Sent {
  readonly token?: string | null
  readonly url?: string
  readonly body?: string | ReadableStream<Uint8Array> | null
  readonly method?: string
}

function requestOf(sent: Sent = {}): Request {
  const { token = sign('sig_current', URL_OF_APP, body, now), url = URL_OF_APP } = sent
  const init = {
    method: sent.method ?? 'POST',
    headers: token === null ? {} : { 'upstash-signature': token },
    body: sent.body === undefined ? body : sent.body,
    duplex: 'half',
  }
  return new Request(url, init)
}

async function read(
  sent: Sent = {},
  options: Partial<SignedRequestOptions> = {},
): Promise<readonly [number, unknown]> {
  const reader = createSignedRequestReader({ url: URL_OF_APP, signingKeys, clock, ...options })
  const result = await reader(requestOf(sent))
  if ('body' in result) return [200, result.body]
  return [result.refusal.status, await result.refusal.json()]
}

test('createSignedRequestReader() reads what either signing key signed', async () => {
  for (const key of Object.values(signingKeys))
    expect(await read({ token: sign(key, URL_OF_APP, body, now) })).toEqual([
      200,
      { ring: 'email' },
    ])
})

test('createSignedRequestReader() compares the URL that QStash was told, in its normal form', async () => {
  const seen = 'http://10.0.0.7:8080/a'
  for (const [sub, url, status] of [
    ['https://app.example.com', 'https://app.example.com/', 200],
    ['https://APP.example.com:443/a?b=1', 'https://app.example.com/a?b=1', 200],
    ['https://app.example.com/a', 'https://app.example.com/a', 200],
    [seen, 'https://app.example.com/a', 401],
    ['https://app.example.com/a?b=1', 'https://app.example.com/a?b=2', 401],
    ['https://app.example.com/a', 'https://app.example.com/a/', 401],
    ['https://evil.example.com/a', 'https://app.example.com/a', 401],
  ] as const) {
    const token = sign('sig_current', sub, body, now)
    // Whatever host the request names, behind a proxy or by who made it up.
    for (const asked of [seen, sub])
      expect((await read({ token, url: asked }, { url }))[0], `${sub} ${url}`).toBe(status)
  }
})

const DAY_S = 86_400
const seconds = Math.floor(now / 1000)

test.for([
  ['missing_token', null],
  ['malformed_token', ''],
  ['malformed_token', 'a.b'],
  ['malformed_token', `${sign('sig_current', URL_OF_APP, body, now)}.x`],
  ['malformed_token', `${sign('sig_current', URL_OF_APP, body, now)}=`],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, { pad: 'x'.repeat(4000) })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { alg: 'none' })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { alg: 'HS512' })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { crit: ['exp'] })],
  [
    'malformed_token',
    sign('sig_current', URL_OF_APP, body, now, {}, { crit: ['b64'], b64: false }),
  ],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { crit: ['x'], x: 1 })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { crit: [] })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { crit: null })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, {}, { b64: false })],
  ['malformed_token', unsigned()],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, { exp: 'soon' })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, { nbf: undefined })],
  ['malformed_token', sign('sig_current', URL_OF_APP, body, now, { body: undefined })],
  ['wrong_key', sign('sig_other', URL_OF_APP, body, now)],
  ['wrong_key', tampered()],
  ['wrong_issuer', sign('sig_current', URL_OF_APP, body, now, { iss: 'Mallory' })],
  ['wrong_url', sign('sig_current', 'https://other.example.com/', body, now)],
  ['wrong_url', sign('sig_current', URL_OF_APP, body, now, { sub: 1 })],
  ['expired', sign('sig_current', URL_OF_APP, body, now, { exp: seconds - 10 })],
  ['not_yet_valid', sign('sig_current', URL_OF_APP, body, now, { nbf: seconds + 11 })],
  ['wrong_body', sign('sig_current', URL_OF_APP, `${body} `, now)],
  ['wrong_body', sign('sig_current', URL_OF_APP, body, now, { body: '' })],
] as const)('createSignedRequestReader() refuses with %s', async ([code, token]) => {
  expect(await read({ token })).toEqual([401, { code }])
})

test('createSignedRequestReader() takes clocks that differ by toleranceMs', async () => {
  const late = sign('sig_current', URL_OF_APP, body, now, { exp: seconds - 9 })
  const early = sign('sig_current', URL_OF_APP, body, now, { nbf: seconds + 10 })
  for (const token of [late, early]) {
    expect((await read({ token }))[0]).toBe(200)
    expect((await read({ token }, { tolerance: 0 }))[0]).toBe(401)
  }
})

test('createSignedRequestReader() refuses other methods, bodies that are too large, broken off or too slow', async () => {
  expect(await read({ method: 'PUT' })).toEqual([405, { code: 'method_not_allowed' }])
  expect(await read({}, { maxBodyBytes: 15 })).toEqual([413, { code: 'body_too_large' }])
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error('reset')),
  })
  expect(await read({ body: broken })).toEqual([408, { code: 'body_incomplete' }])
  const never = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })
  const own = createFakeClock()
  const reading = read({ body: never }, { clock: own, bodyTimeout: 100 })
  // The signature is verified before the body is waited for.
  await new Promise((resolve) => setImmediate(resolve))
  await own.advance(100)
  expect(await reading).toEqual([408, { code: 'body_incomplete' }])
})

test('createSignedRequestReader() does not read the body of a stranger', async () => {
  let pulled = 0
  const watched = new ReadableStream<Uint8Array>(
    { pull: () => void pulled++ },
    { highWaterMark: 0 },
  )
  expect((await read({ body: watched, token: 'a.b.c' }))[0]).toBe(401)
  expect(pulled).toBe(0)
})

test('createSignedRequestReader() reads a message that is not JSON as undefined', async () => {
  for (const text of ['', 'not json', '{'])
    expect(
      await read({
        body: text === '' ? null : text,
        token: sign('sig_current', URL_OF_APP, text, now),
      }),
    ).toEqual([200, undefined])
})

test('createSignedRequestReader() refuses options that are out of range', () => {
  for (const options of [
    { signingKeys: { current: '', next: 'x' } },
    { signingKeys: { current: 'x', next: '' } },
    { tolerance: -1 },
    { maxBodyBytes: 0 },
    { bodyTimeout: NaN },
  ])
    expect(() => createSignedRequestReader({ url: URL_OF_APP, signingKeys, ...options })).toThrow(
      RangeError,
    )
  expect(() => createSignedRequestReader({ signingKeys, url: 'app' })).toThrow(TypeError)
})

test('createSignedRequestReader() decides as the official receiver does', async () => {
  const time = Date.now()
  const soon = Math.floor(time / 1000) + DAY_S
  const tokens = [
    sign('sig_current', URL_OF_APP, body, time),
    sign('sig_next', URL_OF_APP, body, time),
    sign('sig_other', URL_OF_APP, body, time),
    sign('sig_current', 'https://other.example.com/', body, time),
    sign('sig_current', URL_OF_APP, 'other', time),
    sign('sig_current', URL_OF_APP, body, time, { iss: 'Other' }),
    sign('sig_current', URL_OF_APP, body, time, { exp: 1 }),
    sign('sig_current', URL_OF_APP, body, time, { exp: soon }),
    sign('sig_current', URL_OF_APP, body, time, { nbf: soon }),
    sign('sig_current', URL_OF_APP, body, time, {
      body: createHash('sha256').update(body).digest('base64url'),
    }),
    sign('sig_current', URL_OF_APP, body, time, {}, { alg: 'none' }),
    sign('sig_current', URL_OF_APP, body, time, {}, { alg: 'HS384' }),
    unsigned(),
    tampered(),
    'a.b.c',
    '',
  ]
  const official = new Receiver({ currentSigningKey: 'sig_current', nextSigningKey: 'sig_next' })
  const decisions: string[] = []
  for (const token of tokens) {
    const theirs = await official
      .verify({ signature: token, body, url: URL_OF_APP })
      .catch(() => false)
    const [status] = await read({ token }, { clock: systemClock, tolerance: 0 })
    expect(status === 200, token).toBe(theirs)
    decisions.push(theirs ? 'yes' : 'no')
  }
  expect(decisions.filter((decision) => decision === 'yes')).toHaveLength(4)
})

/** A token whose claims were changed after it was signed. */
function tampered(): string {
  const [head = '', , signature = ''] = sign('sig_current', URL_OF_APP, body, now).split('.')
  const [, claims = ''] = sign('sig_current', URL_OF_APP, body, now, { iat: 1 }).split('.')
  return `${head}.${claims}.${signature}`
}

/** A token signed over claims that are not JSON. */
function unsigned(): string {
  const head = Buffer.from('{"alg":"HS256"}').toString('base64url')
  const signed = `${head}.${Buffer.from('[').toString('base64url')}`
  return `${signed}.${createHmac('sha256', 'sig_current').update(signed).digest('base64url')}`
}
