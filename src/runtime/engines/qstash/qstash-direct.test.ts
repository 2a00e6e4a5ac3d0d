import { Client } from '@upstash/qstash'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  sign,
  startQstashServer,
  type QstashServer,
} from '../../../../test/support/qstash-server.ts'
import {
  qstashDirect,
  qstashDirectHandler,
  qstashSchedules,
  type DirectJob,
  type DirectProcess,
  type QstashDirect,
  type QstashDirectHandlerOptions,
  type QstashSchedules,
} from './index.ts'

const APP = 'https://app.example.com/jobs'

let server: QstashServer
let handle: (request: Request) => Promise<Response>

beforeEach(async () => {
  handle = async () => new Response()
  server = await startQstashServer({ deliver: (request) => handle(request) })
})

afterEach(() => server.stop())

function open(): QstashDirect {
  const { url: baseUrl, token, clock } = server
  return qstashDirect({ baseUrl, token, clock, url: APP })
}

function schedules(url = APP): QstashSchedules {
  const { url: baseUrl, token, clock } = server
  return qstashSchedules({ baseUrl, token, clock, url })
}

function serve(
  process: DirectProcess,
  options: Partial<QstashDirectHandlerOptions> = {},
): readonly DirectJob[] {
  const jobs: DirectJob[] = []
  const { signingKeys, clock } = server
  handle = qstashDirectHandler({
    url: APP,
    signingKeys,
    clock,
    process: (job, control) => {
      jobs.push(job)
      return process(job, control)
    },
    ...options,
  })
  return jobs
}

test('send() has QStash deliver the job, after its delay', async () => {
  const jobs = serve(async () => ({ to: 'completed' }))
  const first = await open().send('resize', { key: 'ü.png' })
  const second = await open().send('resize', [1], { delay: '1.2s' })
  await server.advance(0)
  expect(jobs).toEqual([{ id: first.id, name: 'resize', data: { key: 'ü.png' }, attempt: 1 }])
  await server.advance(1999)
  expect(jobs).toHaveLength(1)
  await server.advance(1)
  expect(jobs[1]).toEqual({ id: second.id, name: 'resize', data: [1], attempt: 1 })
  expect(server.deadLetters).toEqual([])
})

test('send() says when QStash dropped a duplicate', async () => {
  const first = await open().send('n', 1, { deduplicationId: 'order-1' })
  expect(first.added).toBe(true)
  expect(await open().send('n', 2, { deduplicationId: 'order-1' })).toEqual({
    id: first.id,
    added: false,
  })
  await server.advance(600_000)
  expect((await open().send('n', 3, { deduplicationId: 'order-1' })).added).toBe(true)
})

test('send() asks of QStash what the official client asks', async () => {
  const ours: unknown[] = []
  const theirs: unknown[] = []
  const record =
    (into: unknown[]) =>
    async (url: string, { method, headers, body }: RequestInit): Promise<Response> => {
      const named = [...new Headers(headers)].filter(([name]) => !/telemetry|method$/.test(name))
      into.push([method, url, Object.fromEntries(named), body])
      return Response.json({ messageId: 'm' })
    }
  const access = { token: 'token', baseUrl: 'https://qstash.example.com/' }
  const direct = qstashDirect({ ...access, url: `${APP}?a=1`, fetch: record(ours) })
  vi.stubGlobal('fetch', record(theirs))
  try {
    const client = new Client({ ...access, retry: false })
    for (const { delay, ...options } of [
      {},
      { delay: 90, retries: 0, deduplicationId: 'x:1' },
      { delay: 3600, retries: 5 },
    ]) {
      await direct.send(
        'n',
        { a: 1 },
        { ...options, ...(delay && { delay: `${delay}s` as const }) },
      )
      await client.publishJSON({
        url: `${APP}?a=1`,
        body: { name: 'n', data: { a: 1 } },
        ...options,
        ...(delay !== undefined && { delay }),
      })
    }
    const schedule = { retries: 2, cron: '0 2 * * *' }
    await qstashSchedules({ ...access, url: APP, fetch: record(ours) }).create({
      ...schedule,
      id: 'nightly',
      timezone: 'Europe/Berlin',
      job: { name: 'n', data: 1 },
    })
    await client.schedules.create({
      ...schedule,
      destination: APP,
      scheduleId: 'nightly',
      cron: 'CRON_TZ=Europe/Berlin 0 2 * * *',
      body: '{"name":"n","data":1}',
    })
  } finally {
    vi.unstubAllGlobals()
  }
  expect(ours).toHaveLength(4)
  expect(ours).toEqual(theirs)
})

