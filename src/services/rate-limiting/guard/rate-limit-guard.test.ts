import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { rateLimit } from '../hono.ts'
import type { GuardOptions } from './guard-options.ts'
import type { GuardRule } from './guard-rule.ts'
import { RateLimitGuard } from './rate-limit-guard.ts'

function fixture(rules: readonly GuardRule[], options: Partial<GuardOptions> = {}) {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const guard = new RateLimitGuard({ backend, rules, ...options })
  return { clock, backend, guard }
}

function request(path = '/', init: RequestInit = {}): Request {
  return new Request(`https://api.example${path}`, init)
}

const hourly = { limit: 2, window: '1h' } as const

test('check() answers null, then problem details with Retry-After and the headers of the draft', async () => {
  const { guard, clock } = fixture([{ path: '/api/*', limit: 2, window: '90s', key: 'ip' }])
  expect(await guard.check(request('/api/a'), '203.0.113.7')).toBeNull()
  expect(await guard.check(request('/api'), '203.0.113.7')).toBeNull()
  await clock.advance(1)
  const denied = await guard.check(request('/api/b'), { remoteAddress: '203.0.113.7' })
  expect(denied?.status).toBe(429)
  expect(Object.fromEntries(denied?.headers ?? [])).toEqual({
    'cache-control': 'no-store',
    'content-type': 'application/problem+json',
    ratelimit: '"default";r=0;t=45',
    'ratelimit-policy': '"default";q=2;w=90',
    'retry-after': '45',
  })
  expect(await denied?.json()).toEqual({
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    status: 429,
    'violated-policies': ['default'],
  })
  expect(await guard.check(request('/api/a'), '203.0.113.8')).toBeNull()
  expect(await guard.canActivate(request('/other'), '203.0.113.7')).toBe(true)
  expect(await guard.canActivate(request('/api/a'), '203.0.113.7')).toBe(false)
})

test('a path is limited in every spelling', async () => {
  const { guard } = fixture([{ path: '/api/:id/x', limit: 1, window: '1h' }])
  expect(await guard.check(request('/api/1/x'), '1.1.1.1')).toBeNull()
  for (const path of ['/%61pi/1/x', '//api//1/x', '/api/2/x/', '/api/1/%78', '/api/%zz/x'])
    expect((await guard.check(request(path), '1.1.1.1'))?.status, path).toBe(429)
  expect(await guard.check(request('/api/1/y'), '1.1.1.1')).toBeNull()
  expect(await guard.check(request('/api/1'), '1.1.1.1')).toBeNull()
})

test('the first rule that fits decides, and rules have budgets of their own', async () => {
  const { guard } = fixture([
    { path: '/a', method: ['post', 'PUT'], limit: 1, window: '1h' },
    { path: ['/a', '/b'], limit: 1, window: '1h' },
    { path: '/c', limit: 1, window: '1h', skip: (one) => one.headers.has('x-internal') },
  ])
  const post = () => guard.check(request('/a', { method: 'POST' }), '1.1.1.1')
  expect([await post(), (await post())?.status]).toEqual([null, 429])
  expect(await guard.check(request('/a'), '1.1.1.1')).toBeNull()
  expect((await guard.check(request('/b'), '1.1.1.1'))?.status).toBe(429)
  for (let count = 0; count < 3; count++)
    expect(
      await guard.check(request('/c', { headers: { 'x-internal': '1' } }), '1.1.1.1'),
    ).toBeNull()
  expect(await guard.check(request('/c'), '1.1.1.1')).toBeNull()
  expect((await guard.check(request('/c'), '1.1.1.1'))?.status).toBe(429)
})

