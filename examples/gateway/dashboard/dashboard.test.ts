import { expect, test } from 'vitest'
import { SCOPES, SERVICE_SCOPES, type Scope } from '../access/scopes.ts'
import { openTestGateway, type TestGateway } from '../test-gateway.ts'
import { roleOf } from './create-gateway-dashboard.ts'

async function keyFor(
  { call }: TestGateway,
  tenant: string,
  scopes: readonly Scope[] = SCOPES,
): Promise<{ readonly id: string; readonly key: string }> {
  const { body } = await call('POST', '/v1/keys', { label: 'k', tenant, scopes })
  return { id: String(body['id']), key: String(body['key']) }
}

async function signIn({ app }: TestGateway, key: string): Promise<string> {
  const answer = await app.request('/dashboard/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ key }),
  })
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

async function look({ app }: TestGateway, path: string, cookie: string): Promise<[number, string]> {
  const answer = await app.request(`/dashboard${path}`, { headers: { cookie } })
  return [answer.status, await answer.text()]
}

test('roleOf() follows the scopes, and a portal token has none', () => {
  const caller = { kind: 'key', id: 'key/1', tenant: 'acme', expiresAt: null } as const
  const of = (scopes: readonly Scope[]) => roleOf({ ...caller, scopes })
  expect(of(SCOPES)).toBe('admin')
  expect(of(SERVICE_SCOPES)).toBe('operator')
  expect(of(SERVICE_SCOPES.filter((scope) => scope.endsWith(':read')))).toBe('reader')
  expect(of(['jobs:read', 'jobs:write'])).toBe(null)
  expect(of([])).toBe(null)
  expect(roleOf({ ...caller, kind: 'portal', scopes: SCOPES })).toBe(null)
})

test('a tenant’s key shows its own, and neither the log nor another tenant', async () => {
  const gateway = await openTestGateway()
  const acme = await keyFor(gateway, 'acme')
  const other = await keyFor(gateway, 'other')
  const job = { name: 'email', data: { to: 'a@example.com' }, options: { delay: '1d' } }
  const { body } = await gateway.call('POST', '/v1/jobs/queues/default/jobs?tenant=acme', job)
  const path = `/jobs/default/job/${String(body['id'])}`
  const [own, foreign] = [await signIn(gateway, acme.key), await signIn(gateway, other.key)]
  expect((await look(gateway, path, own))[0]).toBe(200)
  expect((await look(gateway, path, foreign))[0]).toBe(404)
  for (const hidden of ['/logs', '/health', '/notifications/outbox'])
    expect((await look(gateway, hidden, own))[1], hidden).not.toMatch(/class="log"|"table"|preview/)
  const root = await signIn(gateway, 'root')
  expect((await look(gateway, '/logs', root))[0]).toBe(200)
})

test('a key that is revoked is signed out', async () => {
  const gateway = await openTestGateway()
  const { id, key } = await keyFor(gateway, 'acme')
  const cookie = await signIn(gateway, key)
  expect((await look(gateway, '', cookie))[0]).toBe(200)
  await gateway.call('DELETE', `/v1/keys/${id}?tenant=acme`)
  expect((await look(gateway, '', cookie))[0]).toBe(303)
})

test('looking at a tenant whom nobody knows makes nothing of it', async () => {
  const gateway = await openTestGateway()
  const cookie = await signIn(gateway, 'root')
  const [, page] = await look(gateway, '/settings', cookie)
  const token = /name="token" value="([\w-]+)"/.exec(page)?.[1] ?? ''
  const chosen = await gateway.app.request('/dashboard/settings/tenant', {
    ...{ method: 'POST', headers: { cookie } },
    body: new URLSearchParams({ token, tenant: 'ghost' }),
  })
  const ghost = (chosen.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  gateway.backend.forget()
  for (const path of [
    '',
    '/jobs',
    '/jobs/default',
    '/sagas',
    '/webhooks',
    '/webhooks/deliveries',
    '/notifications',
    '/payments',
    '/storage',
    '/settings',
    '/audit',
  ])
    expect([path, (await look(gateway, path, ghost))[0]]).toEqual([path, 200])
  expect([...gateway.backend.opened].filter((name) => /ghost/.test(name))).toEqual([])
})

test('a link signs in with the role of its key, and no secret of it is in the log', async () => {
  const gateway = await openTestGateway()
  const answer = await gateway.app.request('/dashboard/sign-in-links', {
    method: 'POST',
    headers: { authorization: 'Bearer root' },
  })
  const { url } = (await answer.json()) as { readonly url: string }
  const token = new URL(url).searchParams.get('token') ?? ''
  const entered = await gateway.app.request(url, { method: 'POST' })
  expect([entered.status, entered.headers.get('location')]).toEqual([303, '/dashboard'])
  expect(JSON.stringify(gateway.lines)).not.toContain(token)
  expect(JSON.stringify(gateway.lines)).not.toContain(token.slice(0, 40))
})

test('without a secret there is no dashboard', async () => {
  const { app } = await openTestGateway({ ROOT_KEY_SHA256: '' })
  expect((await app.request('/dashboard')).status).toBe(404)
})

test('whoever guesses keys at the form is soon told to wait', async () => {
  const gateway = await openTestGateway({ TRUSTED_PROXIES: '1' })
  const statuses: number[] = []
  for (let guess = 0; guess < 25; guess++) {
    const answer = await gateway.app.request('/dashboard/sign-in', {
      ...{ method: 'POST', headers: { 'x-forwarded-for': '203.0.113.7' } },
      body: new URLSearchParams({ key: `guess-${guess}` }),
    })
    statuses.push(answer.status)
  }
  expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
})
