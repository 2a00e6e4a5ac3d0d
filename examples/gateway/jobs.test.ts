import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { openTestGateway } from './test-gateway.ts'

const url = 'https://r.example.com/hook'
const queue = '/v1/jobs/queues/default'

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly url: string
}

async function open(answer: (sent: Sent) => number = () => 204) {
  const sent: Sent[] = []
  const gateway = await openTestGateway(
    {},
    {
      webhooks: {
        resolve: async () => ['93.184.216.34'],
        fetch: async (to, { body, headers }) => {
          const one = {
            url: to,
            body: new TextDecoder().decode(body as Uint8Array),
            headers: Object.fromEntries(new Headers(headers)),
          }
          sent.push(one)
          return new Response(null, { status: answer(one) })
        },
      },
    },
  )
  return { ...gateway, sent }
}

test('a job is added, run, and read with its history; its request is signed', async () => {
  const { call, drain, sent } = await open()
  const job = { name: 'deliver', data: { url, payload: { n: 1 } } }
  const added = await call('POST', `${queue}/jobs`, job)
  expect(added).toMatchObject({ status: 202, body: { added: true } })
  await drain()
  const path = `${queue}/jobs/${String(added.body['id'])}`
  expect(await call('GET', path)).toMatchObject({
    status: 200,
    body: { state: 'completed', attempt: 1, result: { status: 204 }, logs: [] },
  })
  const { body, headers }: Pick<Sent, 'body' | 'headers'> = sent[0] ?? { body: '', headers: {} }
  const secret = String((await call('GET', '/v1/jobs/signing-secret')).body['secret'])
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  expect(headers['webhook-signature']).toBe(
    `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
  )
  expect(JSON.parse(body)).toEqual({ n: 1 })
  const other = await call('GET', '/v1/jobs/signing-secret?tenant=acme')
  expect(other.body['secret']).not.toBe(secret)
})

test('jobs are added in bulk, all or none, and listed by state and page', async () => {
  const { call } = await open()
  const job = { name: 'deliver', data: { url, payload: 1 }, options: { delay: '1h' } }
  const added = await call('POST', `${queue}/jobs/bulk`, { jobs: [job, job, job] })
  expect(added.status).toBe(202)
  expect(added.body['jobs']).toHaveLength(3)
  const wrong = { jobs: [job, { name: 'nothing' }] }
  expect((await call('POST', `${queue}/jobs/bulk`, wrong)).status).toBe(404)
  const page = await call('GET', `${queue}/jobs?state=scheduled&limit=2`)
  expect(page.body['jobs']).toHaveLength(2)
  const cursor = encodeURIComponent(String(page.body['cursor']))
  const rest = await call('GET', `${queue}/jobs?state=scheduled&cursor=${cursor}`)
  expect(rest.body).toMatchObject({ jobs: [{ state: 'scheduled' }], cursor: null })
  expect((await call('GET', '/v1/jobs/queues')).body).toMatchObject({
    queues: [{ name: 'default', paused: false, counts: { scheduled: 3 } }],
  })
})

test('jobs are found by tag, name, id and time, counted, and acted on together', async () => {
  const { call, clock } = await open()
  const add = async (jobId: string, tags: readonly string[]): Promise<void> => {
    const options = { jobId, tags, delay: '1h' }
    const job = { name: 'deliver', data: { url, payload: 1 }, options }
    expect((await call('POST', `${queue}/jobs`, job)).status).toBe(202)
  }
  await add('a-1', ['customer:7'])
  await add('a-2', ['customer:7', 'big'])
  await clock.advance(1000)
  await add('b-1', ['customer:8'])
  const since = clock.now()
  const found = async (query: string): Promise<unknown> =>
    ((await call('GET', `${queue}/jobs?${query}`)).body['jobs'] as { id: string }[])
      .map(({ id }) => id)
      .toSorted()
  expect(await found('')).toEqual(['a-1', 'a-2', 'b-1'])
  expect(await found('tag=customer:7')).toEqual(['a-1', 'a-2'])
  expect(await found('tag=customer:7&state=dead')).toEqual([])
  expect(await found('idPrefix=b-&name=deliver')).toEqual(['b-1'])
  expect(await found(`since=${since}`)).toEqual(['b-1'])
  expect(await found(`until=${since}`)).toEqual(['a-1', 'a-2'])
  expect((await call('GET', `${queue}/jobs/a-2`)).body['tags']).toEqual(['customer:7', 'big'])
  const count = `${queue}/count?tag=customer:7`
  expect((await call('GET', count)).body).toEqual({ count: 2, complete: true })
  expect((await call('GET', `${count}&action=retry`)).body).toEqual({ count: 0, complete: true })
  expect((await call('GET', `${count}&limit=1`)).body).toMatchObject({ count: 1, complete: false })
  const bulk = { action: 'cancel', tag: 'customer:7' }
  const step = await call('POST', `${queue}/bulk`, { ...bulk, limit: 1 })
  expect(step.body).toMatchObject({ matched: 1, changed: 1, cursor: expect.any(String) as unknown })
  expect(
    (await call('POST', `${queue}/bulk`, { ...bulk, cursor: step.body['cursor'] })).body,
  ).toEqual({ matched: 1, changed: 1, cursor: null })
  expect(await found('state=scheduled')).toEqual(['b-1'])
})

test('a job is changed, promoted, cancelled, retried and removed; dead ones are redriven', async () => {
  let status = 400
  const { call, drain, sent } = await open(() => status)
  const add = async (options: object): Promise<string> => {
    const body = { name: 'deliver', data: { url, payload: 1 }, options }
    return `${queue}/jobs/${String((await call('POST', `${queue}/jobs`, body)).body['id'])}`
  }
  const stateOf = async (path: string): Promise<unknown> => (await call('GET', path)).body['state']
  const path = await add({ delay: '1h' })
  const data = { url, payload: { changed: true } }
  expect((await call('PATCH', path, { data, priority: 'high' })).body).toEqual({ changed: true })
  expect((await call('POST', `${path}/promote`)).body).toEqual({ changed: true })
  await drain()
  // What is refused for good is not tried again.
  expect([await stateOf(path), sent.length, sent[0]?.body]).toEqual(['dead', 1, '{"changed":true}'])
  status = 204
  expect((await call('POST', `${path}/retry`)).body).toEqual({ changed: true })
  await drain()
  expect(await stateOf(path)).toBe('completed')
  const waiting = await add({ delay: '1h' })
  expect((await call('POST', `${waiting}/cancel`)).body).toEqual({ changed: true })
  expect(await stateOf(waiting)).toBe('cancelled')
  expect((await call('DELETE', waiting)).status).toBe(204)
  for (const method of ['GET', 'DELETE'])
    expect((await call(method, waiting)).body['code']).toBe('job_not_found')
  for (const act of ['retry', 'cancel', 'promote'])
    expect((await call('POST', `${waiting}/${act}`)).status).toBe(404)
  status = 410
  const dead = [await add({}), await add({})]
  await drain()
  status = 204
  expect((await call('POST', `${queue}/redrive`, { limit: 1 })).body).toEqual({ redriven: 1 })
  expect((await call('POST', `${queue}/redrive`)).body).toEqual({ redriven: 1 })
  await drain()
  for (const one of dead) expect(await stateOf(one)).toBe('completed')
})

test('a queue is paused and resumed', async () => {
  const { call, drain, sent } = await open()
  expect((await call('POST', `${queue}/pause`)).body).toMatchObject({ paused: true })
  await call('POST', `${queue}/jobs`, { name: 'deliver', data: { url, payload: 1 } })
  await drain()
  expect(sent).toHaveLength(0)
  expect((await call('POST', `${queue}/resume`)).body).toMatchObject({ paused: false })
  await drain()
  expect(sent).toHaveLength(1)
})

test('a schedule is put, listed, paused, resumed and removed, and ticks', async () => {
  const { call, drain, sent, clock } = await open()
  const schedule = { name: 'deliver', data: { url, payload: 1 }, every: '1h' }
  const path = `${queue}/schedules/hourly`
  const put = await call('PUT', path, schedule)
  expect(put).toMatchObject({ status: 200, body: { id: 'hourly', paused: false, runs: 0 } })
  await clock.advance(3_600_000)
  await drain()
  expect(sent).toHaveLength(1)
  expect((await call('POST', `${path}/pause`)).body).toEqual({ changed: true })
  await clock.advance(3_600_000)
  await drain()
  expect(sent).toHaveLength(1)
  expect((await call('POST', `${path}/resume`)).body).toEqual({ changed: true })
  expect((await call('GET', `${queue}/schedules`)).body).toMatchObject({
    schedules: [{ id: 'hourly' }],
    cursor: null,
  })
  const cron = { ...schedule, every: undefined, cron: '0 2 * * *' }
  const options = { timezone: 'Europe/Berlin' }
  expect((await call('PUT', path, { ...cron, options })).body).toMatchObject({
    schedule: { kind: 'cron', timezone: 'Europe/Berlin' },
  })
  for (const wrong of [{ ...schedule, every: '1ms' }, { ...cron, cron: 'x' }, { name: 'deliver' }])
    expect((await call('PUT', path, wrong)).status).toBeLessThan(500)
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('GET', path)).status).toBe(404)
})

test('a saga makes its requests in order, and undoes them in reverse when one is refused', async () => {
  const { call, drain, sent } = await open(({ url: to }) => (to.endsWith('hook/3') ? 422 : 200))
  const step = (number: number) => ({
    execute: { url: `${url}/${number}`, payload: { number } },
    compensate: { url: `${url}/undo/${number}`, payload: { number } },
  })
  const input = { steps: [step(1), step(2), step(3)] }
  const started = await call('POST', '/v1/sagas/http/runs', { id: 'order-1', input })
  expect(started).toMatchObject({ status: 202, body: { id: 'order-1' } })
  await drain()
  const saga = await call('GET', '/v1/sagas/http/runs/order-1')
  expect(saga.body).toMatchObject({ status: 'compensated', cause: { step: 'step-3' } })
  expect(sent.map(({ url: to }) => to.slice(url.length + 1))).toEqual([
    ...['1', '2', '3'],
    ...['undo/3', 'undo/2', 'undo/1'],
  ])
  expect((await call('GET', '/v1/sagas')).body).toEqual({ sagas: [{ name: 'http' }] })
})

test('a saga that is stuck is listed, retried and skipped by a person', async () => {
  const { call, drain, clock } = await open(() => 422)
  const undo = { execute: { url }, compensate: { url } }
  await call('POST', '/v1/sagas/http/runs', { id: 's', input: { steps: [undo] } })
  for (let round = 0; round < 40; round++) {
    await drain()
    await clock.advance(300_000)
  }
  expect((await call('GET', '/v1/sagas/http/runs/s')).body['status']).toBe('stuck')
  expect((await call('GET', '/v1/sagas/http/stuck')).body['sagas']).toMatchObject([{ id: 's' }])
  expect((await call('POST', '/v1/sagas/http/runs/s/retry')).status).toBe(202)
  expect((await call('POST', '/v1/sagas/http/runs/s/retry')).body['code']).toBe('saga_not_stuck')
  for (let round = 0; round < 40; round++) {
    await drain()
    await clock.advance(300_000)
  }
  const reason = { reason: 'refunded by hand' }
  expect((await call('POST', '/v1/sagas/http/runs/s/skip', reason)).status).toBe(202)
  await drain()
  expect((await call('GET', '/v1/sagas/http/runs/s')).body['status']).toBe('compensated')
})

test.each([
  ['POST', `${queue}/jobs`, { name: 'nothing' }, 404],
  ['POST', `${queue}/jobs`, { name: '__proto__', data: {} }, 404],
  ['POST', `${queue}/jobs`, { name: 'deliver', data: { url: 1, payload: 1 } }, 400],
  ['POST', `${queue}/jobs`, { name: 'email', data: 1 }, 400],
  ['POST', `${queue}/jobs`, { name: 'email', data: {}, options: { attempts: 1.5 } }, 422],
  ['POST', `${queue}/jobs`, { name: 'email', data: {}, options: { surprise: 1 } }, 422],
  ['POST', `${queue}/jobs/bulk`, { jobs: [] }, 422],
  ['POST', `${queue}/redrive`, { limit: 1001 }, 422],
  ['POST', '/v1/jobs/queues/nothing/jobs', { name: 'email' }, 404],
  ['GET', '/v1/jobs/queues/nothing', undefined, 404],
  ['GET', `${queue}/jobs?tag=`, undefined, 422],
  ['GET', `${queue}/jobs?since=yesterday`, undefined, 400],
  ['GET', `${queue}/count?action=burn`, undefined, 400],
  ['POST', `${queue}/bulk`, { state: 'dead' }, 422],
  ['POST', `${queue}/bulk`, { action: 'retry', tags: ['a'] }, 422],
  ['GET', `${queue}/jobs?state=lost`, undefined, 400],
  ['GET', `${queue}/jobs?state=dead&cursor=x`, undefined, 422],
  ['POST', '/v1/sagas/nothing/runs', { input: {} }, 404],
  ['POST', '/v1/sagas/http/runs', { input: { steps: [] } }, 422],
  ['POST', '/v1/sagas/http/runs', { input: { steps: [{ execute: {} }] } }, 422],
  ['POST', '/v1/sagas/http/runs', {}, 422],
] as const)('%s %s with %j is a %d', async (method, path, body, status) => {
  const { call } = await open()
  expect((await call(method, path, body)).status).toBe(status)
})

test('a job sends nothing to a private address, and is not tried again', async () => {
  const { call, drain, sent } = await open()
  const data = { url: 'https://169.254.169.254/latest', payload: 1 }
  const added = await call('POST', `${queue}/jobs`, { name: 'deliver', data })
  await drain()
  const path = `${queue}/jobs/${String(added.body['id'])}`
  const { body } = await call('GET', path)
  expect([body['state'], body['attempt'], sent.length]).toEqual(['dead', 1, 0])
})
