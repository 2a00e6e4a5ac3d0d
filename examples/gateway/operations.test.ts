import { expect, test } from 'vitest'
import type { Operation } from './http/operation.ts'
import type { OpenApiDocument } from './reference/openapi.ts'
import { sampleOf } from './route-samples.ts'
import { openTestGateway } from './test-gateway.ts'

test('every answer has headers that keep a browser from doing more with it than it should', async () => {
  const { app, services } = await openTestGateway()
  const operations: readonly Operation[] = services.flatMap(({ routes }) =>
    routes.map(({ operation }) => operation),
  )
  for (const operation of operations)
    for (const authorization of ['', 'Bearer root']) {
      const { method, path, body } = sampleOf(operation)
      const response = await app.request(path, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      })
      await response.body?.cancel()
      const { headers } = response
      expect(headers.get('x-content-type-options'), operation.id).toBe('nosniff')
      expect(headers.get('referrer-policy'), operation.id).toBe('no-referrer')
      expect(headers.get('x-frame-options'), operation.id).toBe('DENY')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, operation.id).toMatch(/default-src 'none'|sandbox/)
      expect(policy, operation.id).not.toMatch(/unsafe|https?:|\*/)
      expect(headers.get('x-request-id'), operation.id).not.toBeNull()
      expect(headers.get('access-control-allow-origin'), operation.id).toBe(
        operation.id === 'openapi' ? '*' : null,
      )
    }
})

test('pages of a listed origin may call the API, and of others none', async () => {
  const { app } = await openTestGateway({
    CORS_ORIGINS: 'https://app.example, http://localhost:3000',
  })
  const ask = async (origin: string, method = 'GET', headers = {}): Promise<Headers> => {
    const response = await app.request('/v1/webhooks/endpoints', {
      method,
      headers: { authorization: 'Bearer root', origin, ...headers },
    })
    await response.body?.cancel()
    return response.headers
  }
  const preflight = { 'access-control-request-method': 'POST' }
  for (const origin of ['https://app.example', 'http://localhost:3000']) {
    const allowed = await ask(origin)
    expect(allowed.get('access-control-allow-origin')).toBe(origin)
    expect(allowed.get('access-control-expose-headers')).toContain('x-request-id')
    expect(allowed.get('access-control-allow-credentials')).toBeNull()
    const asked = await ask(origin, 'OPTIONS', preflight)
    expect(asked.get('access-control-allow-methods')).toContain('PATCH')
    expect(asked.get('access-control-allow-headers')).toContain('idempotency-key')
  }
  for (const origin of ['https://evil.example', 'https://app.example.evil', 'null']) {
    expect((await ask(origin)).get('access-control-allow-origin')).toBeNull()
    const asked = await ask(origin, 'OPTIONS', preflight)
    expect(asked.get('access-control-allow-origin')).toBeNull()
    expect(asked.get('vary')).toContain('origin')
  }
  await expect(openTestGateway({ CORS_ORIGINS: 'app.example' })).rejects.toThrow('no origin')
})

test('a method that an address does not have is a 405 which says those that it has', async () => {
  const { call } = await openTestGateway()
  const answer = await call('PUT', '/v1/keys')
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET'])
  expect(answer.body).toMatchObject({ code: 'method_not_allowed', requestId: expect.any(String) })
  expect((await call('POST', '/v1/nothing')).status).toBe(404)
  expect((await call('PATCH', '/v1/files/a/b/c')).headers.get('allow')).toBe('PUT, GET, DELETE')
})

test('the document says every route, with its scope, and refers to nothing that is not there', async () => {
  const { app, services } = await openTestGateway()
  const response = await app.request('/openapi.json')
  const text = await response.text()
  const document = JSON.parse(text) as OpenApiDocument
  expect([response.status, document.openapi]).toEqual([200, '3.1.1'])
  const operations = services.flatMap(({ routes }) => routes.map(({ operation }) => operation))
  const said = Object.values(document.paths).flatMap((methods) => Object.values(methods))
  expect(said.map(({ operationId }) => operationId).toSorted()).toEqual(
    operations.map(({ id }) => id).toSorted(),
  )
  for (const operation of said) {
    const { policy } = operations.find(({ id }) => id === operation.operationId) ?? {}
    const scope = policy === undefined || 'public' in policy ? undefined : policy.scope
    expect(operation['x-scope']).toBe(scope)
    const bearer = scope === null ? [] : [scope]
    expect(operation['security']).toEqual(scope === undefined ? [] : [{ bearer }])
  }
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(document.components.schemas, name).toHaveProperty(name)
  expect(text).not.toContain('$defs')
  for (const [path, methods] of Object.entries(document.paths))
    for (const { parameters = [] } of Object.values(methods))
      expect(
        parameters.filter((one) => one['in'] === 'path').map(({ name }) => `{${String(name)}}`),
        path,
      ).toEqual(path.match(/\{\w+\}/g) ?? [])
})