test('qstashDirectHandler() has a job that failed delivered again, after the wait it asks for', async () => {
  const jobs = serve(async ({ attempt }) =>
    attempt < 3 ? { to: 'scheduled', delayMs: attempt * 90_500 } : { to: 'completed' },
  )
  const { id } = await open().send('n', 1, { retries: 3 })
  const start = server.clock.now()
  await server.advance(3_600_000)
  expect(jobs.map((job) => [job.id, job.attempt])).toEqual([
    [id, 1],
    [id, 2],
    [id, 3],
  ])
  expect(server.attempts.map(({ at, status }) => [(at - start) / 1000, status])).toEqual([
    [0, 503],
    [91, 503],
    [272, 200],
  ])
})

test('qstashDirectHandler() asks for no more than a day', async () => {
  serve(async () => ({ to: 'scheduled', delayMs: 9e9, error: 'busy' }))
  await open().send('n', 1, { retries: 1 })
  const start = server.clock.now()
  await server.advance(90_000_000)
  expect(server.attempts.map(({ at }) => at - start)).toEqual([0, 86_400_000])
  expect(server.deadLetters).toMatchObject([
    { responseBody: '{"code":"scheduled","error":"busy"}' },
  ])
})

test('qstashDirectHandler() gives a hopeless job up at once, and keeps the reason with it', async () => {
  const jobs = serve(async () => ({ to: 'dead', error: { message: 'no such image' } }))
  const { id } = await open().send('n', 1, { retries: 5 })
  await server.advance(3_600_000)
  expect(jobs).toHaveLength(1)
  expect(server.deadLetters).toEqual([
    { messageId: id, responseBody: '{"code":"dead","error":{"message":"no such image"}}' },
  ])
})

test('qstashDirectHandler() leaves a job that throws to QStash, and tells onError alone why', async () => {
  const heard: unknown[] = []
  const error = new Error('the password is hunter2')
  serve(() => Promise.reject(error), {
    onError: (thrown, job) => {
      heard.push([thrown, job.attempt])
      throw new Error('What hears of errors throws')
    },
  })
  await open().send('n', 1, { retries: 1 })
  await server.advance(60_000)
  expect(server.attempts.map(({ status }) => status)).toEqual([500, 500])
  expect(heard).toEqual([
    [error, 1],
    [error, 2],
  ])
  expect(server.deadLetters).toMatchObject([{ responseBody: '{"code":"failed"}' }])
})

test('qstashDirectHandler() gives up what is no job, and refuses what is not signed', async () => {
  const jobs = serve(async () => ({ to: 'completed' }))
  const send = (body: string, token: string): Promise<Response> =>
    handle(new Request(APP, { method: 'POST', body, headers: { 'upstash-signature': token } }))
  const wake = '{"ring":"email"}'
  const { current } = server.signingKeys
  expect((await send(wake, sign(current, APP, wake, server.clock.now()))).status).toBe(489)
  expect((await send(wake, 'a.b.c')).status).toBe(401)
  expect(jobs).toEqual([])
})

