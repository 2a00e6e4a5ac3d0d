import * as api from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/index.ts'
import { readBaggage, writeBaggage } from './baggage.ts'
import { registerOpenTelemetry } from './open-telemetry.ts'
import type { SpanRecord } from './span.ts'
import type { TracingOptions } from './tracing-options.ts'
import { TracingService } from './tracing-service.ts'

const NOW = 1_700_000_000_000

/** Plain JavaScript may give anything. */
const odd = (value: unknown): never => value as never

function fixture(options: TracingOptions = {}): {
  readonly tracing: TracingService
  readonly spans: readonly SpanRecord[]
} {
  const spans: SpanRecord[] = []
  const sinks = [{ writeSpan: (span: SpanRecord) => void spans.push(span) }]
  return { tracing: new TracingService({ sinks, clock: createFakeClock(NOW), ...options }), spans }
}

afterEach(() => api.trace.disable())

test('no value makes a span throw, or what a receiver refuses with all its batch', () => {
  const { tracing, spans } = fixture()
  const unreadable = {
    get a(): never {
      throw new Error('no')
    },
    b: 1,
  }
  tracing
    .startSpan('a', { attributes: odd(null) })
    .setAttributes(unreadable)
    .end()
  tracing.startSpan('b', { startMs: NaN }).end(-1)
  tracing.startSpan('c', { startMs: 1e300 }).end(Infinity)
  tracing
    .startSpan('d', { links: [odd({ traceId: '"', spanId: '0' })], parent: odd({ traceId: 'x' }) })
    .addLink(odd(null))
    .addEvent(odd(5), odd(null), NaN)
    .updateName(odd(undefined))
    .end(odd('5'))
  expect(spans.map(({ startMs, endMs }) => [startMs, endMs])).toEqual(spans.map(() => [NOW, NOW]))
  expect(spans[0]?.attributes).toEqual({ a: '[Unreadable]', b: 1 })
  expect(spans[3]).toMatchObject({
    name: '[Unreadable]',
    parentSpanId: undefined,
    traceId: expect.stringMatching(/^[\da-f]{32}$/),
    links: [],
    events: [{ name: '[Unreadable]', timeMs: NOW, attributes: {} }],
  })
  expect(() => tracing.startSpan(odd(undefined))).toThrow(/its name is no text/)
})

test('options of another kind are refused with a sentence', () => {
  for (const options of [
    { sinks: 'x' },
    { sinks: [{}] },
    { platform: {} },
    { sampler: 'x' },
    { redact: 'yes' },
    { propagateTo: 'https://x.example' },
    { service: 5 },
  ])
    expect(() => fixture(odd(options))).toThrow(/^Cannot create tracing: .* expected$/)
})

test('what a sampler, a sink and onError throw goes no further', () => {
  const fails = (): never => {
    throw new Error('no')
  }
  const { tracing } = fixture({
    sampler: fails,
    onError: fails,
  })
  tracing.startSpan('a').end()
  fixture({ sinks: [{ writeSpan: fails }], onError: fails })
    .tracing.startSpan('b')
    .end()
})

test('a tail sampler decides once, also on spans that end after the first of their part', () => {
  const { tracing, spans } = fixture({ tail: {} })
  for (const failed of [true, false]) {
    const root = tracing.startSpan(failed ? 'kept' : 'left out')
    const late = root.child(`late ${failed}`)
    const broken = root.child(`late and broken ${failed}`)
    if (failed) root.setStatus('error')
    root.end()
    late.end()
    broken.recordError(new Error('no')).end()
  }
  expect(spans.map(({ name }) => name)).toEqual([
    'kept',
    'late true',
    'late and broken true',
    'late and broken false',
  ])
})

test('OpenTelemetry’s invalid contexts and relative times are as none; an event keeps its time', () => {
  const { tracing, spans } = fixture()
  registerOpenTelemetry(tracing, api)
  const tracer = api.trace.getTracer('x')
  const nowhere = api.trace.setSpanContext(api.ROOT_CONTEXT, api.INVALID_SPAN_CONTEXT)
  const links = [{ context: api.INVALID_SPAN_CONTEXT }]
  const span = tracer.startSpan('a', { startTime: performance.now(), links }, nowhere)
  span.addEvent('e', { a: 1 }, NOW - 5)
  span.addEvent('f', [NOW / 1000, 7e6])
  span.setStatus(odd(undefined))
  span.end(performance.now())
  tracer.startSpan('b', odd(null)).end()
  expect(spans[0]).toMatchObject({ name: 'a', parentSpanId: undefined, links: [], startMs: NOW })
  expect(spans[0]?.traceId).not.toMatch(/^0+$/)
  expect(spans[0]?.events.map(({ timeMs }) => timeMs)).toEqual([NOW - 5, NOW + 7])
  expect(spans.length).toBe(2)
})

test('fetch() takes what the platform’s takes: no init, a URL, a request', async () => {
  const sent: [string, RequestInit][] = []
  const { tracing, spans } = fixture({
    propagateTo: ['https://a.example'],
    async fetch(url, init) {
      sent.push([url, init])
      return new Response('ok')
    },
  })
  await tracing.fetch('https://a.example/1')
  await tracing.fetch(new URL('https://a.example/2'))
  const headers = { 'x-own': 'x' }
  await tracing.fetch(new Request('https://a.example/3', { method: 'PUT', body: 'body', headers }))
  expect(sent.map(([url]) => url.slice(-1)).join('')).toBe('123')
  const init: RequestInit = sent[2]?.[1] ?? {}
  expect(init.method).toBe('PUT')
  expect(await new Response(init.body).text()).toBe('body')
  const put = new Headers(init.headers)
  expect([put.get('x-own'), put.has('traceparent')]).toEqual(['x', true])
  expect(spans.map(({ name }) => name)).toEqual(['GET', 'GET', 'PUT'])
})

test('baggage beyond the limit is left out whole: a value that was cut is another one', () => {
  const header = `a=${'x'.repeat(8180)},user=12345`
  expect([...readBaggage(header).keys()]).toEqual(['a'])
  expect([...readBaggage(`a=${'x'.repeat(8190)},user=1`).keys()]).toEqual(['a'])
  expect(writeBaggage(new Map([['a', { value: odd(5) }]]))).toBeUndefined()
})