test('the reference is one page without a script that loads nothing', async () => {
  const { app } = await openTestGateway()
  const response = await app.request('/reference')
  const html = await response.text()
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+='; /)
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? []
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  expect(policy).toContain(Buffer.from(digest).toString('base64'))
  expect(html).not.toMatch(/<script|<link|<img|style=|src=|url\(|\son\w+=/)
  for (const text of ['/v1/webhooks/endpoints', 'jobs:write', 'Idempotency-Key', 'CreatedEndpoint'])
    expect(html).toContain(text)
})

test('acts of administrators go on record, refused ones too, and the record is verified', async () => {
  const { call } = await openTestGateway()
  const made = await call('POST', '/v1/keys', { label: 'k', tenant: 'acme', scopes: ['keys:read'] })
  const headers = { authorization: `Bearer ${String(made.body['key'])}` }
  const id = String(made.body['id'])
  await call('DELETE', `/v1/keys/${id}`, undefined, headers)
  await call('DELETE', `/v1/keys/${id}?tenant=acme`, undefined, { 'x-request-id': 'r-1' })
  const { body } = await call('GET', '/v1/audit?tenant=acme')
  expect(body).toMatchObject({
    cursor: null,
    entries: [
      { actor: 'root', action: 'keys.create', target: `key/${id}`, outcome: 'success' },
      { actor: `key/${id}`, action: 'keys.revoke', outcome: 'denied', detail: { status: 403 } },
      { actor: 'root', action: 'keys.revoke', outcome: 'success', requestId: 'r-1' },
    ],
  })
  expect(JSON.stringify(body)).not.toContain('wcr_')
  const first = await call('GET', '/v1/audit?tenant=acme&limit=1')
  expect(first.body['cursor']).toBe('1')
  const rest = await call('GET', '/v1/audit?tenant=acme&cursor=1')
  expect(rest.body['entries']).toHaveLength(2)
  expect((await call('GET', '/v1/audit/verify?tenant=acme')).body).toMatchObject({
    ok: true,
    entries: 3,
  })
})

test('keys, tenants and days have limits; a key may have its own, and who is denied is told once', async () => {
  const { call, clock, backend } = await openTestGateway({
    REQUESTS_PER_MINUTE: '10',
    TENANT_REQUESTS_PER_MINUTE: '12',
    TENANT_REQUESTS_PER_DAY: '20',
  })
  const keyOf = async (more: object): Promise<{ readonly authorization: string }> => {
    const made = await call('POST', '/v1/keys', { label: 'k', tenant: 'acme', ...more })
    return { authorization: `Bearer ${String(made.body['key'])}` }
  }
  const [slow, fast] = [await keyOf({ requestsPerMinute: 2 }), await keyOf({})]
  const ask = (headers: object) => call('GET', '/v1/webhooks/endpoints', undefined, { ...headers })
  expect((await ask(slow)).headers.get('ratelimit-policy')).toBe(
    '"api";q=2;w=60, "tenant";q=12;w=60, "quota";q=20;w=86400',
  )
  expect([(await ask(slow)).status, (await ask(slow)).status]).toEqual([200, 429])
  // Of the ten that are left of the tenant's.
  const statuses: number[] = []
  for (let index = 0; index < 11; index++) statuses.push((await ask(fast)).status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(10)
  const denied = await ask(fast)
  expect(denied).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
  expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
  backend.forget()
  await ask(fast)
  expect([...backend.subjects]).toEqual([])
  await clock.advance(60_000)
  statuses.length = 0
  for (let index = 0; index < 10; index++) statuses.push((await ask(fast)).status)
  // Twenty a day, of which twelve are gone.
  expect(statuses.filter((status) => status === 200)).toHaveLength(8)
})

test('lines of requests hold no key, no tenant’s data and no query', async () => {
  const { call, lines } = await openTestGateway()
  const made = await call('POST', '/v1/keys', { label: 'a label', tenant: 'acme' })
  await call('GET', '/v1/deliveries?event=ann@example.com', undefined, {
    authorization: `Bearer ${String(made.body['key'])}`,
  })
  await call('POST', '/v1/suppressions', { address: 'bob@example.com' })
  expect(JSON.stringify(lines)).not.toMatch(/wcr_|Bearer|@example|a label/)
})

test('/health/ready looks at everything that the gateway needs, and names no address', async () => {
  const { app } = await openTestGateway({ OTLP_URL: 'https://otel.example/v1' })
  const answer = await app.request('/health/ready')
  const { status, checks } = (await answer.json()) as {
    readonly status: string
    readonly checks: Readonly<Record<string, unknown>>
  }
  expect(status).toBe('pass')
  expect(Object.keys(checks).join(' ')).toMatch(/store.*rateLimits|rateLimits.*store|store/)
  expect(Object.keys(checks).join(' ')).toContain('files')
  expect(JSON.stringify(checks)).not.toMatch(/otel|example/)
})
