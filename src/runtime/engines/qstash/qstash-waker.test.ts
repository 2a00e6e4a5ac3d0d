import { Client, Receiver } from '@upstash/qstash'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { startQstashServer, type QstashServer } from '../../../../test/support/qstash-server.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { defineJob, JobQueue } from '../../../services/background-jobs/index.ts'
import { memory } from '../../backends/memory/index.ts'
import type { Backend } from '../../ports/backend.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { qstashWaker, qstashHandler, qstashSchedules, type QstashWakerOptions } from './index.ts'

const APP = 'https://app.example.com/qstash?tenant=1'
const DAY_MS = 86_400_000

let server: QstashServer
let handle: (request: Request) => Promise<Response>

beforeEach(async () => {
  handle = async () => new Response()
  server = await startQstashServer({ deliver: (request) => handle(request) })
})

afterEach(() => server.stop())

function open(options: Partial<QstashWakerOptions> = {}): Waker {
  const { url: baseUrl, token, clock } = server
  return qstashWaker({ baseUrl, token, clock, url: APP, ...options })
}

/** The wakes as the endpoint got them. */
function listen(): unknown[] {
  const heard: unknown[] = []
  handle = async (request) => {
    heard.push(await request.json())
    return new Response()
  }
  return heard
}

test('wake() has QStash call the endpoint once its time has come, not before', async () => {
  const heard = listen()
  const waker = open()
  await waker.wake('email', 0)
  await waker.wake('email', 5500)
  await server.advance(999)
  expect(heard).toEqual([])
  await server.advance(1)
  expect(heard).toEqual([{ ring: 'email' }])
  await server.advance(4499)
  expect(heard).toHaveLength(1)
  await server.advance(501)
  expect(heard).toEqual([{ ring: 'email' }, { ring: 'email' }])
  expect(server.attempts.every(({ url }) => url === APP)).toBe(true)
})

test('wake() makes one message of the wakes of one span, from every isolate, and one for each queue', async () => {
  const heard = listen()
  const isolates = [open(), open()]
  for (let round = 0; round < 10; round++) {
    for (const waker of isolates) {
      await Promise.all([waker.wake('email', 0), waker.wake('email', 0), waker.wake('report', 0)])
    }
    await server.clock.advance(90)
  }
  // One request an isolate and queue; QStash drops those of the second isolate.
  expect(server.requests()).toBe(4)
  expect(server.waiting()).toBe(2)
  await server.advance(1000)
  expect(heard).toEqual([{ ring: 'email' }, { ring: 'report' }])
})

test('wake() is answered after the wake, however late in a span it is', async () => {
  for (const early of [0, 1, 500, 999, 1000]) {
    const heard = listen()
    const waker = open()
    await server.advance(1000 - (server.clock.now() % 1000))
    await waker.wake('email', 0)
    await server.advance(early)
    const answered = heard.length
    await waker.wake('email', 0)
    await server.advance(2000)
    expect(heard.length - answered).toBeGreaterThan(0)
  }
})

test('wake() sends every wake at once where coalescing is off', async () => {
  const heard = listen()
  const waker = open({ coalesce: 0 })
  await waker.wake('email', 0)
  await waker.wake('email', 0)
  await server.advance(0)
  expect(heard).toHaveLength(2)
})

test('wake() reaches beyond the longest delay of the plan by waking on the way', async () => {
  const { jobStore } = memory({ clock: server.clock })
  const waker = open({ maxDelay: DAY_MS })
  const works: number[] = []
  const start = server.clock.now()
  const answer = qstashHandler({
    url: APP,
    signingKeys: server.signingKeys,
    clock: server.clock,
    backend: { jobStore, waker },
    workers: [{ queue: 'email', drain: async () => works.push(server.clock.now() - start) }],
  })
  handle = answer
  await waker.wake('email', 3.5 * DAY_MS)
  await server.advance(4 * DAY_MS)
  expect(server.attempts.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(works).toHaveLength(1)
  expect((works[0] ?? 0) - 3.5 * DAY_MS).toBeLessThan(5000)
  expect(works[0]).toBeGreaterThanOrEqual(3.5 * DAY_MS)
})

test('wake() says why it could not be sent, and tries again with the next wake', async () => {
  const statuses = [500, 429, 401, 200]
  const calls: number[] = []
  const waker = open({
    fetch: async () => {
      const status = statuses[calls.length] ?? 0
      calls.push(status)
      return Response.json(status === 200 ? { messageId: 'm' } : { error: 'no' }, { status })
    },
  })
  for (const code of ['backend_unavailable', 'backend_overloaded', 'backend_failed'])
    await expect(waker.wake('email', 0)).rejects.toMatchObject({ name: 'BackendError', code })
  await waker.wake('email', 0)
  await waker.wake('email', 0)
  expect(calls).toEqual(statuses)
})

test('wake() gives up after timeoutMs, and never shows the token', async () => {
  const clock = createFakeClock()
  const silent = open({
    clock,
    timeout: 200,
    fetch: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  })
  const waking = silent.wake('email', 0)
  const outcome = expect(waking).rejects.toMatchObject({ code: 'backend_unavailable' })
  await clock.advance(200)
  await outcome
  const error: unknown = await open({ token: 'wrong-token' })
    .wake('email', 0)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'backend_failed' })
  expect(`${String(error)}${String((error as Error).cause)}`).not.toContain('wrong-token')
  await expect(
    open({ fetch: async () => new Response('<html>') }).wake('email', 0),
  ).rejects.toMatchObject({ code: 'backend_failed' })
  await expect(
    open({ fetch: async () => Response.json({}) }).wake('email', 0),
  ).rejects.toMatchObject({ code: 'backend_failed' })
})

