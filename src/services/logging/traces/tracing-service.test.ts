import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { currentContext } from '../context/context.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import { configureTracing, startTrace, trace } from './configured-tracing.ts'
import { parentSampler, ratioSampler } from './sampler.ts'
import type { SpanRecord } from './span.ts'
import { TracingService } from './tracing-service.ts'
import type { TracingOptions } from './tracing-options.ts'

function fixture(options: TracingOptions = {}): {
  tracing: TracingService
  spans: SpanRecord[]
  clock: ReturnType<typeof createFakeClock>
} {
  const spans: SpanRecord[] = []
  const clock = createFakeClock(1000)
  const tracing = new TracingService({
    service: 'api',
    sinks: [{ writeSpan: (span) => spans.push(span) }],
    clock,
    random: createSeededRandom(7),
    ...options,
  })
  return { tracing, spans, clock }
}

test('startTrace() begins a trace, and what is started within a span is a part of it', async () => {
  const { tracing, spans, clock } = fixture()
  const root = tracing.startTrace('payment.process', { orderId: 42, email: 'a@b.co' })
  await clock.advance(5)
  const child = root.child('charge')
  const inner = root.run(() => tracing.startTrace('inner'))
  inner.addEvent('retry', { n: 1 }).setAttribute('ok', true).end()
  child.recordError(new TypeError('no card 4111 1111 1111 1111')).end()
  root.setStatus('ok').end()
  root.end()
  expect(spans.map(({ name }) => name)).toEqual(['inner', 'charge', 'payment.process'])
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([
    root.spanId,
    root.spanId,
    undefined,
  ])
  expect(spans[2]).toMatchObject({
    startMs: 1000,
    endMs: 1005,
    attributes: { orderId: 42, email: '[EMAIL]' },
    status: 'ok',
    service: 'api',
  })
  expect(spans[1]).toMatchObject({ status: 'error', statusMessage: 'no card [CARD]' })
  expect(JSON.stringify(spans[1]?.events)).not.toContain('4111')
})

test('using ends a span', () => {
  const { tracing, spans } = fixture()
  {
    using span = tracing.startTrace('work')
    span.setAttribute('a', 1)
  }
  expect(spans.length).toBe(1)
})

