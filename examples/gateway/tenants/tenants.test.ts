import { expect, test } from 'vitest'
import type { Operation } from '../http/operation.ts'
import { sampleOf } from '../route-samples.ts'
import { openTestGateway, type TestGateway } from '../test-gateway.ts'

const url = 'https://r.example.com/hook'

interface Peopled extends TestGateway {
  /** What the tenant `acme` has, by the name of the path's part and what stands before it. */
  readonly ids: Readonly<Record<string, string>>
  readonly acme: { readonly authorization: string }
  readonly other: { readonly authorization: string }
}

/** A gateway with two tenants, one of which has one of everything. */
async function open(): Promise<Peopled> {
  const gateway = await openTestGateway()
  const { call } = gateway
  const headersOf = async (tenant: string) => {
    const made = await call('POST', '/v1/keys', {
      label: 'k',
      tenant,
      scopes: ALL,
    })
    return { id: String(made.body['id']), authorization: `Bearer ${String(made.body['key'])}` }
  }
  const { id: keyId, ...acme } = await headersOf('acme')
  const { authorization } = await headersOf('other')
  const make = async (path: string, body: unknown, headers = {}): Promise<string> => {
    const answer = await call('POST', path, body, { ...acme, ...headers })
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
    return String(answer.body['id'])
  }
  const endpoint = await make('/v1/webhooks/endpoints', { url, enabled: false })
  const event = await make('/v1/events', { type: 'a', data: 1 })
  await gateway.drain('acme')
  const queue = '/v1/jobs/queues/default'
  const job = await make(`${queue}/jobs`, {
    ...{ name: 'email', data: { to: 'a@example.com' }, options: { delay: '1d' } },
  })
  const schedule = { name: 'email', data: { to: 'a@example.com' }, every: '1d' }
  expect((await call('PUT', `${queue}/schedules/nightly`, schedule, acme)).status).toBe(200)
  const saga = await make('/v1/sagas/http/runs', { input: { steps: [{ execute: { url } }] } })
  await gateway.drain('acme')
  const message = await make('/v1/notifications', {
    ...{ channel: 'email', from: 'a@example.com', to: 'b@example.com', subject: 's', text: 't' },
    queued: true,
  })
  const amount = { amount: '49.90', currency: 'EUR' }
  const key = { 'idempotency-key': 'order-1' }
  const payment = await make('/v1/payments', { amount, paymentMethod: 'pm_success' }, key)
  const plan = await call(
    'POST',
    '/v1/subscriptions/plans',
    { operationId: 'p', name: 'Pro', amount, interval: { unit: 'month' } },
    acme,
  )
  const subscription = await make('/v1/subscriptions', {
    ...{ operationId: 's', plan: plan.body['reference'], customer: 'cus_1' },
    paymentMethod: 'pm_success',
  })
  const plain = { ...acme, 'content-type': 'text/plain' }
  expect((await call('PUT', '/v1/files/a/b.txt', 'secret', plain)).status).toBe(201)
  const begun = await gateway.app.request('/v1/uploads', {
    method: 'POST',
    headers: {
      ...{ ...acme, 'tus-resumable': '1.0.0', 'upload-length': '6' },
      'upload-metadata': `key ${btoa('up.txt')}`,
    },
  })
  const ids = {
    '/v1/webhooks/endpoints/:id': endpoint,
    '/v1/deliveries/:id': `${event}:${endpoint}`,
    '/jobs/:id': job,
    '/schedules/:id': 'nightly',
    '/runs/:id': saga,
    '/v1/messages/:id': message,
    '/v1/payments/:id': payment,
    '/v1/subscriptions/:id': subscription,
    '/v1/uploads/:id': (begun.headers.get('location') ?? '').split('/').at(-1) ?? '',
    '/v1/keys/:id': keyId,
    '/v1/users/:id': 'user-1',
    '/v1/files/:key': 'a/b.txt',
  }
  return { ...gateway, ids, acme, other: { authorization } }
}

const ALL = [
  ...['webhooks:read', 'webhooks:write', 'events:write', 'jobs:read', 'jobs:write'],
  ...['notifications:read', 'notifications:write', 'payments:read', 'payments:write'],
  ...['files:read', 'files:write', 'keys:read', 'keys:write', 'audit:read'],
]

function operationsOf({ services }: TestGateway): readonly Operation[] {
  return services.flatMap(({ routes }) => routes.map(({ operation }) => operation))
}

