import { expect, test } from 'vitest'
import { openTestGateway } from './test-gateway.ts'

async function open(requestsPerMinute = 100_000) {
  return openTestGateway({ REQUESTS_PER_MINUTE: String(requestsPerMinute) })
}

const url = 'https://r.example.com/hook'

test.for([
  '{"__proto__":{"x":1},"ok":1}',
  '[ {"a" : 1.0, "2":1, "1":2, "e":1e2, "z":-0, "\\u00e9":"\\ud83d\\ude00"} ]',
  '0.10000000000000001',
  '"\u2028ü"',
  'null',
  `${'['.repeat(200)}${']'.repeat(200)}`,
])('an event is delivered with its data byte for byte: %s', async (data) => {
  const { call, drain, bodies } = await open()
  await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url }))
  const text = `{ "type": "a", "data" : ${data} , "id":"e" }`
  expect((await call('POST', '/v1/events', text)).status).toBe(202)
  await drain()
  expect(bodies[0]?.slice(bodies[0].indexOf('"data":'))).toBe(`"data":${data}}`)
})

const nested = (depth: number, [start, end]: readonly [string, string]): string =>
  `${start.repeat(depth)}1${end.repeat(depth)}`

const LISTS = ['[', ']'] as const
const OBJECTS = ['{"a":', '}'] as const

test.for<[string, number, BodyInit]>([
  ['a large integer', 422, '{"type":"a","data":12345678901234567890}'],
  ['a number beyond doubles', 422, '{"type":"a","data":{"n":1e400}}'],
  ['a name twice', 422, '{"type":"a","data":{"n":1,"n":2}}'],
  ['data twice', 422, '{"type":"a","data":1,"data":2}'],
  ['half a surrogate pair', 422, String.raw`{"type":"a","data":"\ud800"}`],
  ['a prototype of the event', 422, '{"type":"a","data":1,"__proto__":{"x":1}}'],
  ['no data', 422, '{"type":"a"}'],
  ['another name', 422, '{"type":"a","data":1,"json":"2"}'],
  ['an odd type', 422, '{"type":"a b","data":1}'],
  ['an odd id', 422, '{"type":"a","data":1,"id":"a/b"}'],
  ['a tenant of 500 characters', 422, `{"type":"a","data":1,"tenant":"${'x'.repeat(500)}"}`],
  ['a list', 422, '[]'],
  ['nothing', 400, ''],
  ['no JSON', 400, '{"type":'],
  ['a byte order mark', 400, '\ufeff{"type":"a","data":1}'],
  ['UTF-8 that is none', 400, new Uint8Array([...encoded('{"type":"a","data":"'), 0xff, 34, 125])],
  ['UTF-16', 400, new Uint8Array(new Uint16Array([123, 125]).buffer)],
  ['more bytes than allowed', 413, `{"type":"a","data":"${'x'.repeat(262_144)}"}`],
  ...[201, 2000, 10_000].flatMap((depth) =>
    [LISTS, OBJECTS].map((kind): [string, number, string] => [
      `${depth} levels of ${kind[0]}`,
      422,
      `{"type":"a","data":${nested(depth, kind)}}`,
    ]),
  ),
  ['100,000 levels that do not end', 422, `{"type":"a","data":${'['.repeat(100_000)}`],
  ['100,000 levels', 422, `{"type":"a","data":${nested(100_000, LISTS)}}`],
])('an event with %s is refused', async ([_what, status, body]) => {
  const { call, drain, bodies, lines } = await open()
  await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url }))
  const answer = await call('POST', '/v1/events', body)
  expect([answer.status, answer.body['status']]).toEqual([status, status])
  expect(String(answer.body['detail']).length).toBeLessThan(1100)
  await drain()
  expect(bodies).toEqual([])
  expect(lines.every(({ levelName }) => levelName === 'info')).toBe(true)
})

