import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedactor } from './create-redactor.ts'
import { hmacHash } from './hmac-hash.ts'
import type { RedactorOptions } from './redactor-options.ts'

const redactor = createRedactor()
const secrets = fc.constantFrom(
  'john.doe@example.com',
  '123-45-6789',
  '4111 1111 1111 1111',
  '(415) 555-0132',
  'GB82 WEST 1234 5698 7654 32',
  '192.168.17.23',
  'Bearer abc123def456',
)
const surroundings = fc.string({
  unit: fc.constantFrom(' ', 'a', 'é', ',', '.', '"', '\n', '{', '='),
  maxLength: 12,
})

test('text() finds values wherever they stand, and shows the rest', () => {
  fc.assert(
    fc.property(surroundings, secrets, surroundings, (before, secret, after) => {
      const shown = redactor.text(`${before} ${secret} ${after}`)
      expect(shown).not.toContain(secret.slice(-8))
    }),
  )
})

test('object() never throws, changes nothing, and gives what JSON carries', () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withNullPrototype: true,
        withObjectString: true,
        withSparseArray: true,
        maxDepth: 5,
      }),
      (value) => {
        const copy = redactor.object(value)
        const text = JSON.stringify(copy) ?? ''
        expect(text).not.toContain('Unreadable')
      },
    ),
    { numRuns: 500 },
  )
})

test('object() does not change what it is given, and shares nothing with it', () => {
  const value = Object.freeze({
    list: Object.freeze([Object.freeze({ password: 'x' })]),
    map: new Map([['a', { email: 'a@b.co' }]]),
  })
  const before = structuredClone(value)
  const copy = redactor.object(value)
  expect(value).toEqual(before)
  expect(copy).toEqual({ list: [{ password: '[REDACTED]' }], map: { a: { email: '[EMAIL]' } } })
})

test('object() names what it cannot read', () => {
  const circular: Record<string, unknown> = {
    get bad() {
      throw new Error('no')
    },
    json: {
      toJSON() {
        throw new Error('no')
      },
    },
    proxy: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    ),
    revoked: revoked(),
    run: () => 1,
    symbol: Symbol('s'),
    nan: NaN,
    bytes: new Uint8Array(3),
    date: new Date(NaN),
  }
  circular['self'] = circular
  expect(redactor.object(circular)).toEqual({
    bad: '[Unreadable]',
    json: '[Unreadable]',
    proxy: '[Unreadable]',
    revoked: '[Unreadable]',
    run: '[Function]',
    symbol: 'Symbol(s)',
    nan: 'NaN',
    bytes: '[Uint8Array of 3 bytes]',
    date: 'Invalid Date',
    self: '[Circular]',
  })
})

test('object() keeps a name that would set the prototype', () => {
  const copy = redactor.object(JSON.parse('{"__proto__":{"polluted":1},"constructor":2}'))
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":1},"constructor":2}')
})

test('object() copies no more than it may', () => {
  const small = createRedactor({ maxDepth: 3, maxValues: 10, maxTextLength: 12 })
  expect(small.object({ a: { b: { c: { d: 1 } } } })).toEqual({ a: { b: { c: '[Too deep]' } } })
  expect(JSON.stringify(small.object(Array.from({ length: 1e6 }, () => 1)))).toBe(
    '[1,1,1,1,1,1,1,1,1,"[Too much]"]',
  )
  expect(small.object('x'.repeat(100))).toBe(`${'x'.repeat(12)}…[cut]`)
  const shared = { a: 1 }
  let wide: unknown = shared
  for (let level = 0; level < 40; level++) wide = [wide, wide]
  expect(JSON.stringify(createRedactor({ maxValues: 1000 }).object(wide)).length).toBeLessThan(
    30_000,
  )
})

test('text() shows nothing of a value that the limit cuts', () => {
  for (let limit = 1; limit < 60; limit++) {
    const cutting = createRedactor({ maxTextLength: limit })
    const shown = cutting.text('reach john.doe@example.com or 123-45-6789 or 4111 1111 1111 1111')
    expect(shown).not.toMatch(/john|doe|123|6789|4111/)
    const object = cutting.object({ a: `{"password":"hunter2hunter2"}${' '.repeat(60)}` })
    expect(JSON.stringify(object)).not.toContain('hun')
  }
})

test('text() keeps JSON what it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), secrets, (value, secret) => {
      const text = JSON.stringify({
        value,
        secret,
        ssn: 123456789,
        n: 4111111111111111,
        list: [4111111111111111, secret],
      })
      const shown = redactor.text(text)
      JSON.parse(shown)
      expect(shown).not.toContain('4111111111111111')
      expect(shown).not.toContain('123456789')
    }),
  )
})

test.each([
  { '': { 'Pw:': null } },
  { 'password:': 1, token: 'abcdefgh' },
  { 0: null, 'Pw;': null },
  { ' pw:': {} },
  { n: -0.29208753053189196 },
  { '@-0[': [] },
  { 'pw;': 'pw"=' },
  ['secret=', 'x'],
])('text() keeps JSON what it was whatever its names and numbers are: %j', (value) => {
  const shown = redactor.text(JSON.stringify({ value, ssn: 123456789 }))
  expect(JSON.parse(shown)).toMatchObject({ ssn: '[SSN]' })
  expect(shown).not.toContain('abcdefgh')
})

