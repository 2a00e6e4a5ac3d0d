import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../testing/index.ts'
import { writeCall, type CallOptions, type OperationShape } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import { sendCall } from './send-call.ts'

const PUBLISH: OperationShape = { method: 'POST', path: '/v1/events', body: 'json' }
const READ: OperationShape = { method: 'GET', path: '/v1/queues' }
const FILE: OperationShape = { method: 'PUT', path: '/v1/files/{key+}', body: 'bytes' }

type Answering = (init: RequestInit) => Response | Promise<Response>

/** A gateway that answers one request after the other, the last answer again and again. */
let credential = 'key'

function gateway(...answers: readonly Answering[]) {
  const clock = createFakeClock()
  const asked: (readonly [url: string, RequestInit])[] = []
  const call = (
    shape: OperationShape,
    input: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<unknown> =>
    sendCall('a.b', shape, writeCall('a.b', shape, input, undefined), options, {
      ...{ baseUrl: 'https://gateway.example', attempts: 3, timeoutMs: 1000, clock },
      credential: () => credential,
      random: createSeededRandom(1),
      fetch: async (url, init) => {
        asked.push([url, init])
        const answer = answers[asked.length - 1] ?? answers.at(-1)
        return answer === undefined ? new Response() : answer(init)
      },
    })
  return { clock, asked, call }
}

const ok: Answering = () => Response.json({ done: true })
const busy: Answering = () =>
  Response.json(
    { code: 'rate_limited', detail: 'Too many requests', requestId: 'r1' },
    { status: 429, headers: { 'retry-after': '7' } },
  )

function headerOf([, { headers }]: readonly [string, RequestInit], name: string): string | null {
  return new Headers(headers).get(name)
}

test('sendCall() sends a credential and a key of its own, and follows no redirect', async () => {
  const { asked, call } = gateway(ok)
  expect(await call(PUBLISH, { type: 'order.paid' })).toEqual({ done: true })
  const [request] = asked
  expect(request?.[0]).toBe('https://gateway.example/v1/events')
  expect(request?.[1]).toMatchObject({
    method: 'POST',
    body: '{"type":"order.paid"}',
    redirect: 'manual',
  })
  expect(request && headerOf(request, 'authorization')).toBe('Bearer key')
  expect(request && headerOf(request, 'idempotency-key')).toMatch(/^[0-9a-f]{32}$/)
})

test('sendCall() tries again after what the gateway says, under the same key', async () => {
  const { clock, asked, call } = gateway(busy, () => Promise.reject(new TypeError('reset')), ok)
  const calling = call(PUBLISH)
  await clock.advance(6999)
  expect(asked.length).toBe(1)
  await clock.advance(1)
  expect(asked.length).toBe(2)
  await clock.advance(10_000)
  expect(await calling).toEqual({ done: true })
  expect(new Set(asked.map((request) => headerOf(request, 'idempotency-key'))).size).toBe(1)
})

test('sendCall() waits for the attempt before, which is still at work', async () => {
  const inUse: Answering = () => Response.json({ code: 'idempotency_in_progress' }, { status: 409 })
  const { clock, call } = gateway(inUse, ok)
  const calling = call(PUBLISH)
  await clock.advance(10_000)
  expect(await calling).toEqual({ done: true })
})

test('sendCall() says what the gateway said when it gives up', async () => {
  const { clock, asked, call } = gateway(busy)
  const failed = call(PUBLISH).catch((error: unknown) => error)
  await clock.advance(20_000)
  const error = await failed
  expect(error).toBeInstanceOf(GatewayError)
  expect(error).toMatchObject({
    ...{ code: 'rate_limited', status: 429, requestId: 'r1', retryAfterMs: 7000, attempts: 3 },
    message: 'Cannot call a.b: Too many requests',
  })
  expect(asked.length).toBe(3)
})

test('sendCall() does not repeat a refusal, nor bytes, nor a wait of an hour', async () => {
  const refused: Answering = () => Response.json({ code: 'invalid_body' }, { status: 422 })
  const hour: Answering = () =>
    Response.json({ code: 'rate_limited' }, { status: 429, headers: { 'retry-after': '3600' } })
  for (const [answer, shape, input] of [
    [refused, PUBLISH, {}],
    [busy, FILE, { key: 'a', body: 'text' }],
    [hour, READ, {}],
  ] as const) {
    const { asked, call } = gateway(answer)
    await expect(call(shape, input)).rejects.toThrow(GatewayError)
    expect(asked.length).toBe(1)
  }
})

test('sendCall() ends an attempt that takes too long', async () => {
  const never: Answering = ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('aborted')))
    })
  const { clock, asked, call } = gateway(never, ok)
  const calling = call(READ)
  await clock.advance(1000)
  await clock.advance(10_000)
  expect(await calling).toEqual({ done: true })
  expect(asked[0]?.[1].signal?.aborted).toBe(true)
})

test('sendCall() stops at once when its caller does', async () => {
  const { clock, asked, call } = gateway(busy)
  const stop = new AbortController()
  const calling = call(READ, {}, { signal: stop.signal })
  await clock.advance(1)
  stop.abort(new Error('enough'))
  await expect(calling).rejects.toThrow('enough')
  expect(asked.length).toBe(1)
})

test.each([
  ['a page of a proxy', () => new Response('<h1>502</h1>', { status: 502 })],
  ['a page that says all is well', () => new Response('<h1>Welcome</h1>')],
  ['bytes', () => new Response(new Uint8Array([0xff]))],
])('sendCall() takes %s for no gateway', async (_what, answer) => {
  const { clock, call } = gateway(answer)
  const failed = call(READ).catch((error: unknown) => error)
  await clock.advance(60_000)
  expect(await failed).toMatchObject({ code: 'not_a_gateway' })
})

test('sendCall() answers nothing for an answer without a body', async () => {
  expect(await gateway(() => new Response(null, { status: 204 })).call(PUBLISH)).toBeUndefined()
})

test('sendCall() refuses what no header can carry without showing it', async () => {
  const { asked, call } = gateway(ok)
  credential = 'secret\nkey'
  const failed = call(READ).catch((error: unknown) => error)
  expect(await failed).toEqual(
    new TypeError(
      'Cannot call a.b: apiKey cannot stand in a header, printable ASCII characters expected',
    ),
  )
  credential = 'key'
  for (const idempotencyKey of ['', ' a', 'ü'])
    await expect(call(PUBLISH, {}, { idempotencyKey })).rejects.toThrow(TypeError)
  for (const timeoutMs of [0, NaN, Infinity])
    await expect(call(READ, {}, { timeoutMs })).rejects.toThrow(RangeError)
  expect(asked).toEqual([])
})