test.for<[string, string, unknown]>([
  ['headers named __proto__', 'headers', JSON.parse('{"__proto__":"x"}')],
  ['headers that grant trust', 'headers', { 'Metadata-Flavor': 'Google' }],
  ['a list of headers', 'headers', ['a']],
  ['a header that is no text', 'headers', { 'x-a': 1 }],
  ['a filter that is a list', 'filter', []],
  ['a filter of many levels', 'filter', JSON.parse(nested(150, ['{"$not":', '}']))],
  ['a rate limit of half a request', 'rateLimit', { limit: 1.5, window: '1s' }],
  ['a rate limit without a window', 'rateLimit', { limit: 1, windowMs: 1 }],
  ['a window that is none', 'rateLimit', { limit: 1, window: {} }],
  ['an odd uid', 'uid', '/'],
  ['another name', 'eventTypes', ['a']],
  ['a tenant that is none', 'tenant', 'ü'],
  ['a URL inside the network', 'url', 'https://169.254.169.254/'],
])('an endpoint with %s is refused', async ([_what, name, value]) => {
  const { call } = await open()
  const made = await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url, [name]: value }))
  expect(made.status).toBe(422)
  const kept = await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url }))
  if (name !== 'uid' && name !== 'tenant') {
    const path = `/v1/webhooks/endpoints/${String(kept.body['id'])}`
    const changed = await call('PATCH', path, JSON.stringify({ [name]: value }))
    expect(changed.status).toBe(422)
  }
  const { body } = await call('GET', '/v1/webhooks/endpoints')
  expect(body['endpoints']).toHaveLength(1)
})

const LONG = 'x'.repeat(2000)
const ODD_IDS = [
  LONG,
  'ü'.repeat(509),
  '%00',
  '%FF',
  '%ED%A0%80',
  '..%2f',
  '__proto__',
  '%F0%9F%98%80',
]

test('no id, query or method of an outsider is a 500', async () => {
  const { call, lines } = await open()
  for (const id of [...ODD_IDS, `a:${LONG}`, `${LONG}:ep_`, 'a%3Aep_%00'])
    for (const [method, path] of [
      ['GET', `/v1/webhooks/endpoints/${id}`],
      ['DELETE', `/v1/webhooks/endpoints/${id}`],
      ['POST', `/v1/webhooks/endpoints/${id}/enable`],
      ['POST', `/v1/webhooks/endpoints/${id}/disable`],
      ['POST', `/v1/webhooks/endpoints/${id}/rotate-secret`],
      ['GET', `/v1/webhooks/endpoints/${id}/stats`],
      ['GET', `/v1/deliveries/${id}`],
      ['POST', `/v1/deliveries/${id}/retry`],
      ['DELETE', `/v1/keys/${id}`],
      ['PATCH', `/v1/keys/${id}`],
    ] as const) {
      const { status } = await call(method, path)
      const known = method === 'PATCH' ? [405] : [404]
      expect(known, `${method} ${path.slice(0, 60)}`).toContain(status)
    }
  for (const [path, names] of [
    ['/v1/webhooks/endpoints', ['tenant', 'cursor', 'limit', 'other']],
    ['/v1/deliveries', ['tenant', 'cursor', 'limit', 'state', 'other']],
  ] as const)
    for (const name of names)
      for (const value of [...ODD_IDS, '', '-1', '1.5', '1e3', '%2B1', 'NaN', '0', '1001']) {
        const { status } = await call('GET', `${path}?${name}=${value}`)
        const fine = name === 'tenant' && /^[\w.-]{1,64}$/.test(value) && !value.includes('.')
        expect(status, `${path}?${name}=${value.slice(0, 40)}`).toBe(fine ? 200 : 400)
      }
  for (const name of ['event', 'endpoint'])
    for (const value of ODD_IDS)
      expect((await call('GET', `/v1/deliveries?${name}=${value}`)).status).toBe(200)
  expect((await call('GET', '/v1/deliveries?limit=1&limit=2')).status).toBe(400)
  expect(lines.filter(({ levelName }) => levelName === 'error')).toEqual([])
})

test('GET /v1/webhooks/endpoints?limit= is as long as it says', async () => {
  const { call } = await open()
  for (let index = 0; index < 3; index++)
    await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url }))
  const page = await call('GET', '/v1/webhooks/endpoints?limit=2')
  expect(page.body['endpoints']).toHaveLength(2)
  const cursor = encodeURIComponent(String(page.body['cursor']))
  const rest = await call('GET', `/v1/webhooks/endpoints?limit=2&cursor=${cursor}`)
  expect(rest.body).toMatchObject({ endpoints: [{ url }], cursor: null })
})

test('POST /v1/webhooks/endpoints with a uid that is there answers that one', async () => {
  const { call } = await open()
  const first = await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url, uid: 'a' }))
  const again = await call('POST', '/v1/webhooks/endpoints', JSON.stringify({ url, uid: 'a' }))
  expect([first.status, again.status, again.body['secret']]).toEqual([201, 200, null])
  expect(again.body['id']).toBe(first.body['id'])
})

test('a body without a key is not read', async () => {
  const { call } = await open()
  for (const authorization of ['', 'Bearer wrong', 'Basic cm9vdA==']) {
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({ pull: () => void pulled++ }, { highWaterMark: 0 })
    expect((await call('POST', '/v1/events', body, { authorization })).status).toBe(401)
    expect(pulled).toBe(0)
  }
})