test('send() refuses what is out of range, and says when QStash refuses', async () => {
  for (const options of [
    { delay: -1 },
    { delay: 4e11 },
    { retries: -1 },
    { retries: 101 },
    { deduplicationId: '' },
    { deduplicationId: 'a b' },
    { deduplicationId: 'x'.repeat(257) },
  ])
    await expect(open().send('n', 1, options)).rejects.toThrow(RangeError)
  await expect(open().send('', 1)).rejects.toThrow(RangeError)
  await expect(open().send('n', 'x'.repeat(1_048_577))).rejects.toThrow(RangeError)
  expect(server.requests()).toBe(0)
  const { url: baseUrl } = server
  await expect(
    qstashDirect({ baseUrl, token: 'wrong', url: APP }).send('n', 1),
  ).rejects.toMatchObject({ code: 'backend_failed' })
  for (const timeLimit of [0, NaN]) {
    const options = { url: APP, signingKeys: server.signingKeys, timeLimit }
    expect(() =>
      qstashDirectHandler({ ...options, process: async () => ({ to: 'completed' }) }),
    ).toThrow(RangeError)
  }
})

test('schedules are kept at QStash: created, replaced, listed, delivered and deleted', async () => {
  const jobs = serve(async () => ({ to: 'completed' }))
  await schedules().create({ id: 'nightly', cron: '0 1 * * *', job: { name: 'old', data: 1 } })
  await schedules().create({
    id: 'nightly',
    cron: '0 2 * * MON-FRI',
    timezone: 'America/New_York',
    job: { name: 'report', data: { all: true } },
  })
  await schedules().create({ id: 'sweep.email', cron: '*/5 * * * *', wake: 'email' })
  await schedules('https://other.example.com/').create({ id: 'x', cron: '* * * * *', wake: 'q' })
  expect(await schedules().list()).toEqual([
    {
      id: 'nightly',
      cron: '0 2 * * MON-FRI',
      timezone: 'America/New_York',
      paused: false,
      nextAt: null,
      task: { job: { name: 'report', data: { all: true } } },
    },
    {
      id: 'sweep.email',
      cron: '*/5 * * * *',
      timezone: 'UTC',
      paused: false,
      nextAt: null,
      task: { wake: 'email' },
    },
  ])
  server.tick('nightly')
  await server.advance(0)
  expect(jobs).toMatchObject([{ name: 'report', data: { all: true }, attempt: 1 }])
  expect(await schedules().delete('nightly')).toBe(true)
  expect(await schedules().delete('nightly')).toBe(false)
  expect((await schedules().list()).map(({ id }) => id)).toEqual(['sweep.email'])
})

test('schedules of others are listed without their message, and the official client finds ours', async () => {
  const client = new Client({ baseUrl: server.url, token: server.token, retry: false })
  await client.schedules.create({
    destination: APP,
    cron: '* * * * *',
    scheduleId: 'theirs',
    body: 'x',
  })
  await schedules().create({ id: 'ours', cron: '0 0 1 * *', wake: 'email' })
  expect((await schedules().list()).map(({ id, task }) => [id, task])).toEqual([
    ['theirs', null],
    ['ours', { wake: 'email' }],
  ])
  expect((await client.schedules.list()).map(({ scheduleId }) => scheduleId)).toEqual([
    'theirs',
    'ours',
  ])
  await client.schedules.delete('ours')
  expect(await schedules().list()).toHaveLength(1)
})

test('create() refuses a schedule that is malformed', async () => {
  const good = { id: 'a', cron: '* * * * *', wake: 'q' }
  for (const bad of [
    { id: '' },
    { id: 'a/b' },
    { cron: '* * * *' },
    { cron: '* * * * *\r\nx: 1' },
    { timezone: 'Europe/Berlin x' },
    { retries: 0.5 },
    { wake: '' },
  ])
    await expect(schedules().create({ ...good, ...bad })).rejects.toThrow(RangeError)
  await expect(schedules().delete('../v2')).rejects.toThrow(RangeError)
  expect(server.requests()).toBe(0)
  const odd = qstashSchedules({ token: 't', url: APP, fetch: async () => Response.json({}) })
  await expect(odd.list()).rejects.toMatchObject({ code: 'backend_failed' })
})