test('explain() says what was found where, and not what it was', () => {
  expect(redactor.explain({ user: { mail: 'x a@b.co' }, list: [{ password: 'p' }] })).toEqual([
    { path: ['user', 'mail'], rule: 'email', start: 2, end: 8 },
    { path: ['list', 0, 'password'], rule: 'secret', start: 0, end: 1 },
  ])
  expect(redactor.explain('１２３-45-6789')).toEqual([{ path: [], rule: 'ssn', start: 0, end: 11 }])
  expect(redactor.explain('nothing')).toEqual([])
})

test('modes put something else in a value’s place', () => {
  const text = 'a@b.co c@d.co a@b.co'
  expect(createRedactor({ mode: 'remove' }).text(text)).toBe('  ')
  expect(
    createRedactor({ mode: 'remove' }).object({ password: 'x', list: [{ ssn: 1 }], a: 1 }),
  ).toEqual({ list: [{}], a: 1 })
  const hash = hmacHash('0123456789abcdef')
  expect(createRedactor({ mode: 'hash', hash }).text(text)).toBe(
    `[EMAIL:${hash('a@b.co')}] [EMAIL:${hash('c@d.co')}] [EMAIL:${hash('a@b.co')}]`,
  )
  const vault = new Map<string, string>()
  const tokens = createRedactor({
    mode: 'tokenise',
    onToken: (token, value) => vault.set(token, value),
  })
  expect(tokens.text(text)).toBe('[EMAIL_1] [EMAIL_2] [EMAIL_1]')
  expect(vault).toEqual(
    new Map([
      ['[EMAIL_1]', 'a@b.co'],
      ['[EMAIL_2]', 'c@d.co'],
    ]),
  )
})

test('the hash is HMAC-SHA-256 under the secret', async () => {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode('0123456789abcdef'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const code = new Uint8Array(
    await crypto.subtle.sign('HMAC', key, new TextEncoder().encode('a@b.co')),
  )
  expect(hmacHash('0123456789abcdef')('a@b.co')).toBe(
    Buffer.from(code.subarray(0, 8)).toString('hex'),
  )
  expect(() => hmacHash('short')).toThrow(RangeError)
})

test('options add names and rules, and take some away', () => {
  const own = createRedactor({
    keys: ['internalNote'],
    allow: ['contactEmail'],
    patterns: { ticket: /TCK-\d+/ },
    except: ['ip'],
  })
  expect(
    own.object({
      internal_note: 'n',
      'Internal-Note': 'n',
      contact_email: 'a@b.co',
      t: 'see TCK-12 and TCK-34 at 10.0.0.1',
      ip: 'x',
    }),
  ).toEqual({
    internal_note: '[REDACTED]',
    'Internal-Note': '[REDACTED]',
    contact_email: 'a@b.co',
    t: 'see [TICKET] and [TICKET] at 10.0.0.1',
    ip: 'x',
  })
  expect(own.text('internalNote=secret')).toBe('internalNote=[REDACTED]')
})

test('preset hipaa hides what Safe Harbor lists besides', () => {
  const hipaa = createRedactor({ preset: 'hipaa' })
  expect(hipaa.text('seen on 2024-03-15 at https://x.example/p/1, age 93, www.y.example')).toBe(
    'seen on [DATE] at [URL], age [AGE], [URL]',
  )
  expect(
    hipaa.object({
      city: 'Boston',
      state: 'MA',
      zip: '02139',
      small: { zip: '03601-1234' },
      photo: 'p.png',
      username: 'bob',
      admissionDate: '2024',
    }),
  ).toEqual({
    city: '[GEO]',
    state: 'MA',
    zip: '021**',
    small: { zip: '[ZIP]'.replace('[ZIP]', '036**') === '036**' ? '000**' : '' },
    photo: '[PHOTO]',
    username: '[USERNAME]',
    admissionDate: '[DATE]',
  })
})

test.for([
  [{ preset: 'gdpr' }, 'Cannot create redactor: preset is "gdpr", "default" or "hipaa" expected'],
  [
    { mode: 'hide' },
    'Cannot create redactor: mode is "hide", mask, remove, hash, tokenise expected',
  ],
  [
    { mode: 'hash' },
    'Cannot create redactor: mode is "hash" without hash, hmacHash(secret) expected',
  ],
  [{ keys: 'password' }, 'Cannot create redactor: keys is no list of names, one expected'],
  [{ patterns: { a: 'x' } }, 'Cannot create redactor: patterns.a is no RegExp, one expected'],
  [{ key: ['a'] }, /option "key" is not known/],
] as const)('createRedactor(%j) says what is wrong', ([options, message]) => {
  expect(() => createRedactor(options as unknown as RedactorOptions)).toThrow(message)
})

test('text() wants a text', () => {
  expect(() => redactor.text(5 as unknown as string)).toThrow(
    'Cannot redact text: a number was given, a string expected',
  )
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