test('trace() runs in its span, over waiting, and notes what is thrown', async () => {
  const { tracing, spans } = fixture()
  const result = await tracing.trace('outer', { a: 1 }, async (outer) => {
    await Promise.resolve()
    expect(currentContext()).toMatchObject({ traceId: outer.traceId, spanId: outer.spanId })
    return tracing.trace('inner', () => 7)
  })
  expect(result).toBe(7)
  await expect(
    tracing.trace('failing', async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(() =>
    tracing.trace('failing at once', () => {
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(spans.map(({ name, status }) => [name, status])).toEqual([
    ['inner', 'unset'],
    ['outer', 'unset'],
    ['failing', 'error'],
    ['failing at once', 'error'],
  ])
  expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId)
  expect(currentContext()).toBeUndefined()
})

test('what may travel goes to the origins that may know, and to no other', async () => {
  const sent: [string, Headers][] = []
  const { tracing, spans } = fixture({
    propagateTo: ['https://api.example'],
    fetch: async (url, init) => {
      sent.push([url, new Headers(init.headers)])
      return new Response(null, { status: url.includes('bad') ? 500 : 200 })
    },
  })
  const headers = new Headers({
    traceparent: '00-12345678901234567890123456789012-1234567890123456-03',
    tracestate: 'foo=1',
    baggage: 'tenant=a',
  })
  await tracing.continueFrom(headers, () =>
    tracing.trace('server', async () => {
      await tracing.fetch('https://api.example/x?token=secret', { headers: { own: '1' } })
      await tracing.fetch('https://api.example.evil/x', {})
      await tracing.fetch('http://api.example/bad', {})
    }),
  )
  const [allowed, evil, plain] = sent.map(([, given]) => given)
  expect(allowed?.get('traceparent')).toMatch(
    /^00-12345678901234567890123456789012-[\da-f]{16}-03$/,
  )
  expect([allowed?.get('tracestate'), allowed?.get('baggage'), allowed?.get('own')]).toEqual([
    'foo=1',
    'tenant=a',
    '1',
  ])
  for (const other of [evil, plain])
    expect([other?.has('traceparent'), other?.has('baggage')]).toEqual([false, false])
  expect(spans.map(({ kind, status }) => [kind, status])).toEqual([
    ['client', 'unset'],
    ['client', 'unset'],
    ['client', 'error'],
    ['internal', 'unset'],
  ])
  expect(spans[0]?.attributes).toEqual({
    'http.request.method': 'GET',
    'server.address': 'api.example',
    'url.full': 'https://api.example/x',
    'http.response.status_code': 200,
  })
})

test('a caller that does not record is followed, and its trace goes on', () => {
  const { tracing, spans } = fixture()
  const headers = new Headers({
    traceparent: '00-12345678901234567890123456789012-1234567890123456-00',
  })
  const parent = tracing.extract(headers)
  const span = tracing.startSpan('work', { parent: parent ?? null })
  span.end()
  expect([spans.length, span.traceId, span.recording]).toEqual([0, parent?.traceId, false])
  const given = new Headers()
  tracing.inject(given, span)
  expect(given.get('traceparent')).toMatch(/-00$/)
})

test('ratioSampler() takes the same share everywhere', () => {
  const sampler = ratioSampler(0.25)
  const candidate = (traceId: string) => ({
    traceId,
    name: 'x',
    kind: 'internal' as const,
    attributes: {},
    parent: undefined,
  })
  expect(sampler(candidate(`${'f'.repeat(19)}${'3'}${'f'.repeat(12)}`))).toBe(true)
  expect(sampler(candidate(`${'0'.repeat(18)}1${'4'}${'0'.repeat(12)}`))).toBe(false)
  const { tracing, spans } = fixture({ sampler: parentSampler(sampler) })
  for (let n = 0; n < 1000; n++) tracing.startTrace('x').end()
  expect(spans.length).toBeGreaterThan(180)
  expect(spans.length).toBeLessThan(320)
  expect(() => ratioSampler(1.1)).toThrow(RangeError)
})

test('tail sampling keeps whole traces that failed or were slow', async () => {
  const { tracing, spans, clock } = fixture({ tail: { slowerThan: 100 } })
  const work = async (name: string, ms: number, fails: boolean): Promise<void> => {
    const root = tracing.startTrace(name)
    const child = root.child(`${name} child`)
    await clock.advance(ms)
    if (fails) child.recordError('no')
    child.end()
    root.end()
  }
  await work('fine', 10, false)
  await work('slow', 101, false)
  await work('failed', 1, true)
  expect(spans.map(({ name }) => name)).toEqual(['slow child', 'slow', 'failed child', 'failed'])
})

test('traces that never end take bounded room', () => {
  const { tracing, spans } = fixture({ tail: { maxTraces: 10, maxSpans: 5 } })
  for (let n = 0; n < 100; n++) {
    const root = tracing.startTrace(`t${n}`)
    for (let c = 0; c < 20; c++) root.child('c').recordError('no').end()
  }
  // Ninety were decided on early, five spans each.
  expect(spans.length).toBe(450)
})

test('a span holds no more than it may, and says what is missing', () => {
  const { tracing, spans } = fixture({ maxAttributes: 2, maxEvents: 1 })
  tracing
    .startTrace('x', { a: 1, b: 2, c: 3 })
    .setAttribute('a', 4)
    .addEvent('1')
    .addEvent('2')
    .addEvent('3')
    .end()
  expect(spans[0]).toMatchObject({
    attributes: { a: 4, b: 2 },
    droppedAttributes: 1,
    droppedEvents: 2,
  })
})

test('nothing that is given to a span breaks it, and no sink does', () => {
  const errors: unknown[] = []
  const { tracing } = fixture({
    sinks: [
      {
        writeSpan: () => {
          throw new Error('full')
        },
      },
    ],
    onError: (error) => errors.push(error),
  })
  const span = tracing.startTrace('x')
  const throwing = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
    },
  )
  span
    .setAttribute('a', throwing)
    .recordError(throwing)
    .recordError(undefined)
    .addEvent('e', { a: () => 1 })
    .end()
  expect(errors.length).toBe(1)
})

test('the platform’s own tracing has each span as well', () => {
  const entered: string[] = []
  const { tracing } = fixture({
    platform: {
      enterSpan(name, act) {
        entered.push(name)
        return act({ setAttribute: () => undefined })
      },
    },
  })
  expect(tracing.trace('a', () => tracing.trace('b', () => 1))).toBe(1)
  expect(entered).toEqual(['a', 'b'])
})

test('the free functions act on what was configured', () => {
  configureTracing(undefined)
  expect(() => startTrace('x')).toThrow(
    new NotConfiguredError('start trace', 'configureTracing({ service, sinks })'),
  )
  const spans: SpanRecord[] = []
  configureTracing({ sinks: [{ writeSpan: (span) => spans.push(span) }] })
  startTrace('payment.process').end()
  expect(trace('x', { a: 1 }, (span) => span.name)).toBe('x')
  expect(spans.map(({ name }) => name)).toEqual(['payment.process', 'x'])
  expect(() => trace('x', {} as () => unknown)).toThrow(
    'Cannot trace: the last argument is no function, one expected',
  )
  configureTracing(undefined)
})

test.for([
  [
    { propagateTo: ['https://api.example/'] },
    'Cannot create tracing: propagateTo has "https://api.example/", an origin such as "https://api.example.com" expected',
  ],
  [{ propagateTo: ['*'] }, /propagateTo has "\*"/],
  [{ exporter: 1 }, /option "exporter" is not known/],
  [{ maxEvents: 0 }, /maxEvents is 0/],
  [{ tail: { slow: 1 } }, /option "slow" is not known/],
] as const)('new TracingService(%j) says what is wrong', ([options, message]) => {
  expect(() => new TracingService(options as unknown as TracingOptions)).toThrow(message)
})

test('a redirect to an origin that may not know the trace is followed without it', async () => {
  const asked: [string, string | undefined, string[], unknown][] = []
  const answers: Readonly<Record<string, [number, string]>> = {
    'https://a.example/1': [307, '/2'],
    'https://a.example/2': [302, 'https://b.example/3'],
  }
  const tracing = new TracingService({
    propagateTo: ['https://a.example'],
    fetch: async (url, init) => {
      const names = Array.from(new Headers(init.headers).keys())
      asked.push([url, init.method, names, init.body])
      const answer = answers[url]
      return answer === undefined
        ? new Response('done')
        : new Response(null, { status: answer[0], headers: { location: answer[1] } })
    },
  })
  const response = await tracing.fetch('https://a.example/1', {
    method: 'POST',
    body: 'x',
    headers: { authorization: 'secret', 'x-own': '1', 'content-type': 'text/plain' },
  })
  expect(await response.text()).toBe('done')
  const names = ['authorization', 'content-type', 'traceparent', 'x-own']
  expect(asked).toEqual([
    ['https://a.example/1', 'POST', names, 'x'],
    ['https://a.example/2', 'POST', names, 'x'],
    ['https://b.example/3', 'GET', ['x-own'], null],
  ])
})

test('redirects end, are left alone when asked, and send no stream twice', async () => {
  let count = 0
  const tracing = new TracingService({
    propagateTo: ['https://a.example'],
    fetch: async () => {
      count++
      return new Response(null, { status: 308, headers: { location: '/' } })
    },
  })
  await expect(tracing.fetch('https://a.example/', {})).rejects.toThrow(TypeError)
  expect(count).toBe(21)
  expect((await tracing.fetch('https://a.example/', { redirect: 'manual' })).status).toBe(308)
  const body = new Blob(['x']).stream()
  await expect(tracing.fetch('https://a.example/', { method: 'POST', body })).rejects.toThrow(
    'a stream cannot be sent twice',
  )
})