test('a body that does not end is a 408, and one that breaks off no error', async () => {
  const { call, lines } = await open()
  const start = encoded('{"type":')
  const endless = new ReadableStream<Uint8Array>({ start: (to) => to.enqueue(start) })
  expect((await call('POST', '/v1/events', endless)).status).toBe(408)
  const broken = new ReadableStream<Uint8Array>({ pull: (to) => to.error(new Error('gone')) })
  expect((await call('POST', '/v1/events', broken)).body['code']).toBe('body_aborted')
  let sent = 0
  const large = new ReadableStream<Uint8Array>({
    pull(to) {
      sent++
      to.enqueue(new Uint8Array(65_536))
    },
  })
  expect((await call('POST', '/v1/events', large)).status).toBe(413)
  expect(sent).toBeLessThan(10)
  expect(lines.map(({ levelName, fields }) => [levelName, fields['status']])).toEqual([
    ['info', 408],
    ['info', 400],
    ['info', 413],
  ])
})

test('/v1 is limited for each key, says how the limit stands, and leaves other keys and /health alone', async () => {
  const { app, call } = await open(3)
  const { body } = await call('POST', '/v1/keys', JSON.stringify({ label: 'other' }))
  const get = (path: string, key: unknown) =>
    app.request(path, { headers: { authorization: `Bearer ${String(key)}` } })
  const second = await get('/v1/keys', 'root')
  expect(second.headers.get('ratelimit-policy')).toBe('"api";q=3;w=60')
  expect(second.headers.get('ratelimit')).toBe('"api";r=1;t=40')
  await get('/v1/keys', 'root')
  const denied = await get('/v1/keys', 'root')
  expect([denied.status, denied.headers.get('retry-after')]).toEqual([429, '20'])
  expect((await get('/v1/deliveries', body['key'])).status).toBe(200)
  expect((await get('/health', '')).status).toBe(200)
  // Who has no valid key is not limited by one.
  expect((await get('/v1/keys', 'of-nobody')).status).toBe(401)
})

test('GET /v1/keys lists every key once, page by page', async () => {
  const { call } = await open()
  const made = new Set<unknown>()
  for (let index = 0; index < 25; index++) {
    const { body } = await call('POST', '/v1/keys', { label: `key ${index}` })
    made.add(body['id'])
  }
  const listed: unknown[] = []
  let query = ''
  do {
    const { body } = await call('GET', `/v1/keys?limit=10${query}`)
    const { keys, cursor } = body as { keys: { id: string }[]; cursor: string | null }
    listed.push(...keys.map(({ id }) => id))
    query = cursor === null ? '' : `&cursor=${cursor}`
  } while (query !== '')
  expect(listed).toHaveLength(25)
  expect(new Set(listed)).toEqual(made)
})

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

test('a request is one line with its route and id, and what it is asked with stays out of it', async () => {
  const { app, call, lines } = await open()
  const id = '01J9Z3K8W6T5V4X3Y2Z1A0B9C8'
  const answer = await app.request('/v1/deliveries?event=ann@example.com', {
    headers: { authorization: 'Bearer root', 'x-request-id': id },
  })
  expect(answer.headers.get('x-request-id')).toBe(id)
  await call('GET', '/v1/webhooks/endpoints/ep_secret')
  expect(lines.map(({ fields }) => [fields['method'], fields['route'], fields['status']])).toEqual([
    ['GET', '/v1/deliveries', 200],
    ['GET', '/v1/webhooks/endpoints/:id', 404],
  ])
  expect(lines[0]?.fields['requestId']).toBe(id)
  expect(JSON.stringify(lines)).not.toMatch(/ann@|ep_secret|Bearer/)
})

test('/health/live and /health/ready need no key, have no line, and say how the gateway is', async () => {
  const { app, lines } = await open()
  for (const path of ['/health/live', '/health/ready']) {
    const answer = await app.request(path)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/health+json',
    ])
    expect(await answer.json()).toMatchObject({ status: 'pass', serviceId: 'gateway' })
  }
  expect(lines).toEqual([])
})

test('/metrics needs a key, and counts the requests by their route', async () => {
  const { app, call } = await open()
  for (const id of ['a', 'b']) await call('GET', `/v1/deliveries/${id}:ep_none`)
  expect((await app.request('/metrics')).status).toBe(401)
  const headers = { authorization: 'Bearer root', accept: 'text/plain;version=0.0.4' }
  const answer = await app.request('/metrics', { headers })
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await answer.text()).toContain(
    'http_server_request_duration_seconds_count{method="GET",route="/v1/deliveries/:id",status="404"} 2',
  )
})
