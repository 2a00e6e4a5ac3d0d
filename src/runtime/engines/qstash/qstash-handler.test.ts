import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { sign } from '../../../../test/support/qstash-server.ts'
import { memory } from '../../backends/memory/index.ts'
import { qstashDirectHandler, qstashHandler, type QstashHandlerOptions } from './index.ts'

const APP = 'https://app.example.com/qstash'
const signingKeys = { current: 'sig_current', next: 'sig_next' }
const clock = createFakeClock()

async function send(
  body: string,
  options: Partial<QstashHandlerOptions> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const handle = qstashHandler({
    url: APP,
    signingKeys,
    clock,
    backend: memory({ clock }),
    workers: [{ queue: 'email', drain: async () => 3 }],
    ...options,
  })
  const headers = { 'upstash-signature': sign('sig_current', APP, body, clock.now()) }
  const response = await handle(new Request(APP, { method: 'POST', body, headers }))
  return { status: response.status, headers: response.headers, body: await response.json() }
}

test('qstashHandler() works the queue and says what it did', async () => {
  const answer = await send('{"ring":"email"}')
  expect([answer.status, answer.body]).toEqual([
    200,
    { kind: 'worked', settled: 3, wakeInMs: null },
  ])
  expect(answer.headers.get('content-type')).toBe('application/json')
})

test('qstashHandler() refuses what QStash did not sign, and works nothing', async () => {
  let works = 0
  const handle = qstashHandler({
    url: APP,
    signingKeys,
    clock,
    backend: memory({ clock }),
    workers: [{ queue: 'email', drain: async () => ++works }],
  })
  const request = new Request(APP, { method: 'POST', body: '{"ring":"email"}' })
  expect((await handle(request)).status).toBe(401)
  expect((await handle(new Request(APP))).status).toBe(405)
  expect(works).toBe(0)
})

test('qstashHandler() has a wake for a queue without a worker delivered again, and other messages never', async () => {
  expect(await send('{"ring":"other"}')).toMatchObject({
    status: 404,
    body: { code: 'unknown_queue' },
  })
  const hopeless = await send('{"name":"n","data":1}')
  expect(hopeless).toMatchObject({ status: 489, body: { code: 'no_ring' } })
  expect(hopeless.headers.get('upstash-nonretryable-error')).toBe('true')
})

test('qstashHandler() answers 503 when the queue cannot be worked, and tells onError alone why', async () => {
  const errors: unknown[] = []
  const error = new Error('the password is wrong')
  const answer = await send('{"ring":"email"}', {
    workers: [{ queue: 'email', drain: () => Promise.reject(error) }],
    onError: (thrown) => {
      errors.push(thrown)
      throw new Error('What hears of errors throws')
    },
  })
  expect([answer.status, answer.body]).toEqual([503, { code: 'queue_unavailable' }])
  expect(errors).toEqual([error])
})

test('qstashHandler() refuses options that are out of range', () => {
  const options = { url: APP, signingKeys, backend: memory(), workers: [] }
  for (const timeLimit of [0, 7_200_001, NaN])
    expect(() => qstashHandler({ ...options, timeLimit })).toThrow(RangeError)
})

test('qstashHandler() and qstashDirectHandler() want to be told their URL, and never take it from a request', () => {
  const backend = memory()
  for (const url of [undefined, '', 'app', 'ftp://app.example.com/', `${APP}#x`]) {
    // As plain JavaScript may call it.
    const options = { url: url as string, signingKeys }
    for (const open of [
      () => qstashHandler({ ...options, backend, workers: [] }),
      () => qstashDirectHandler({ ...options, process: async () => ({ to: 'completed' }) }),
    ])
      expect(open).toThrow(/^Cannot (answer|use) QStash: url is (missing|no http or https URL)/)
  }
})
