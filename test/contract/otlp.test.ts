import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import {
  LoggerService,
  MetricsService,
  otlp,
  otlpMetrics,
  TracingService,
} from '../../src/services/logging/index.ts'
import { createFakeClock } from '../../src/testing/index.ts'

/** One kind of message of OpenTelemetry's own generated decoder. */
interface Message {
  fromObject(value: unknown): unknown
  encode(value: unknown): { finish(): Uint8Array }
  decode(bytes: Uint8Array): unknown
  toObject(value: unknown, options: object): Record<string, unknown>
}

const require = createRequire(import.meta.url)
// The last version whose decoder is generated from the protocol's schemas.
const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root.js')
const { trace, logs, metrics: metricsSchema } = opentelemetry.proto.collector
const messages: Readonly<Record<string, Message>> = {
  '/v1/traces': trace.v1.ExportTraceServiceRequest,
  '/v1/logs': logs.v1.ExportLogsServiceRequest,
  '/v1/metrics': metricsSchema.v1.ExportMetricsServiceRequest,
}

test('logs and spans are what OpenTelemetry’s own decoder reads, every field of them', async () => {
  const sent: [path: string, body: unknown][] = []
  const clock = createFakeClock()
  const sink = otlp({
    url: 'https://otlp.example/v1/traces/',
    headers: { authorization: 'x' },
    resource: { 'deployment.environment': 'test', replicas: 2 },
    clock,
    fetch: async (url, init) => {
      sent.push([new URL(url).pathname, JSON.parse(bodyOf(init))])
      return new Response('{}')
    },
  })
  const tracing = new TracingService({ service: 'api', sinks: [sink], clock, maxEvents: 2 })
  const logger = new LoggerService({ service: 'api', sinks: [sink], clock })
  const parent = tracing.extract(
    new Headers({
      traceparent: '00-12345678901234567890123456789012-1234567890123456-01',
      tracestate: 'foo=1',
    }),
  )
  const server = tracing.startSpan('GET /x', {
    kind: 'server',
    parent: parent ?? null,
    links: parent === undefined ? [] : [parent],
  })
  server.run(() => {
    logger.child({}, 'db').warn(
      {
        n: 1,
        f: 1.5,
        big: 2 ** 60,
        yes: true,
        list: [1, 'a', { b: 1 }],
        nested: { deep: { er: 1 } },
        none: null,
        nan: NaN,
        'quote"': '\u0000\ud800',
      },
      'líne "1"',
    )
    tracing
      .startTrace('child', { a: ['x', 1, true], n: -5 })
      .addEvent('e', { k: 1 })
      .recordError(new Error('no'))
      .addEvent('too many')
      .end()
  })
  await clock.advance(3)
  server.end()
  expect(await sink.flush()).toEqual({ sent: 3, dropped: 0, errors: [] })
  expect(sent.map(([path]) => path).toSorted()).toEqual(['/v1/logs', '/v1/traces'])
  for (const [path, body] of sent) expectDecoded(path, body)
  const spans = JSON.stringify(sent.find(([path]) => path === '/v1/traces')?.[1])
  expect(spans).toContain('"traceState":"foo=1"')
  expect(spans).toContain('"droppedEventsCount":1')
})

test('metrics are what OpenTelemetry’s own decoder reads, every field of them', async () => {
  for (const temporality of ['delta', 'cumulative'] as const) {
    const sent: unknown[] = []
    const clock = createFakeClock(1000)
    const metrics = new MetricsService({
      clock,
      maxSeries: 2,
      exporters: [
        otlpMetrics({
          url: 'https://otlp.example',
          service: 'api',
          resource: { 'deployment.environment': 'test' },
          temporality,
          clock,
          fetch: async (_url, init) => {
            sent.push(JSON.parse(bodyOf(init)))
            return new Response('{}')
          },
        }),
      ],
    })
    const hits = metrics.counter('hits_total', { help: 'Hits "a"', labels: ['a', 'b.c'] })
    for (const a of ['x', 'ý"', 'over', 'the limit'])
      hits.inc({ a }, 1.5, {
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        span_id: 'b7ad6b7169203331',
      })
    metrics.gauge('level_bytes', { help: 'Level', unit: 'bytes' }).set(-5)
    const took = metrics.histogram('took_seconds', {
      help: 'T',
      unit: 'seconds',
      buckets: [0.1, 1],
    })
    for (const value of [0.05, 0.5, 5]) took.observe({}, value, { order: 'o-1' })
    await clock.advance(7)
    expect(await metrics.flush()).toMatchObject({ dropped: 0, errors: [] })
    expect(sent).toHaveLength(1)
    expectDecoded('/v1/metrics', sent[0])
    expect(JSON.stringify(sent)).toContain('otel.metric.overflow')
  }
})

/** Takes what a decoder made of a request apart again: what it does not know it leaves out. */
function expectDecoded(path: string, body: unknown): void {
  const message = messages[path]
  if (message === undefined) throw new Error(`Nothing was to be sent to ${path}`)
  const bytes = withBytes(body)
  const decoded = message.decode(message.encode(message.fromObject(bytes)).finish())
  expect(plain(message.toObject(decoded, { longs: String, bytes: String, enums: Number }))).toEqual(
    plain(base64Of(body)),
  )
}

/** OTLP/JSON writes ids in hexadecimal, where protobuf's own JSON writes base64. */
function withBytes(value: unknown): unknown {
  return mapIds(value, (hex) => Buffer.from(hex, 'hex'))
}

function base64Of(value: unknown): unknown {
  return mapIds(value, (hex) => Buffer.from(hex, 'hex').toString('base64'))
}

function mapIds(value: unknown, map: (hex: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapIds(item, map))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      /^(?:trace|span|parentSpan)Id$/.test(name) ? map(String(item)) : mapIds(item, map),
    ]),
  )
}

/** 64-bit integers are texts in one and may be numbers in the other; empty lists may be left out. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, item: unknown) =>
      typeof item === 'number'
        ? String(item)
        : Array.isArray(item) && item.length === 0
          ? undefined
          : item,
    ),
  )
}

function bodyOf({ body }: RequestInit): string {
  if (typeof body === 'string') return body
  throw new TypeError('A text was to be sent')
}