test('qstashWaker() refuses options that are out of range', () => {
  for (const options of [
    { token: '' },
    { token: 'a b' },
    { coalesce: -1 },
    { coalesce: 300_001 },
    { maxDelay: 0 },
    { retries: 1.5 },
    { timeout: 0 },
  ])
    expect(() => open(options)).toThrow(RangeError)
  for (const url of ['', 'app.example.com', 'ftp://app.example.com', 'https://app.example.com/#a'])
    expect(() => open({ url })).toThrow(TypeError)
  expect(() => open({ baseUrl: 'qstash' })).toThrow(TypeError)
})

test('a job queue runs on wakes alone: added, retried, delayed and scheduled by a sweep', async () => {
  const { clock, signingKeys, url: baseUrl, token } = server
  const backend: Backend = {
    ...memory({ clock, random: createSeededRandom() }),
    waker: open(),
  }
  const ran: string[] = []
  const queue = new JobQueue({
    name: 'email',
    backend,
    clock,
    jobs: {
      send: defineJob({
        run: ({ data, attempt }) => {
          ran.push(`${JSON.stringify(data)} ${attempt}`)
          if (data === 'flaky' && attempt < 3) throw new Error('not yet')
        },
      }),
    },
  })
  handle = qstashHandler({ signingKeys, backend, workers: [queue], clock, url: APP })
  await queue.add('send', 'now')
  await queue.add('send', 'flaky', { backoff: { type: 'fixed', delay: '30s', jitter: 0 } })
  await queue.add('send', 'later', { delay: '1h' })
  await server.advance(2000)
  expect(ran).toEqual(['"now" 1', '"flaky" 1'])
  await server.advance(70_000)
  expect(ran).toEqual(['"now" 1', '"flaky" 1', '"flaky" 2', '"flaky" 3'])
  await server.advance(3_600_000)
  expect(ran.at(-1)).toBe('"later" 1')
  expect((await queue.counts()).completed).toBe(3)
  // Nothing wakes any more: an idle queue costs nothing.
  const attempts = server.attempts.length
  await server.advance(DAY_MS)
  expect(server.attempts).toHaveLength(attempts)

  await qstashSchedules({ baseUrl, token, url: APP }).create({
    id: 'sweep',
    cron: '*/5 * * * *',
    wake: 'email',
  })
  await backend.jobStore.queue('email').add([{ name: 'send', data: 'never woken for' }])
  server.tick('sweep')
  await server.advance(0)
  expect(ran.at(-1)).toBe('"never woken for" 1')
})

test('a job survives a worker that dies: the wake for the end of its lease brings it back', async () => {
  const { clock, signingKeys } = server
  const backend: Backend = { ...memory({ clock, random: createSeededRandom() }), waker: open() }
  const jobStore = backend.jobStore.queue('email')
  let dies = true
  const drain = async (): Promise<number> => {
    const { claimed } = await jobStore.exchange({ claim: { limit: 1, leaseMs: 10_000 } })
    if (dies) return claimed.length
    const settle = claimed.map(({ id, token }) => ({
      id,
      token,
      outcome: { to: 'completed' } as const,
    }))
    await jobStore.exchange({ settle })
    return settle.length
  }
  handle = qstashHandler({
    signingKeys,
    backend,
    workers: [{ queue: 'email', drain }],
    clock,
    url: APP,
  })
  await jobStore.add([{ name: 'n', data: 1, maxAttempts: 2 }])
  await backend.waker.wake('email', 0)
  await server.advance(1000)
  expect((await jobStore.counts()).active).toBe(1)
  dies = false
  await server.advance(12_000)
  expect(await jobStore.counts()).toMatchObject({ active: 0, ready: 0, scheduled: 0, dead: 0 })
})

test('the stand-in takes what the official client sends and signs what the official receiver accepts', async () => {
  const verified: boolean[] = []
  const { signingKeys, url: baseUrl, token } = server
  const clock = createFakeClock(Date.now())
  const live = await startQstashServer({
    clock,
    deliver: async (request) => {
      const receiver = new Receiver({
        currentSigningKey: signingKeys.current,
        nextSigningKey: signingKeys.next,
      })
      const signature = request.headers.get('upstash-signature') ?? ''
      verified.push(
        await receiver.verify({ signature, body: await request.text(), url: request.url }),
      )
      return new Response()
    },
  })
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  try {
    const client = new Client({ baseUrl: live.url, token: live.token, retry: false })
    const first = await client.publishJSON({ url: APP, body: { a: 1 }, deduplicationId: 'x' })
    const again = await client.publishJSON({ url: APP, body: { a: 2 }, deduplicationId: 'x' })
    expect(again).toEqual({ ...first, deduplicated: true })
    await live.advance(0)
    expect(verified).toEqual([true])
    const stranger = new Client({ baseUrl, token: `${token}x`, retry: false })
    await expect(stranger.publishJSON({ url: APP, body: 1 })).rejects.toThrow()
  } finally {
    log.mockRestore()
    await live.stop()
  }
})
