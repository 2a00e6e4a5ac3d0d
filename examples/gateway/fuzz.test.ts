import { expect, test } from 'vitest'
import type { OpenApiDocument, OpenApiOperation } from './reference/openapi.ts'
import { openTestGateway, type TestGateway } from './test-gateway.ts'

/** One place of the API, as its document has it. */
interface Target {
  readonly method: string
  readonly path: string
  readonly operation: OpenApiOperation
}

type Schema = Readonly<Record<string, unknown>>

const ROUNDS = 12

/** What strangers send where an id is expected. */
const ODD_TEXTS = [
  '',
  '0',
  'x'.repeat(500),
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  '\u0000',
  '\ud800',
  '\u202e\ufeff',
  '💥'.repeat(60),
  '%00',
  "' or 1=1 --",
  '${7*7}{{7*7}}',
  'wcr_',
  '1e999',
  'ep_0123456789abcdef0123456789abcd',
  'evt_1:ep_0123456789abcdef0123456789abcd.acme',
  'ntf_0123456789012345678901',
  '9'.repeat(40),
]
const ODD_KEYS = ['a', 'b', '"c"', '', '"', 'x'.repeat(256), '__proto__', '\u00e9', '/../x']
const ODD_VALUES: readonly unknown[] = [
  ...ODD_TEXTS,
  null,
  true,
  0,
  -1,
  0.1,
  1e21,
  -1e308,
  2 ** 53 + 2,
  [],
  {},
  [[]],
  { a: { b: [null] } },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { constructor: { prototype: { polluted: true } } },
  Array.from({ length: 300 }, (_, index) => index),
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index])),
]

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const RAW_BODIES: readonly (string | Uint8Array<ArrayBuffer>)[] = [
  '',
  'null',
  '[]',
  '"x"',
  '1e400',
  '-',
  '{',
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}}',
  `{"a":${'9'.repeat(400)}}`,
  `{"data":${nested(5000)}}`,
  nested(100_000),
  '{"a":'.repeat(50_000),
  '{"a":"\\ud800"}',
  '\ufeff{}',
  new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  new Uint8Array([0xc0, 0x80]),
  new Uint8Array(4096).fill(0x80),
]

test('no request that the document lets one think of is a 5xx, or an error of ours', async () => {
  const gateway = await openTestGateway()
  const document = await documentOf(gateway)
  const targets = targetsIn(document)
  expect(targets.length).toBeGreaterThan(90)
  const keys = [
    'root',
    String((await gateway.call('POST', '/v1/keys', { label: 'k', tenant: 'acme' })).body['key']),
  ]
  const chance = mulberry32(17)
  const seen = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++)
    for (const target of targets) {
      const request = requestFor(target, document, chance)
      const bearer = pick(keys, chance)
      const key = chance() < 0.3 ? pick(ODD_KEYS, chance) : undefined
      const status = await send(gateway, target, request, bearer, key)
      seen.set(status, (seen.get(status) ?? 0) + 1)
    }
  // It gets through to the services, and is not all refused at the door.
  expect((seen.get(404) ?? 0) > 100 && (seen.get(422) ?? 0) > 100).toBe(true)
  expect([...seen.keys()].some((status) => status < 300)).toBe(true)
  expect(errorsOf(gateway)).toEqual([])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('no raw body is a 5xx at any route that takes one, whatever its bytes are', async () => {
  const gateway = await openTestGateway()
  const document = await documentOf(gateway)
  for (const target of targetsIn(document)) {
    if (target.operation.requestBody === undefined) continue
    for (const body of RAW_BODIES) {
      const path = fill(target.path, () => 'default')
      await send(gateway, target, { path, body }, 'root')
    }
  }
  expect(errorsOf(gateway)).toEqual([])
})

test('a body that stalls is a 408 at every route that reads one as JSON, and holds nothing', async () => {
  const gateway = await openTestGateway()
  const document = await documentOf(gateway)
  const targets = targetsIn(document).filter(({ operation }) =>
    JSON.stringify(operation.requestBody ?? null).includes('application/json'),
  )
  expect(targets.length).toBeGreaterThan(30)
  const statuses = await Promise.all(
    targets.map(async (target) => {
      let isCancelled = false
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (to) => to.enqueue(new TextEncoder().encode('{"a":')),
        cancel: () => void (isCancelled = true),
      })
      const path = fill(target.path, () => 'default')
      const status = await send(gateway, target, { path, body }, 'root')
      return [target.operation.operationId, status, isCancelled]
    }),
  )
  expect(
    statuses.filter(([, status, isCancelled]) => status !== 408 || isCancelled !== true),
  ).toEqual([])
})

