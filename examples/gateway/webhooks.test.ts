import { expect, test } from 'vitest'
import { openTestGateway } from './test-gateway.ts'

const url = 'https://r.example.com/hook'

async function open(answer: (body: string) => Response = () => new Response()) {
  const gateway = await openTestGateway(
    {},
    {
      webhooks: {
        resolve: async () => ['93.184.216.34'],
        fetch: async (_url, { body }) => answer(new TextDecoder().decode(body as Uint8Array)),
      },
    },
  )
  const publish = async (type: string, id: string): Promise<void> => {
    expect((await gateway.call('POST', '/v1/events', { type, id, data: 1 })).status).toBe(202)
    await gateway.drain()
    await gateway.clock.advance(1000)
  }
  const listed = async (query: string): Promise<unknown> => {
    const { body } = await gateway.call('GET', `/v1/deliveries?${query}`)
    return (body['deliveries'] as { eventId: string }[]).map(({ eventId }) => eventId).join(' ')
  }
  return { ...gateway, publish, listed }
}

test('an endpoint that is created disabled holds its events, and recovers them once it is enabled', async () => {
  const { call, drain, clock, publish, listed } = await open()
  const since = clock.now()
  const made = await call('POST', '/v1/webhooks/endpoints', { url, enabled: false })
  expect(made.body).toMatchObject({ enabled: false, disabledReason: 'manual' })
  await publish('a', 'e1')
  expect(await listed('state=held')).toBe('e1')
  const path = `/v1/webhooks/endpoints/${String(made.body['id'])}`
  expect((await call('POST', `${path}/recover`, { since })).body['code']).toBe('endpoint_disabled')
  await call('POST', `${path}/enable`)
  const recovered = await call('POST', `${path}/recover`, { since, perSecond: 1000 })
  expect(recovered).toMatchObject({
    status: 202,
    body: { jobId: expect.stringMatching(/^replay:/) },
  })
  await drain()
  await clock.advance(1000)
  await drain()
  expect(await listed('state=delivered')).toBe('e1')
})

test('deliveries are listed by time and type, replayed, and deleted', async () => {
  let received = 0
  const { call, drain, clock, publish, listed } = await open(() => {
    received++
    return new Response()
  })
  const { body } = await call('POST', '/v1/webhooks/endpoints', { url })
  const times: number[] = []
  for (const [index, type] of ['a', 'b', 'a', 'b'].entries()) {
    times.push(clock.now())
    await publish(type, `e${index}`)
  }
  expect(await listed(`since=${times[1]}&until=${times[3]}`)).toBe('e2 e1')
  expect(await listed('type=b')).toBe('e3 e1')
  const filter = { since: times[0], type: 'a', states: ['delivered'], perSecond: 1000 }
  expect((await call('POST', '/v1/deliveries/replay', filter)).status).toBe(202)
  for (let round = 0; round < 3; round++) {
    await drain()
    await clock.advance(1000)
  }
  expect(received).toBe(6)
  const path = `/v1/deliveries/e1:${String(body['id'])}`
  expect((await call('GET', path)).body).toMatchObject({
    state: 'delivered',
    attemptLog: [{ number: 1, status: 200 }],
  })
  expect((await call('POST', `${path}/retry`)).body).toMatchObject({ round: 1 })
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('DELETE', path)).status).toBe(404)
  expect(await listed('')).toBe('e3 e2 e0')
})

test('an endpoint is verified by its answer to a challenge', async () => {
  let honest = false
  const { call } = await open((body) =>
    honest
      ? Response.json({
          challenge: (JSON.parse(body) as { data: { challenge: string } }).data.challenge,
        })
      : new Response('hello'),
  )
  const made = await call('POST', '/v1/webhooks/endpoints', { url })
  const path = `/v1/webhooks/endpoints/${String(made.body['id'])}`
  expect((await call('POST', `${path}/verify`)).body).toMatchObject({
    verified: false,
    reason: 'wrong_answer',
  })
  honest = true
  expect((await call('POST', `${path}/verify`)).body).toEqual({ verified: true })
  expect((await call('GET', path)).body['verifiedAt']).toEqual(expect.any(Number))
})

test('a customer’s portal sees and changes its own endpoints, on record', async () => {
  const { call, publish } = await open()
  const made = await call('POST', '/v1/portal-tokens', { tenant: 'acme', expiresIn: '10m' })
  expect(made).toMatchObject({ status: 201, body: { tenant: 'acme' } })
  const headers = { authorization: `Bearer ${String(made.body['token'])}` }
  const endpoint = await call('POST', '/v1/webhooks/endpoints', { url }, headers)
  expect(endpoint.body).toMatchObject({ tenant: 'acme', secret: expect.any(String) })
  await publish('a', 'e1')
  const path = `/v1/webhooks/endpoints/${String(endpoint.body['id'])}`
  expect((await call('GET', path, undefined, headers)).status).toBe(200)
  const mine = await call('POST', '/v1/webhooks/endpoints', { url })
  const foreign = `/v1/webhooks/endpoints/${String(mine.body['id'])}`
  expect((await call('GET', foreign, undefined, headers)).status).toBe(404)
  expect((await call('DELETE', foreign, undefined, headers)).status).toBe(404)
  const audit = await call('GET', '/v1/audit?tenant=acme')
  expect(audit.body['entries']).toMatchObject([
    { actor: 'root', action: 'portal-tokens.create', outcome: 'success' },
    { actor: `portal/${String(made.body['id'])}`, action: 'webhooks.endpoints.create' },
    { actor: `portal/${String(made.body['id'])}`, outcome: 'failure', detail: { status: 404 } },
  ])
})
