import * as api from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { registerOpenTelemetry } from './open-telemetry.ts'
import type { SpanRecord } from './span.ts'
import { TracingService } from './tracing-service.ts'

afterEach(() => api.trace.disable())

function fixture(): { tracing: TracingService; spans: SpanRecord[]; tracer: api.Tracer } {
  const spans: SpanRecord[] = []
  const tracing = new TracingService({
    sinks: [{ writeSpan: (span) => spans.push(span) }],
    clock: createFakeClock(1000),
    random: createSeededRandom(3),
  })
  registerOpenTelemetry(tracing, api)
  return { tracing, spans, tracer: api.trace.getTracer('db') }
}

test('spans of libraries that know OpenTelemetry are parts of ours, and ours of theirs', async () => {
  const { tracing, spans, tracer } = fixture()
  await tracing.trace('request', async (request) => {
    await tracer.startActiveSpan('query', { kind: api.SpanKind.CLIENT }, async (query) => {
      expect(query.spanContext().traceId).toBe(request.traceId)
      query.setAttribute('db.system', 'sqlite').addEvent('row', { n: 1 }).updateName('SELECT')
      query.recordException(new Error('slow'))
      query.setStatus({ code: api.SpanStatusCode.ERROR, message: 'late' })
      tracing.startTrace('inner').end()
      query.end()
    })
  })
  const [inner, query, request] = spans
  expect(query).toMatchObject({
    name: 'SELECT',
    kind: 'client',
    parentSpanId: request?.spanId,
    attributes: { 'db.system': 'sqlite' },
    status: 'error',
    statusMessage: 'late',
    events: [{ name: 'row', attributes: { n: 1 } }, { name: 'exception' }],
  })
  expect(inner?.parentSpanId).toBe(query?.spanId)
})

test('a span in a context that is handed over is the parent, with its state and its times', () => {
  const { spans, tracer } = fixture()
  const context = api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    traceState: api.createTraceState('a=1,b=2'),
  })
  const other = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 }
  const span = tracer.startSpan('job', { startTime: [5, 500_000_000] }, context)
  expect(span.spanContext().traceState?.set('b', '3').serialize()).toBe('b=3,a=1')
  expect(span.spanContext().traceState?.unset('a').serialize()).toBe('b=2')
  span.addLink({ context: other }).end(new Date(7000))
  tracer.startSpan('alone', { root: true }, context).end()
  expect(spans[0]).toMatchObject({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
    traceState: 'a=1,b=2',
    startMs: 5500,
    endMs: 7000,
    links: [{ traceId: other.traceId, sampled: false }],
  })
  expect(spans[1]?.parentSpanId).toBeUndefined()
})

test('registerOpenTelemetry() says when another provider was there before', () => {
  const { tracing } = fixture()
  expect(() => registerOpenTelemetry(tracing, api)).toThrow(/another provider is registered/)
})