test('a file whose bytes stall is a 408 wherever files are taken, and is not stored', async () => {
  const { app, bucket, call } = await openTestGateway()
  const ticket = await call('POST', '/v1/tickets', { key: 'a', method: 'PUT', maxBytes: 100 })
  const tus = { 'tus-resumable': '1.0.0' }
  const begun = await app.request('/v1/uploads', {
    method: 'POST',
    headers: {
      ...{ authorization: 'Bearer root', ...tus },
      ...{ 'upload-length': '100', 'upload-metadata': `key ${btoa('a')}` },
    },
  })
  const append = { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  for (const [method, path, headers] of [
    ['PUT', '/v1/files/a', {}],
    ['PUT', String(ticket.body['url']), {}],
    ['PATCH', begun.headers.get('location') ?? '', append],
  ] as const) {
    const body = new ReadableStream<Uint8Array>({ start: (to) => to.enqueue(new Uint8Array(10)) })
    const answer = await app.request(path, {
      ...{ method, headers: { authorization: 'Bearer root', ...headers }, body, duplex: 'half' },
    })
    await answer.body?.cancel()
    expect(answer.status, path).toBeGreaterThanOrEqual(400)
    expect(answer.status, path).toBeLessThan(500)
  }
  const keys = (await Array.fromAsync(bucket.list())).map(({ key }) => key)
  // What came of an upload is kept until it goes on, or expires.
  expect(keys.filter((key) => !key.includes('/.uploads/'))).toEqual([])
})

async function send(
  { app }: TestGateway,
  { method, operation }: Target,
  { path, body }: { readonly path: string; readonly body?: BodyInit | undefined },
  bearer: string,
  key?: string,
): Promise<number> {
  const takesBody = !['get', 'head', 'options'].includes(method)
  const response = await app.request(path, {
    method: method.toUpperCase(),
    headers: {
      ...{ authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    ...(takesBody && body !== undefined && { body, duplex: 'half' }),
  })
  await response.body?.cancel()
  const { status } = response
  const what = `${operation.operationId} ${path.slice(0, 200)} ${describe(body)}`
  // What a provider cannot do is said so.
  if (status !== 501) expect(status, what).toBeLessThan(500)
  return status
}

function describe(body: BodyInit | undefined): string {
  return typeof body === 'string' ? body.slice(0, 400) : typeof body
}

function requestFor(
  { path, operation, method }: Target,
  document: OpenApiDocument,
  chance: () => number,
): { readonly path: string; readonly body?: string } {
  const odd = (): string => pick(ODD_TEXTS, chance)
  const named: Readonly<Record<string, string>> = { queue: 'default', saga: 'http' }
  const filled = fill(path, (name) => (chance() < 0.8 && named[name]) || odd() || 'x')
  const query = (operation.parameters ?? []).flatMap(({ name, in: where, schema, required }) => {
    if (where !== 'query' || (required !== true && chance() < 0.6)) return []
    const value = chance() < 0.5 ? valueFor(schema as Schema, document, chance, 0) : odd()
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? '')
    return [`${String(name)}=${encodeURIComponent(text.toWellFormed())}`]
  })
  const shape = schemaOf(operation)
  const body =
    shape === undefined || ['get', 'head'].includes(method)
      ? undefined
      : JSON.stringify(valueFor(shape, document, chance, 0) ?? null)
  return {
    path: filled + (query.length > 0 ? `?${query.join('&')}` : ''),
    ...(body !== undefined && { body }),
  }
}

/** A value of the schema, with odd ones here and there. */
function valueFor(
  schema: Schema,
  document: OpenApiDocument,
  chance: () => number,
  depth: number,
): unknown {
  if (depth > 6 || chance() < (depth === 0 ? 0.03 : 0.15)) return pick(ODD_VALUES, chance)
  const { $ref, type, properties, required, items } = schema
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (typeof $ref === 'string') {
    const name = $ref.split('/').at(-1) ?? ''
    return valueFor(document.components.schemas[name] as Schema, document, chance, depth)
  }
  if (Array.isArray(choices))
    return valueFor(pick(choices as Schema[], chance), document, chance, depth + 1)
  if (Array.isArray(schema['enum'])) return pick(schema['enum'] as unknown[], chance)
  if (type === 'object') {
    const wanted = Array.isArray(required) ? (required as unknown[]) : []
    const entries = Object.entries((properties ?? {}) as Record<string, Schema>)
      .filter(([name]) => chance() < (wanted.includes(name) ? 0.95 : 0.4))
      .map(([name, of]) => [name, valueFor(of, document, chance, depth + 1)] as const)
    if (chance() < 0.05) entries.push(['surprise', pick(ODD_VALUES, chance)])
    return Object.fromEntries(entries)
  }
  if (type === 'array')
    return Array.from({ length: Math.floor(chance() * 3) }, () =>
      valueFor((items ?? {}) as Schema, document, chance, depth + 1),
    )
  if (type === 'boolean') return chance() < 0.5
  if (type === 'number' || type === 'integer') return Math.floor(chance() * 1000)
  if (type === 'string')
    return pick(['a', 'order.paid', 'https://r.example.com/hook', '5m', '10.00', 'EUR'], chance)
  return pick(ODD_VALUES, chance)
}

function schemaOf({ requestBody }: OpenApiOperation): Schema | undefined {
  const content = (requestBody as { content?: Record<string, { schema?: Schema }> } | undefined)
    ?.content
  return content?.['application/json']?.schema
}

function fill(path: string, value: (name: string) => string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(value(name).toWellFormed()),
  )
}

async function documentOf({ app }: TestGateway): Promise<OpenApiDocument> {
  return (await (await app.request('/openapi.json')).json()) as OpenApiDocument
}

function targetsIn({ paths }: OpenApiDocument): readonly Target[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
}

/** What only an operator can ask for and no provider here can do is an error line, and no outsider's. */
function errorsOf({ lines }: TestGateway): readonly unknown[] {
  return lines.filter(
    ({ levelName, fields }) => /error|fatal/.test(levelName) && fields['status'] !== 501,
  )
}

function pick<Value>(values: readonly Value[], chance: () => number): Value {
  // There is at least one.
  return values[Math.floor(chance() * values.length)] as Value
}

/** Chance that is the same each time. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
