import { expect, test } from 'vitest'
import type { Operation } from '../http/operation.ts'
import { sampleOf } from '../route-samples.ts'
import { openTestGateway, type TestGateway } from '../test-gateway.ts'
import { SCOPES } from './scopes.ts'

/** What a request may write whatever comes of it: how often a key is used, and what is counted. */
const ASIDE = /^(?:gateway:keys|metrics:)/

interface Opened extends TestGateway {
  readonly operations: readonly Operation[]
}

async function open(): Promise<Opened> {
  const gateway = await openTestGateway()
  const operations = gateway.services.flatMap(({ routes }) =>
    routes.map(({ operation }) => operation),
  )
  return { ...gateway, operations }
}

async function ask(
  { app }: TestGateway,
  operation: Operation,
  bearer: string,
  query = '',
): Promise<{ readonly status: number; readonly code: unknown }> {
  const { method, path, body } = sampleOf(operation)
  const joined = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
  const response = await app.request(joined, {
    method,
    headers: {
      ...(bearer !== '' && { authorization: `Bearer ${bearer}` }),
      'content-type': 'application/json',
      'idempotency-key': 'matrix',
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  if (method !== 'HEAD') expect(isProblem, `${operation.id}: ${text}`).toBe(true)
  return {
    status: response.status,
    code: isProblem && text !== '' ? (JSON.parse(text) as { code: unknown }).code : undefined,
  }
}

async function keyFor(
  { call }: TestGateway,
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly key: string; readonly id: string }> {
  const made = await call('POST', '/v1/keys', {
    label: 'k',
    tenant: 'acme',
    scopes: SCOPES,
    ...options,
  })
  expect(made.status).toBe(201)
  return made.body as { key: string; id: string }
}

test('every operation of the contract is served once, and each has a policy', async () => {
  const { operations } = await open()
  const contracts = await Promise.all([
    import('../contract/access.ts'),
    import('../contract/deliveries.ts'),
    import('../contract/disputes.ts'),
    import('../contract/files.ts'),
    import('../contract/jobs.ts'),
    import('../contract/listeners.ts'),
    import('../contract/notifications.ts'),
    import('../contract/operations.ts'),
    import('../contract/payments.ts'),
    import('../contract/sagas.ts'),
    import('../contract/schedules.ts'),
    import('../contract/subscriptions.ts'),
    import('../contract/webhooks.ts'),
  ])
  const declared = contracts.flatMap((contract) => Object.values(contract) as Operation[])
  expect(operations.map(({ id }) => id).toSorted()).toEqual(declared.map(({ id }) => id).toSorted())
  const open_: string[] = []
  const anyCredential: string[] = []
  for (const { id, policy } of operations)
    if ('public' in policy) {
      expect(policy.public.length, id).toBeGreaterThan(10)
      open_.push(id)
    } else if (policy.scope === null) anyCredential.push(id)
    else expect(SCOPES, id).toContain(policy.scope)
  // Whoever opens another one changes this list, and says why.
  expect(open_.toSorted()).toEqual([
    'files.tickets.read',
    'files.tickets.write',
    'health',
    'health.live',
    'health.ready',
    'openapi',
    'reference',
    'uploads.options',
    'webhooks.incoming',
    'webhooks.incoming-of-tenant',
  ])
  // It lets through to the others, each of which asks for its own scope.
  expect(anyCredential).toEqual(['mcp'])
})

test('every route refuses no key, a wrong, an expired and a revoked one, and alters nothing', async () => {
  const gateway = await open()
  const { backend, clock, call } = gateway
  const expired = await keyFor(gateway, { expiresIn: '1m' })
  const revoked = await keyFor(gateway)
  await clock.advance(60_000)
  expect((await call('DELETE', `/v1/keys/${revoked.id}?tenant=acme`)).status).toBe(204)
  backend.forget()
  let refused = 0
  for (const operation of gateway.operations) {
    if ('public' in operation.policy) continue
    const wrong = `wcr_${'0'.repeat(48)}`
    for (const bearer of ['', 'x', wrong, 'wcp_a.b', 'a.b.c', expired.key, revoked.key]) {
      const { status } = await ask(gateway, operation, bearer)
      expect(status, `${operation.id} with ${bearer.slice(0, 8)}`).toBe(401)
      refused++
    }
  }
  expect(refused).toBeGreaterThan(500)
  expect([...backend.written].filter((name) => !ASIDE.test(name))).toEqual([])
})

test('every route refuses a key that lacks its scope alone, and says which one', async () => {
  const gateway = await open()
  for (const operation of gateway.operations) {
    const { policy } = operation
    if ('public' in policy || policy.tenant === 'operator' || policy.scope === null) continue
    const { key } = await keyFor(gateway, { scopes: SCOPES.filter((one) => one !== policy.scope) })
    gateway.backend.forget()
    expect(await ask(gateway, operation, key), operation.id).toEqual({
      status: 403,
      code: operation.method === 'HEAD' ? undefined : 'missing_scope',
    })
    // Only what is an administrator's goes on record.
    const written = [...gateway.backend.written].filter((name) => !ASIDE.test(name))
    expect(written, operation.id).toEqual(policy.audit === true ? ['audit:gateway.acme'] : [])
  }
})

test('every route refuses a key of another tenant, whatever it may do in its own', async () => {
  const gateway = await open()
  const { key } = await keyFor(gateway, { tenant: 'other' })
  await keyFor(gateway)
  for (const operation of gateway.operations) {
    const { policy } = operation
    if ('public' in policy) continue
    gateway.backend.forget()
    const { status, code } = await ask(gateway, operation, key, 'tenant=acme')
    expect(status, operation.id).toBe(403)
    if (operation.method !== 'HEAD')
      expect(code, operation.id).toBe(policy.tenant === 'operator' ? 'forbidden' : 'wrong_tenant')
    const written = [...gateway.backend.written].filter((name) => !ASIDE.test(name))
    expect(written, operation.id).toEqual(policy.audit === true ? ['audit:gateway.other'] : [])
  }
})

test('a portal token reaches endpoints and deliveries of its tenant, and nothing else', async () => {
  const gateway = await open()
  const made = await gateway.call('POST', '/v1/portal-tokens', { tenant: 'acme' })
  const readOnly = await gateway.call('POST', '/v1/portal-tokens', {
    tenant: 'acme',
    readOnly: true,
  })
  const token = String(made.body['token'])
  const reached: string[] = []
  for (const operation of gateway.operations) {
    const { policy, id } = operation
    if ('public' in policy) continue
    gateway.backend.forget()
    if (policy.portal !== true) {
      expect((await ask(gateway, operation, token)).status, id).toBe(403)
      continue
    }
    reached.push(id)
    expect((await ask(gateway, operation, token, 'tenant=other')).status, id).toBe(403)
    if (policy.scope?.endsWith(':write') === true)
      expect((await ask(gateway, operation, String(readOnly.body['token']))).code, id).toBe(
        'missing_scope',
      )
  }
  expect(reached.filter((id) => !/^webhooks\.(?:endpoints|deliveries)\./.test(id))).toEqual(['mcp'])
  expect(reached).toHaveLength(16)
  await gateway.clock.advance(3_600_000)
  const { status } = await gateway.call('GET', '/v1/deliveries', undefined, {
    authorization: `Bearer ${token}`,
  })
  expect(status).toBe(401)
})