/** The id of acme's thing that an operation's path names; `undefined` where it names none. */
function idFor({ path }: Operation, ids: Peopled['ids']): string | undefined {
  return Object.entries(ids).find(([place]) => path.includes(place))?.[1]
}

test('what one tenant has is not there for another, at any route, and is left as it was', async () => {
  const gateway = await open()
  const { app, ids, other, acme, backend, call } = gateway
  const about = operationsOf(gateway).filter((operation) => idFor(operation, ids) !== undefined)
  expect(about.length).toBeGreaterThan(40)
  backend.forget()
  for (const operation of about) {
    const id = idFor(operation, ids) ?? ''
    const { method, path, body } = sampleOf(operation, { id })
    const extra = operation.body === 'bytes' ? {} : { 'content-type': 'application/json' }
    const response = await app.request(path, {
      ...{ method, headers: { ...other, ...extra, 'tus-resumable': '1.0.0' } },
      ...(body !== undefined && { body }),
    })
    expect(await response.text(), operation.id).not.toMatch(/secret|@example/)
    // What can be made under a name of one's own is made in one's own tenant, and gone after it.
    const ownName = /^(?:jobs\.schedules|files|notifications\.preferences)\./
    if (!ownName.test(operation.id)) {
      expect(response.status, `${operation.id}`).toBeGreaterThanOrEqual(400)
      expect(response.status, `${operation.id}`).toBeLessThan(500)
    }
  }
  const touched = [...backend.written].filter((name) => /acme/.test(name))
  expect(touched).toEqual([])
  // Everything is still there for its owner.
  for (const path of [
    `/v1/webhooks/endpoints/${ids['/v1/webhooks/endpoints/:id']}`,
    `/v1/deliveries/${ids['/v1/deliveries/:id']}`,
    `/v1/jobs/queues/default/jobs/${ids['/jobs/:id']}`,
    '/v1/jobs/queues/default/schedules/nightly',
    `/v1/sagas/http/runs/${ids['/runs/:id']}`,
    `/v1/messages/${ids['/v1/messages/:id']}`,
    `/v1/payments/${ids['/v1/payments/:id']}`,
    `/v1/subscriptions/${ids['/v1/subscriptions/:id']}`,
    `/v1/keys/${ids['/v1/keys/:id']}`,
    '/v1/files/a/b.txt',
  ])
    expect((await call('GET', path, undefined, acme)).status, path).toBe(200)
  const file = await app.request('/v1/files/a/b.txt', { headers: acme })
  expect(await file.text()).toBe('secret')
})

test('lists of one tenant show nothing of another', async () => {
  const gateway = await open()
  const { call, other } = gateway
  for (const operation of operationsOf(gateway)) {
    const { method, path, policy } = operation
    if (method !== 'GET' || 'public' in policy || policy.tenant === 'operator') continue
    const parts = path.replaceAll(/:(?:queue|saga)/g, '')
    if (parts.includes(':')) continue
    const { path: sample } = sampleOf(operation)
    const answer = await call('GET', sample, undefined, other)
    expect(answer.status, path).toBe(200)
    expect(JSON.stringify(answer.body), path).not.toMatch(
      /acme|b@example|order-1|up\.txt|a\/b\.txt/,
    )
  }
})