test.for([
  ['203.0.113.7', '203.0.113.7', true],
  ['203.0.113.7', '::ffff:203.0.113.7', true],
  ['203.0.113.7', '::ffff:cb00:7107', true],
  ['203.0.113.7', '203.0.113.7:443', true],
  ['203.0.113.7', '203.0.113.8', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8:1:2::1', '[2001:DB8:1:2::1]:443', true],
  ['2001:db8:1:2::1', '2001:db8:1:2::1%eth0', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8:1:2::1.2.3.4', '2001:db8:1:2::5.6.7.8', true],
] as const)('the addresses %s and %s are the same client: %s', async ([one, other, same]) => {
  const { guard } = fixture([{ limit: 1, window: '1h' }])
  await guard.check(request(), one)
  expect((await guard.check(request(), other))?.status).toBe(same ? 429 : undefined)
})

test('a forwarded chain is believed for as many hops as are one’s own, from the right', async () => {
  const first = fixture([{ limit: 1, window: '1h' }], { clientAddress: { trustedHops: 1 } }).guard
  const chain = (value: string, header = 'x-forwarded-for') =>
    request('/', { headers: { [header]: value } })
  expect(await first.check(chain('9.9.9.9, 203.0.113.7'))).toBeNull()
  for (const forged of [
    '1.1.1.1, 203.0.113.7',
    'x, y,203.0.113.7',
    '203.0.113.7',
    ',,203.0.113.7:81',
  ])
    expect((await first.check(chain(forged)))?.status, forged).toBe(429)
  for (const junk of ['203.0.113.7, unknown', '203.0.113.7,', '0xcb007107', '203.0.113.07', ' '])
    expect((await first.check(chain(junk)))?.status, junk).toBe(400)
  expect((await first.check(request()))?.status).toBe(400)
  const second = fixture([{ limit: 1, window: '1h' }], { clientAddress: { trustedHops: 2 } }).guard
  expect(await second.check(chain('6.6.6.6, 203.0.113.7, 10.0.0.1'))).toBeNull()
  expect((await second.check(chain('7.7.7.7, 203.0.113.7, 10.0.0.2')))?.status).toBe(429)
  expect((await second.check(chain('203.0.113.7')))?.status).toBe(400)
  const forwarded = fixture([{ limit: 1, window: '1h' }], {
    clientAddress: { trustedHops: 1, header: 'forwarded' },
  }).guard
  const element = 'for=9.9.9.9;by=1.1.1.1, For="[2001:db8::1]:4711";proto=https'
  expect(await forwarded.check(chain(element, 'forwarded'))).toBeNull()
  expect((await forwarded.check(chain('for="[2001:db8::2]"', 'forwarded')))?.status).toBe(429)
  for (const junk of ['for=_hidden', 'for=unknown', 'proto=https', 'for=1.1.1.1;for=2.2.2.2'])
    expect((await forwarded.check(chain(junk, 'forwarded')))?.status, junk).toBe(400)
})

test('an address that the server was to tell and did not is an error, not everybody’s address', async () => {
  const { guard } = fixture([{ limit: 1, window: '1h' }])
  await expect(guard.check(request())).rejects.toThrow('the connection was not given')
  expect((await guard.check(request(), { remoteAddress: undefined }))?.status).toBe(400)
  const trusting = fixture([hourly], { clientAddress: { trustedHeader: 'fly-client-ip' } }).guard
  expect(await trusting.check(request('/', { headers: { 'fly-client-ip': '1.1.1.1' } }))).toBeNull()
})

test('keys are users, API keys by digest, functions, and several of them together', async () => {
  const { guard, backend } = fixture(
    [
      { path: '/user', limit: 1, window: '1h', key: 'user' },
      { path: '/key', limit: 1, window: '1h', key: 'api-key' },
      { path: '/own', limit: 1, window: '1h', key: (one) => one.headers.get('x-team') ?? '' },
      { path: '/both', limit: 1, window: '1h', key: ['user', 'ip'] },
      { path: '/all', limit: 1, window: '1h', key: 'everyone' },
    ],
    { user: (one) => one.headers.get('x-user') },
  )
  const subjects: string[] = []
  const { local } = backend.rateLimits
  const seen = (subject: string): void => void subjects.push(subject)
  Object.assign(backend.rateLimits, {
    local: {
      ...local,
      consume: (...args: Parameters<NonNullable<typeof local>['consume']>) => {
        seen(args[0])
        return local?.consume(...args)
      },
    },
  })
  const ask = async (path: string, headers: Record<string, string>, ip = '1.1.1.1') =>
    (await guard.check(request(path, { headers }), ip))?.status ?? 200
  const answers = [
    await ask('/user', { 'x-user': 'a' }),
    await ask('/user', { 'x-user': 'a' }, '2.2.2.2'),
    await ask('/user', { 'x-user': 'b' }),
    await ask('/user', {}),
    await ask('/user', {}),
    await ask('/key', { authorization: 'Bearer s3cr3t' }),
    await ask('/key', { 'x-api-key': 's3cr3t' }, '2.2.2.2'),
    await ask('/own', { 'x-team': 'x'.repeat(5000) }),
    await ask('/own', { 'x-team': 'x'.repeat(5000) }),
    await ask('/own', { 'x-team': 'x'.repeat(5001) }),
    await ask('/both', { 'x-user': 'a' }),
    await ask('/both', { 'x-user': 'a' }, '2.2.2.2'),
    await ask('/both', { 'x-user': 'a' }),
    await ask('/all', {}),
    await ask('/all', {}, '2.2.2.2'),
  ]
  expect(answers).toEqual([
    ...[200, 429, 200, 200, 429],
    ...[200, 429],
    ...[200, 429, 200],
    ...[200, 200, 429],
    ...[200, 429],
  ])
  expect(subjects.join(' ')).not.toContain('s3cr3t')
  expect(Math.max(...subjects.map((subject) => subject.length))).toBeLessThan(220)
})

test('tiers, dynamic limits, dynamic costs and several limits decide together', async () => {
  const { guard } = fixture([
    {
      ...{ path: '/tiers', limit: 1, window: '1h' },
      tier: (one) => one.headers.get('x-tier'),
      tiers: { pro: { limit: 3, window: '1h' } },
    },
    {
      ...{ path: '/dynamic', algorithm: 'sliding-window', window: '1h' },
      limit: (one) => Number(one.headers.get('x-limit')),
    },
    { path: '/cost', limit: 10, window: '1h', cost: (one) => Number(one.headers.get('x-cost')) },
    {
      path: '/several',
      limits: [
        { limit: 5, window: '1h' },
        { limit: 2, window: '1m' },
      ],
    },
  ])
  const ask = async (path: string, headers: Record<string, string> = {}) =>
    (await guard.check(request(path, { headers }), '1.1.1.1'))?.status ?? 200
  expect([await ask('/tiers'), await ask('/tiers')]).toEqual([200, 429])
  const pro = { 'x-tier': 'pro' }
  expect([await ask('/tiers', pro), await ask('/tiers', pro)]).toEqual([200, 200])
  expect([await ask('/tiers', pro), await ask('/tiers', pro)]).toEqual([200, 429])
  expect(await ask('/tiers', { 'x-tier': 'toString' })).toBe(429)
  expect(await ask('/dynamic', { 'x-limit': '1' })).toBe(200)
  expect(await ask('/dynamic', { 'x-limit': '1' })).toBe(429)
  expect(await ask('/dynamic', { 'x-limit': '9' })).toBe(200)
  await expect(ask('/dynamic', { 'x-limit': '0' })).rejects.toBeInstanceOf(RangeError)
  expect(await ask('/cost', { 'x-cost': '10' })).toBe(200)
  expect(await ask('/cost', { 'x-cost': '11' })).toBe(429)
  const answers = [await ask('/several'), await ask('/several'), await ask('/several')]
  expect(answers).toEqual([200, 200, 429])
  const denied = await guard.check(request('/several'), '1.1.1.1')
  expect(denied?.headers.get('ratelimit')).toBe(
    '"default-1h";r=3;t=1440, "default-1m";r=0;t=30'.replaceAll('default', 'rule-4'),
  )
})

test('networks limit what comes from many addresses of one, beside the addresses themselves', async () => {
  const { guard } = fixture([
    { limit: 2, window: '1h', networks: [{ ipv4: 24, ipv6: 48, limit: 3, window: '1h' }] },
  ])
  const ask = async (ip: string) => (await guard.check(request(), ip))?.status ?? 200
  const answers: number[] = []
  for (const ip of ['1.1.1.1', '1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.2.1', '2001:db8:1:1::1'])
    answers.push(await ask(ip))
  for (const ip of ['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1', '2001:db8:2:1::1'])
    answers.push(await ask(ip))
  expect(answers).toEqual([200, 200, 200, 429, 200, 200, 200, 200, 429, 200])
})

test('handle() sets the headers on every answer, and settles a request by its answer', async () => {
  const { guard } = fixture([
    {
      ...{ path: '/login', limit: 10, window: '1h', key: 'everyone' as const },
      settle: (response) => (response.status === 401 ? 5 : 0),
    },
    { limit: 5, window: '1h', key: 'everyone' },
  ])
  const answer = (status: number) => () => new Response(null, { status })
  const login = (status: number) => guard.handle(request('/login'), answer(status))
  expect((await login(200)).headers.get('ratelimit')).toBe('"rule-1";r=9;t=360')
  expect((await login(401)).headers.get('ratelimit')).toBe('"rule-1";r=9;t=360')
  expect((await login(401)).headers.get('ratelimit')).toBe('"rule-1";r=4;t=2160')
  // Its own answer is no failed login: nobody is given anything back for being denied.
  for (let count = 0; count < 3; count++) expect((await login(401)).status).toBe(429)
  const redirect = await guard.handle(request('/'), () =>
    Response.redirect('https://x.example', 302),
  )
  expect([redirect.status, redirect.headers.get('ratelimit')]).toEqual([302, '"rule-2";r=4;t=720'])
})

test('headers are those of the draft, the old ones, both or none; Retry-After is always there', async () => {
  const ask = async (headers: GuardOptions['headers'], count: number) => {
    const { guard } = fixture(
      [{ ...hourly, key: 'everyone' }],
      headers === undefined ? {} : { headers },
    )
    const answers = []
    for (let index = 0; index < count; index++)
      answers.push(await guard.handle(request(), () => new Response('ok')))
    return Object.fromEntries(answers.at(-1)?.headers ?? [])
  }
  expect(await ask('legacy', 1)).toMatchObject({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': `${1_767_225_600 + 1800}`,
  })
  expect(await ask('both', 3)).toMatchObject({
    'retry-after': '1800',
    'x-ratelimit-reset': `${1_767_225_600 + 1800}`,
    ratelimit: '"default";r=0;t=1800',
  })
  expect(Object.keys(await ask('none', 3))).toEqual([
    'cache-control',
    'content-type',
    'retry-after',
  ])
  expect(await ask('none', 1)).toEqual({ 'content-type': 'text/plain;charset=UTF-8' })
})

test('a store that fails is no fault of the client: 503, with no numbers made up', async () => {
  const fails = async () => {
    throw new BackendError('backend_unavailable', 'Cannot: it is down')
  }
  const guard = new RateLimitGuard({
    backend: { rateLimits: { consume: fails, settle: fails, reset: fails } },
    onError: 'deny',
    rules: [{ ...hourly, key: 'everyone' }],
  })
  const denied = await guard.check(request())
  expect([denied?.status, denied?.headers.get('retry-after')]).toEqual([503, '1'])
  expect(denied?.headers.get('ratelimit')).toBeNull()
  expect(await denied?.json()).toMatchObject({
    type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
  })
})

test('what is wrong about rules is said when the guard is made', () => {
  const wrong: readonly [unknown, string][] = [
    [{ limit: 1 }, 'window is missing'],
    [{ window: '1h' }, 'limit is missing'],
    [{ ...hourly, limits: [] }, 'limit stands beside limits'],
    [{ ...hourly, path: 'api' }, 'a path is malformed'],
    [{ ...hourly, path: '/a/*/b' }, 'only at its end'],
    [{ ...hourly, method: 'GET POST' }, 'a method is malformed'],
    [{ ...hourly, key: 'cookie' }, 'a key is not known'],
    [{ ...hourly, key: 'user' }, 'a user of the guard expected'],
    [{ ...hourly, tier: () => 'pro' }, 'belong together'],
    [{ ...hourly, skip: true }, 'skip is a boolean'],
    [{ ...hourly, cost: -1 }, 'cost is -1'],
    [{ ...hourly, name: 'ü' }, 'the name is malformed'],
    [{ ...hourly, skipp: () => true }, 'option "skipp" is not known'],
    [{ ...hourly, networks: [{ limit: 1, window: '1h' }] }, 'neither ipv4 nor ipv6'],
    [{ ...hourly, algorithm: 'fixed-window', burst: 3 }, 'mean nothing to fixed-window'],
    [{ ...hourly, limit: '2' }, 'limit is "2"'],
  ]
  for (const [rule, message] of wrong)
    expect(() => fixture([rule as GuardRule]), message).toThrow(message)
  expect(() => fixture([])).toThrow('rules is no list')
  expect(() => fixture([hourly], { clientAddress: { trustedHops: 0 } })).toThrow('trustedHops')
  expect(() => fixture([hourly], { headers: 'x' as 'draft' })).toThrow('headers is "x"')
  expect(() => fixture([hourly], { ipv6Prefix: 129 })).toThrow('ipv6Prefix is 129')
})

test('rateLimit() limits in Hono, one rule or several, and sets the headers on what handlers answer', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const app = new Hono()
  app.use('/one/*', rateLimit({ backend, limit: 1, window: '1m', key: 'everyone' }))
  app.use(
    '/several/*',
    rateLimit({
      ...{ backend, connection: () => '203.0.113.7' },
      rules: [{ path: '/several/a', limit: 1, window: '1m', name: 'a' }],
    }),
  )
  app.get('/*', (c) => c.text('hello'))
  const first = await app.request('/one/x')
  expect([first.status, first.headers.get('ratelimit'), await first.text()]).toEqual([
    200,
    '"default";r=0;t=60',
    'hello',
  ])
  const second = await app.request('/one/y')
  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '60'])
  expect((await app.request('/several/a')).headers.get('ratelimit-policy')).toBe('"a";q=1;w=60')
  expect((await app.request('/several/a')).status).toBe(429)
  expect((await app.request('/several/b')).headers.get('ratelimit')).toBeNull()
  const denoApp = new Hono().use(rateLimit({ backend, ...hourly, name: 'deno' }))
  denoApp.get('/', (c) => c.text('hello'))
  const env = { remoteAddr: { hostname: '1.1.1.1' } }
  expect((await denoApp.request('/', {}, env)).headers.get('ratelimit')).toBe('"deno";r=1;t=1800')
  const bun = { requestIP: () => ({ address: '1.1.1.1' }) }
  expect((await denoApp.request('/', {}, bun)).headers.get('ratelimit')).toBe('"deno";r=0;t=1800')
  const node = { incoming: { socket: { remoteAddress: '::ffff:1.1.1.1' } } }
  expect((await denoApp.request('/', {}, node)).status).toBe(429)
  expect(() => rateLimit({ backend, limit: 1, windw: '1m' } as never)).toThrow(
    '"windw" is not known',
  )
  expect(() => rateLimit(undefined as never)).toThrow('backend')
})

