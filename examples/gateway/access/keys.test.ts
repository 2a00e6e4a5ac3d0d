import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { createFakeClock, createSeededRandom } from '@white-cross/reuse/infrastructure/testing'
import { expect, test } from 'vitest'
import { openTestGateway, type TestGateway } from '../test-gateway.ts'
import { createApiKeys, type ShownApiKey } from './api-keys.ts'
import { SCOPES, SERVICE_SCOPES } from './scopes.ts'

const DAY_MS = 86_400_000

async function keyFor(
  { call }: TestGateway,
  body: object,
): Promise<{ readonly id: string; readonly key: string }> {
  const made = await call('POST', '/v1/keys', { label: 'k', ...body })
  expect(made.status).toBe(201)
  return made.body as { id: string; key: string }
}

const as = (key: string): { readonly authorization: string } => ({
  authorization: `Bearer ${key}`,
})

test('a key is shown once, kept as a digest, and says no more than it is told', async () => {
  const gateway = await openTestGateway()
  const { call, backend } = gateway
  const made = await call('POST', '/v1/keys', { label: 'ci', tenant: 'acme' })
  expect(made.body).toMatchObject({
    ...{ label: 'ci', tenant: 'acme', scopes: SERVICE_SCOPES },
    ...{ expiresAt: null, lastUsedAt: null, key: expect.stringMatching(/^wcr_[0-9a-f]{48}$/) },
  })
  const key = String(made.body['key'])
  expect(backend.texts.join('\n')).not.toContain(key)
  const id = String(made.body['id'])
  const read = await call('GET', `/v1/keys/${id}?tenant=acme`)
  expect(read.body).toMatchObject({ id, label: 'ci' })
  expect(JSON.stringify(read.body)).not.toMatch(/wcr_|hash/)
  expect((await call('GET', `/v1/keys/${id}`)).status).toBe(404)
})

test('a key may do what its scopes say, and gives away no more than it has', async () => {
  const gateway = await openTestGateway()
  const { call } = gateway
  const { key } = await keyFor(gateway, {
    tenant: 'acme',
    scopes: ['keys:write', 'keys:read', 'webhooks:read'],
    expiresIn: '1d',
    requestsPerMinute: 500,
  })
  const headers = as(key)
  expect((await call('POST', '/v1/keys', { label: 'x' }, headers)).body).toMatchObject({
    code: 'missing_scope',
  })
  const made = await call(
    ...(['POST', '/v1/keys'] as const),
    { label: 'x', scopes: ['webhooks:read'], expiresIn: '30d', requestsPerMinute: 9999 },
    headers,
  )
  // No longer, and no faster, than the one that made it.
  const { clock } = gateway
  expect(made.body).toMatchObject({
    ...{ tenant: 'acme', expiresAt: clock.now() + DAY_MS, requestsPerMinute: 500 },
  })
  for (const body of [
    { label: 'x', scopes: ['webhooks:read'], operator: true },
    { label: 'x', scopes: ['webhooks:read'], tenant: 'other' },
  ])
    expect((await call('POST', '/v1/keys', body, headers)).status).toBe(403)
  expect((await call('GET', '/v1/keys?operators=true', undefined, headers)).status).toBe(403)
  expect((await call('GET', '/v1/keys', undefined, headers)).body['keys']).toHaveLength(2)
})

test('an operator’s key acts for any tenant, and is listed apart', async () => {
  const gateway = await openTestGateway()
  const { call } = gateway
  const { key, id } = await keyFor(gateway, {
    operator: true,
    scopes: ['metrics:read', 'keys:read'],
  })
  expect((await call('GET', '/metrics', undefined, as(key))).status).toBe(200)
  expect((await call('GET', '/v1/keys?tenant=acme', undefined, as(key))).status).toBe(200)
  expect((await call('GET', '/v1/keys')).body['keys']).toEqual([])
  expect((await call('GET', '/v1/keys?operators=true')).body['keys']).toMatchObject([
    { id, tenant: null },
  ])
  expect((await call('DELETE', `/v1/keys/${id}?operators=true`)).status).toBe(204)
  expect((await call('GET', '/metrics', undefined, as(key))).status).toBe(401)
})

test('a rotated key has a new secret, and the old one is good for the overlap alone', async () => {
  const gateway = await openTestGateway()
  const { call, clock } = gateway
  const { key, id } = await keyFor(gateway, { tenant: 'acme' })
  const works = async (secret: string): Promise<boolean> =>
    (await call('GET', '/v1/webhooks/endpoints', undefined, as(secret))).status === 200
  const rotated = await call('POST', `/v1/keys/${id}/rotate?tenant=acme`, { overlap: '10m' })
  const next = String(rotated.body['key'])
  expect([rotated.body['id'], next === key]).toEqual([id, false])
  expect([await works(key), await works(next)]).toEqual([true, true])
  await clock.advance(600_000)
  expect([await works(key), await works(next)]).toEqual([false, true])
  const last = await call('POST', `/v1/keys/${id}/rotate?tenant=acme`, { overlap: 0 })
  expect([await works(next), await works(String(last.body['key']))]).toEqual([false, true])
  await call('DELETE', `/v1/keys/${id}?tenant=acme`)
  for (const secret of [key, next, String(last.body['key'])])
    expect(await works(secret)).toBe(false)
  expect((await call('POST', `/v1/keys/${id}/rotate?tenant=acme`)).status).toBe(404)
})

