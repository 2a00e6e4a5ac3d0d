import { createFakeClock } from '@white-cross/reuse/infrastructure/testing'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { expect, test } from 'vitest'
import { openTestGateway } from './test-gateway.ts'

const url = 'https://r.example.com/hook'
const DAY_MS = 86_400_000

test('a mutation is made once for each key, and answers again what it answered', async () => {
  const { call, clock } = await openTestGateway()
  const key = { 'idempotency-key': 'a' }
  const first = await call('POST', '/v1/webhooks/endpoints', { url }, key)
  const again = await call('POST', '/v1/webhooks/endpoints', { url }, key)
  expect([first.status, again.status]).toEqual([201, 201])
  expect(again.body).toEqual(first.body)
  expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([
    null,
    'true',
  ])
  // The same key as a structured field has it, in quotes.
  const quoted = { 'idempotency-key': '"a"' }
  expect((await call('POST', '/v1/webhooks/endpoints', { url }, quoted)).body).toEqual(first.body)
  const list = await call('GET', '/v1/webhooks/endpoints')
  expect(list.body['endpoints']).toHaveLength(1)
  await clock.advance(DAY_MS)
  await call('POST', '/v1/webhooks/endpoints', { url }, key)
  expect((await call('GET', '/v1/webhooks/endpoints')).body['endpoints']).toHaveLength(2)
})

test('a key with another body, query, path or method is a 422, and with another tenant another key', async () => {
  const { call } = await openTestGateway()
  const key = { 'idempotency-key': 'a' }
  const event = { type: 'a', data: 1 }
  expect((await call('POST', '/v1/events', event, key)).status).toBe(202)
  for (const [method, path, body] of [
    ['POST', '/v1/events', { type: 'a', data: 2 }],
    ['POST', '/v1/events?tenant=default', event],
    ['POST', '/v1/webhooks/endpoints', { url }],
    ['DELETE', '/v1/webhooks/endpoints/ep_0123456789abcdef0123456789abcd', undefined],
  ] as const)
    expect(await call(method, path, body, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_conflict' },
    })
  expect((await call('POST', '/v1/events?tenant=acme', { type: 'b', data: 3 }, key)).status).toBe(
    202,
  )
})

test('while the first is on its way a second is a 409, which says when to try again', async () => {
  const clock = createFakeClock()
  const reached = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const inner = memory({ clock })
  const backend = {
    ...inner,
    jobStore: {
      queue: (name: string) => ({
        ...inner.jobStore.queue(name),
        async add(...jobs: Parameters<ReturnType<typeof inner.jobStore.queue>['add']>) {
          reached.resolve()
          await release.promise
          return inner.jobStore.queue(name).add(...jobs)
        },
      }),
    },
  }
  const { call } = await openTestGateway({}, { backend, clock })
  const key = { 'idempotency-key': 'a' }
  const first = call('POST', '/v1/events', { type: 'a', data: 1 }, key)
  await reached.promise
  const second = await call('POST', '/v1/events', { type: 'a', data: 1 }, key)
  expect(second).toMatchObject({ status: 409, body: { code: 'idempotency_in_progress' } })
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0)
  release.resolve()
  expect((await first).status).toBe(202)
})

test('a refusal frees the key, since nothing was done', async () => {
  const { call } = await openTestGateway()
  const key = { 'idempotency-key': 'a' }
  const wrong = await call('POST', '/v1/webhooks/endpoints', { url: 'ftp://x' }, key)
  expect(wrong.status).toBe(422)
  expect((await call('POST', '/v1/webhooks/endpoints', { url }, key)).status).toBe(201)
})

test('an answer that shows a secret is not kept in the clear, and is repeated to who asked', async () => {
  const { call, backend } = await openTestGateway()
  const operator = await call('POST', '/v1/keys', { label: 'other', operator: true })
  const other = { authorization: `Bearer ${String(operator.body['key'])}` }
  backend.forget()
  const key = { 'idempotency-key': 'k' }
  const made = await call('POST', '/v1/keys', { label: 'ci' }, key)
  const token = await call('POST', '/v1/portal-tokens', {}, { 'idempotency-key': 't' })
  const written = backend.texts.join('\n')
  for (const secret of [made.body['key'], token.body['token']])
    expect(written).not.toContain(String(secret))
  expect((await call('POST', '/v1/keys', { label: 'ci' }, key)).body).toEqual(made.body)
  expect(await call('POST', '/v1/keys', { label: 'ci' }, { ...key, ...other })).toMatchObject({
    status: 409,
    body: { code: 'answer_sealed' },
  })
})

test.each(['', ' ', 'x'.repeat(256), 'a\tb', 'ü'])('the key %j is refused', async (key) => {
  const { call } = await openTestGateway()
  const answer = await call(
    'POST',
    '/v1/events',
    { type: 'a', data: 1 },
    { 'idempotency-key': key },
  )
  expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_idempotency_key' } })
})

test('a deletion is repeated as it was, and reads and files know no keys', async () => {
  const { call } = await openTestGateway()
  const made = await call('POST', '/v1/webhooks/endpoints', { url })
  const path = `/v1/webhooks/endpoints/${String(made.body['id'])}`
  const key = { 'idempotency-key': 'd' }
  const statuses = [
    await call('DELETE', path, undefined, key),
    await call('DELETE', path, undefined, key),
  ]
  expect(statuses.map(({ status }) => status)).toEqual([204, 204])
  expect((await call('DELETE', path)).status).toBe(404)
  expect((await call('GET', path, undefined, key)).status).toBe(404)
  for (const text of ['one', 'two'])
    expect((await call('PUT', '/v1/files/a', text, key)).status).toBe(201)
})