test('everything that is kept for a tenant has its name in its place', async () => {
  const gateway = await openTestGateway()
  const { backend, call, drain, bucket } = gateway
  const made = await call('POST', '/v1/keys', { label: 'k', tenant: 'acme', scopes: ALL })
  const headers = { authorization: `Bearer ${String(made.body['key'])}` }
  backend.forget()
  const amount = { amount: '1.00', currency: 'EUR' }
  const calls: readonly (readonly [string, string, unknown])[] = [
    ['POST', '/v1/webhooks/endpoints', { url }],
    ['POST', '/v1/jobs/queues/default/jobs', { name: 'deliver', data: { url, payload: 1 } }],
    [
      'PUT',
      '/v1/jobs/queues/default/schedules/s',
      { name: 'deliver', data: { url, payload: 1 }, every: '1h' },
    ],
    ['POST', '/v1/sagas/http/runs', { input: { steps: [{ execute: { url } }] } }],
    [
      'POST',
      '/v1/notifications',
      {
        channel: 'email',
        from: 'a@example.com',
        to: 'b@example.com',
        subject: 's',
        text: 't',
        queued: true,
      },
    ],
    ['POST', '/v1/suppressions', { address: 'c@example.com' }],
    ['PATCH', '/v1/users/u/preferences', { locale: 'pl' }],
    ['POST', '/v1/payments', { amount, paymentMethod: 'pm_success', confirm: true }],
    ['PUT', '/v1/files/a', 'x'],
  ]
  for (const [method, path, body] of calls) {
    const answer = await call(method, path, body, { ...headers, 'idempotency-key': path })
    expect(answer.status, `${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  }
  await drain('acme')
  // The queues that webhooks of all tenants share hold the tenant in each job's id.
  await call('POST', '/v1/events', { type: 'a', data: 1 }, headers)
  const shared = /^(?:queue webhooks\.|gateway:(?:tenants|keys:|once:)|metrics:|webhooks:tenants)/
  const foreign = [...backend.written].filter((name) => !/acme/.test(name) && !shared.test(name))
  expect(foreign).toEqual([])
  expect([...backend.subjects].filter((subject) => !/acme|root|:ep_/.test(subject))).toEqual([])
  const keys = await Array.fromAsync(bucket.list())
  expect(keys.map(({ key }) => key)).toEqual(['acme/a'])
})

test('a read for a tenant whom nobody knows opens nothing of it', async () => {
  const gateway = await openTestGateway()
  const { app, backend, call } = gateway
  await call('GET', '/v1/webhooks/endpoints?tenant=acme')
  backend.forget()
  for (const operation of operationsOf(gateway)) {
    const { policy, method } = operation
    if ('public' in policy || (method !== 'GET' && method !== 'HEAD')) continue
    const { path } = sampleOf(operation, { id: `ep_${'0'.repeat(30)}.ghost` })
    const response = await app.request(`${path}${path.includes('?') ? '&' : '?'}tenant=ghost`, {
      ...{ method, headers: { authorization: 'Bearer root', 'tus-resumable': '1.0.0' } },
    })
    await response.body?.cancel()
    expect(response.status, operation.id).toBeLessThan(502)
  }
  expect([...backend.opened].filter((name) => /ghost/.test(name))).toEqual([])
  expect([...backend.written].filter((name) => !name.startsWith('metrics:'))).toEqual([])
  const { tenants } = gateway
  expect(await tenants.directory.has('ghost')).toBe(false)
})

test('providers’ webhooks of a tenant whom nobody knows, or of none, are not there', async () => {
  const { call, backend } = await openTestGateway()
  backend.forget()
  for (const tenant of ['ghost', 'a.b', '__proto__', '%00', 'x'.repeat(500)])
    expect((await call('POST', `/v1/webhooks/in/sandbox/${tenant}`, '{}')).status).toBe(404)
  expect([...backend.opened].filter((name) => /ghost|proto/.test(name))).toEqual([])
})

test('jobs of a tenant’s queue are found by the queue’s name, on Workers', async () => {
  const gateway = await open()
  const { tenants } = gateway
  expect(tenants.processorOf('t:acme:default')?.queue).toBe('default')
  expect(tenants.processorOf('notifications')?.queue).toBe('notifications')
  expect(tenants.processorOf('t:acme:nothing')).toBeUndefined()
})

test('a sweep sees to every tenant, some at a time', async () => {
  const gateway = await openTestGateway()
  const { call, tenants, backend } = gateway
  for (let index = 0; index < 120; index++)
    await tenants.directory.add(`t${String(index).padStart(3, '0')}`)
  const swept = new Set<string>()
  for (let round = 0; round < 3; round++) {
    backend.forget()
    await tenants.sweep?.()
    for (const name of backend.opened) {
      const [, tenant] = /^queue t:(t\d{3}):/.exec(name) ?? []
      if (tenant !== undefined) swept.add(tenant)
    }
  }
  expect(swept.size).toBe(120)
  expect((await call('GET', '/health')).status).toBe(200)
})

test('on a server every tenant’s jobs are run, also those of one that comes later', async () => {
  const gateway = await openTestGateway()
  const { call, tenants, bodies } = gateway
  const stop = new AbortController()
  const running = tenants.run?.({ signal: stop.signal })
  const job = { name: 'deliver', data: { url, payload: { n: 1 } } }
  const ids: string[] = []
  for (const tenant of ['default', 'later'])
    ids.push(
      String((await call('POST', `/v1/jobs/queues/default/jobs?tenant=${tenant}`, job)).body['id']),
    )
  for (const [index, tenant] of ['default', 'later'].entries()) {
    const { queues } = await tenants.toRead(tenant)
    await queues[0]?.finished(ids[index] ?? '')
  }
  expect(bodies).toHaveLength(2)
  stop.abort()
  await running
})