test('a rule for GET limits HEAD, which routers answer by the same code', async () => {
  const { guard } = fixture([{ path: '/report', method: 'GET', limit: 1, window: '1h' }])
  expect(await guard.check(request('/report', { method: 'HEAD' }), '1.1.1.1')).toBeNull()
  expect((await guard.check(request('/report'), '1.1.1.1'))?.status).toBe(429)
  expect((await guard.check(request('/report', { method: 'HEAD' }), '1.1.1.1'))?.status).toBe(429)
  expect(await guard.check(request('/report', { method: 'POST' }), '1.1.1.1')).toBeNull()
})

test('a cost above what can come at once is denied, or refused where it stands in the rule', async () => {
  const cost = (): number => 8
  for (const rule of [
    { limit: 10, window: '1h', burst: 4, cost },
    { limit: 10, window: '1h', hardCap: true, cost },
    { limit: () => 5, window: '1h', cost: 8 },
    { limit: 10, window: '1h', cost: 8, networks: [{ ipv4: 24, limit: 5, window: '1h' }] },
  ] as const)
    expect((await fixture([rule]).guard.check(request(), '1.1.1.1'))?.status).toBe(429)
  expect(() => fixture([{ limit: 5, window: '1h', cost: 8 }])).toThrow('cost is 8, 0 to 5 expected')
})

test('a settlement above what can come at once takes all there is', async () => {
  const failures: unknown[] = []
  const { guard } = fixture([{ limit: 10, window: '1h', burst: 4, settle: () => 50 }], {
    onFailure: (error) => void failures.push(error),
  })
  const handle = (): Promise<Response> => guard.handle(request(), () => new Response(), '1.1.1.1')
  expect([(await handle()).status, (await handle()).status, failures]).toEqual([200, 429, []])
})

test('a dry run lets all pass, whatever no limit could be asked about', async () => {
  const rules = [{ limit: 1, window: '1h', cost: () => 5 }] as const
  const { guard } = fixture(rules, { dryRun: true })
  expect(await guard.check(request(), '1.1.1.1')).toBeNull()
  expect(await guard.check(request(), 'no address')).toBeNull()
})