test('nobody gets a secret by rotation that outlives their own', async () => {
  const gateway = await openTestGateway()
  const { call } = gateway
  const scopes = ['keys:write']
  const lasting = await keyFor(gateway, { tenant: 'acme', scopes })
  const passing = await keyFor(gateway, { tenant: 'acme', scopes, expiresIn: '1d' })
  const rotate = (id: string): ReturnType<typeof call> =>
    call('POST', `/v1/keys/${id}/rotate`, undefined, as(passing.key))
  expect((await rotate(lasting.id)).status).toBe(403)
  expect((await rotate(passing.id)).status).toBe(200)
})

test('no secret is good that was made while its key was revoked or rotated by others', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const random = createSeededRandom()
  // At every call of the store in turn somebody else acts in between.
  for (const meddle of ['revoke', 'rotate'] as const)
    for (const act of ['rotate', 'revoke'] as const)
      for (let at = 0; at < 12; at++) {
        let calls = 0
        let busy = false
        const others = createApiKeys({ store, clock, random, believedMs: 0 })
        const secrets: string[] = []
        const keep = (made: ShownApiKey | boolean | null): void => {
          if (typeof made === 'object' && made !== null) secrets.push(made.key)
        }
        const { id, key } = await others.create({
          ...{ label: 'k', tenant: 'acme', scopes: [], expiresAt: null },
        })
        secrets.push(key)
        const keys = createApiKeys({
          ...{ clock, random, believedMs: 0 },
          store: {
            partition: (name) =>
              new Proxy(store.partition(name), {
                get(partition, method) {
                  const call: unknown = Reflect.get(partition, method)
                  if (typeof call !== 'function') return call
                  return async (...args: readonly unknown[]) => {
                    if (!busy && calls++ === at) {
                      busy = true
                      keep(
                        meddle === 'revoke'
                          ? await others.revoke('acme', id)
                          : await others.rotate('acme', id, 60_000),
                      )
                    }
                    return Reflect.apply(call, partition, args)
                  }
                },
              }),
          },
        })
        keep(
          act === 'revoke' ? await keys.revoke('acme', id) : await keys.rotate('acme', id, 60_000),
        )
        await others.revoke('acme', id)
        for (const secret of secrets)
          expect([meddle, act, at, await others.find(secret)]).toEqual([meddle, act, at, null])
      }
})

test('when a key was last used is noted once an hour, and not at each request', async () => {
  const gateway = await openTestGateway()
  const { call, clock, backend } = gateway
  const { key, id } = await keyFor(gateway, { tenant: 'acme' })
  const use = (): Promise<unknown> => call('GET', '/v1/webhooks/endpoints', undefined, as(key))
  backend.forget()
  for (let index = 0; index < 20; index++) await use()
  expect(backend.texts.filter((text) => text.includes(`used/${id}`))).toHaveLength(1)
  const first = clock.now()
  expect((await call('GET', `/v1/keys/${id}?tenant=acme`)).body['lastUsedAt']).toBe(first)
  await clock.advance(3_600_000)
  await use()
  expect((await call('GET', `/v1/keys/${id}?tenant=acme`)).body['lastUsedAt']).toBe(
    first + 3_600_000,
  )
})

test('a busy key costs no read, and a revoked one is refused elsewhere within five seconds', async () => {
  const gateway = await openTestGateway()
  const elsewhere = await openTestGateway({}, { backend: gateway.backend, clock: gateway.clock })
  const { key, id } = await keyFor(gateway, { tenant: 'acme' })
  const status = async (): Promise<number> =>
    (await elsewhere.call('GET', '/v1/webhooks/endpoints', undefined, as(key))).status
  expect(await status()).toBe(200)
  elsewhere.backend.forget()
  for (let index = 0; index < 10; index++) await status()
  expect([...elsewhere.backend.opened].filter((name) => /gateway:keys:/.test(name))).toEqual([])
  await gateway.call('DELETE', `/v1/keys/${id}?tenant=acme`)
  expect(await status()).toBe(200)
  await gateway.clock.advance(5000)
  expect(await status()).toBe(401)
})

test.each([
  [{ label: '' }, 422],
  [{ label: 'x'.repeat(101) }, 422],
  [{ label: 'x', scopes: [] }, 422],
  [{ label: 'x', scopes: ['all'] }, 422],
  [{ label: 'x', expiresIn: 0 }, 422],
  [{ label: 'x', expiresIn: '1.5d' }, 422],
  [{ label: 'x', expiresIn: 'forever' }, 422],
  [{ label: 'x', requestsPerMinute: 0 }, 422],
  [{ label: 'x', requestsPerMinute: 1.5 }, 422],
  [{ label: 'x', tenant: 'a/b' }, 422],
  [{ label: 'x', surprise: 1 }, 422],
])('a key with %j is refused', async (body, status) => {
  const gateway = await openTestGateway()
  expect((await gateway.call('POST', '/v1/keys', body)).status).toBe(status)
  expect((await gateway.call('GET', '/v1/keys')).body['keys']).toEqual([])
})

test('root may do everything, with and without a key of its own, in capitals or not', async () => {
  const { call } = await openTestGateway()
  for (const authorization of ['Bearer root', 'bearer root', 'BEARER root'])
    expect((await call('GET', '/v1/keys', undefined, { authorization })).status).toBe(200)
  for (const authorization of [
    'root',
    'Basic root',
    'Bearer  root',
    'Bearer root x',
    'Bearer Root',
  ])
    expect((await call('GET', '/v1/keys', undefined, { authorization })).status).toBe(401)
  expect(SCOPES.length).toBe(new Set(SCOPES).size)
})
