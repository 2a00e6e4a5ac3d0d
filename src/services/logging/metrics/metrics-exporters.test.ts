import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { analyticsEngine } from './analytics-engine.ts'
import { MetricsService } from './metrics-service.ts'
import { otlpMetrics } from './otlp-metrics.ts'
import { pushgateway } from './pushgateway.ts'

/** A receiver that answers in turn with these statuses, then with 200. */
function receiver(...statuses: number[]): {
  fetch: (url: string, init: RequestInit) => Promise<Response>
  sent: { url: string; method: string | undefined; type: string | null; body: string }[]
} {
  const sent: { url: string; method: string | undefined; type: string | null; body: string }[] = []
  return {
    sent,
    fetch: async (url, { method, headers, body }) => {
      const type = new Headers(headers).get('content-type')
      sent.push({ url, method, type, body: typeof body === 'string' ? body : '' })
      return new Response('{}', { status: statuses.shift() ?? 200 })
    },
  }
}

/** The points of each metric that an OTLP request has. */
function points(body: string): Record<string, Record<string, unknown>[]> {
  const { metrics } = JSON.parse(body).resourceMetrics[0].scopeMetrics[0]
  return Object.fromEntries(
    metrics.map((metric: Record<string, { dataPoints: unknown }> & { name: string }) => [
      metric.name,
      (metric['sum'] ?? metric['gauge'] ?? metric['histogram'])?.dataPoints,
    ]),
  )
}

test('otlpMetrics() sends what was added since the last flush, and nothing twice', async () => {
  const clock = createFakeClock(1000)
  const { fetch, sent } = receiver()
  const exporter = otlpMetrics({ url: 'https://otlp.example', service: 'api', fetch, clock })
  const metrics = new MetricsService({ clock, exporters: [exporter] })
  const hits = metrics.counter('hits_total', { help: 'Hits', labels: ['p'] })
  const took = metrics.histogram('took_seconds', { help: 'T', unit: 'seconds', buckets: [1, 2] })
  hits.inc({ p: 'a' }, 2)
  took.observe(1.5)
  await clock.advance(5)
  expect(await metrics.flush()).toEqual({ sent: 2, dropped: 0, errors: [] })
  hits.inc({ p: 'a' }, 3)
  hits.inc({ p: 'b' })
  await clock.advance(5)
  await metrics.flush()
  await metrics.flush()
  expect(sent.map(({ url }) => url)).toEqual(Array(2).fill('https://otlp.example/v1/metrics'))
  expect(points(sent[0]?.body ?? '')).toEqual({
    hits: [
      {
        attributes: [{ key: 'p', value: { stringValue: 'a' } }],
        startTimeUnixNano: '1000000000',
        timeUnixNano: '1005000000',
        asDouble: 2,
      },
    ],
    took_seconds: [
      {
        attributes: [],
        startTimeUnixNano: '1000000000',
        timeUnixNano: '1005000000',
        count: '1',
        sum: 1.5,
        bucketCounts: ['0', '1', '0'],
        explicitBounds: [1, 2],
      },
    ],
  })
  expect(points(sent[1]?.body ?? '')['hits']).toMatchObject([
    { startTimeUnixNano: '1005000000', timeUnixNano: '1010000000', asDouble: 3 },
    { startTimeUnixNano: '1005000000', timeUnixNano: '1010000000', asDouble: 1 },
  ])
})

test('otlpMetrics() keeps what could not be sent for the next flush', async () => {
  const clock = createFakeClock(1000)
  const { fetch, sent } = receiver(503)
  const exporter = otlpMetrics({ url: 'https://otlp.example', fetch, clock, attempts: 1 })
  const metrics = new MetricsService({ clock, exporters: [exporter] })
  const hits = metrics.counter('hits', { help: 'Hits' })
  hits.inc(2)
  expect(await metrics.flush()).toMatchObject({
    sent: 0,
    dropped: 0,
    errors: [{ code: 'overloaded' }],
  })
  hits.inc(1)
  expect(await metrics.flush()).toMatchObject({ sent: 2, dropped: 0, errors: [] })
  expect(sent[1]?.body.match(/"asDouble":\d/g)).toEqual(['"asDouble":2', '"asDouble":1'])
})

test('otlpMetrics() of cumulative temporality sends totals over all isolates', async () => {
  const clock = createFakeClock(1000)
  const backend = memory({ clock })
  const { fetch, sent } = receiver()
  const exporter = otlpMetrics({
    url: 'https://otlp.example',
    temporality: 'cumulative',
    fetch,
    clock,
  })
  const other = new MetricsService({ clock, backend })
  other.counter('hits', { help: 'Hits' }).inc(4)
  await other.flush()
  const metrics = new MetricsService({ clock, backend, exporters: [exporter] })
  metrics.counter('hits', { help: 'Hits' }).inc(1)
  await metrics.flush()
  await metrics.flush()
  expect(sent.map(({ body }) => points(body)['hits']?.[0]?.['asDouble'])).toEqual([5, 5])
  expect(sent[0]?.body).toContain('"aggregationTemporality":2')
})

test('pushgateway() pushes the totals as text under its group', async () => {
  const clock = createFakeClock(1000)
  const { fetch, sent } = receiver(503)
  const exporter = pushgateway({
    url: 'http://push.internal:9091/',
    job: 'nightly',
    group: { path: '/a b', zone: 'eu 1', none: '' },
    fetch,
    clock,
    attempts: 1,
  })
  const metrics = new MetricsService({ clock, exporters: [exporter] })
  metrics.counter('done.things', { help: 'Done' }).inc(3)
  expect(await metrics.flush()).toMatchObject({
    sent: 0,
    dropped: 0,
    errors: [{ code: 'overloaded' }],
  })
  expect(await metrics.flush()).toEqual({ sent: 1, dropped: 0, errors: [] })
  expect(sent[1]).toEqual({
    url: 'http://push.internal:9091/metrics/job/nightly/path@base64/L2EgYg/zone/eu%201/none@base64/=',
    method: 'POST',
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: '# HELP done_things_total Done\n# TYPE done_things_total counter\ndone_things_total 3\n',
  })
})

test('analyticsEngine() writes a point for each series with news, as many as one request may', async () => {
  const written: unknown[] = []
  const exporter = analyticsEngine({
    dataset: { writeDataPoint: (point) => void written.push(point) },
    maxPoints: 2,
  })
  const metrics = new MetricsService({ exporters: [exporter], maxSeries: 2 })
  const hits = metrics.counter('hits', { help: 'Hits', labels: ['route', 'ok'] })
  const took = metrics.histogram('took', { help: 'Took', buckets: [1] })
  for (const route of ['/a', '/b', '/c']) hits.inc({ route, ok: true }, 2)
  took.observe(0.5)
  took.observe(3)
  expect(await metrics.flush()).toEqual({ sent: 2, dropped: 0, errors: [] })
  expect(await metrics.flush()).toMatchObject({ sent: 2 })
  hits.inc({ route: '/a', ok: true })
  for (let more = 0; more < 3; more++) await metrics.flush()
  expect(written).toEqual([
    { indexes: ['hits'], blobs: ['hits', 'route,ok', '/a', 'true'], doubles: [2, 1] },
    { indexes: ['hits'], blobs: ['hits', 'route,ok', '/b', 'true'], doubles: [2, 1] },
    { indexes: ['hits'], blobs: ['hits', 'otel.metric.overflow', 'true'], doubles: [2, 1] },
    { indexes: ['took'], blobs: ['took', ''], doubles: [3.5, 2] },
    {
      indexes: ['metrics_overflow'],
      blobs: ['metrics_overflow', 'metric', 'hits'],
      doubles: [1, 1],
    },
    { indexes: ['hits'], blobs: ['hits', 'route,ok', '/a', 'true'], doubles: [1, 1] },
  ])
})

test('a dataset that throws loses only that point', async () => {
  let count = 0
  const dataset = {
    writeDataPoint() {
      if (count++ === 0) throw new Error('no')
    },
  }
  const metrics = new MetricsService({ exporters: [analyticsEngine({ dataset })] })
  metrics.counter('a', { help: 'A' }).inc()
  metrics.counter('b', { help: 'B' }).inc()
  expect(await metrics.flush()).toMatchObject({ sent: 1, dropped: 1, errors: [{ message: 'no' }] })
})

test('flush() within flushEvery does nothing, and what waited goes with the next', async () => {
  const clock = createFakeClock(1000)
  const { fetch, sent } = receiver()
  const exporter = otlpMetrics({ url: 'https://otlp.example', fetch, clock })
  const metrics = new MetricsService({ clock, exporters: [exporter], flushEvery: '10s' })
  const hits = metrics.counter('hits', { help: 'Hits' })
  hits.inc()
  await metrics.flush()
  hits.inc(5)
  expect(await metrics.flush()).toEqual({ sent: 0, dropped: 0, errors: [] })
  await clock.advance(10_000)
  await metrics.flush()
  expect(sent.map(({ body }) => points(body)['hits']?.[0]?.['asDouble'])).toEqual([1, 5])
})

test('exporters refuse what they cannot send to', () => {
  const url = 'https://x.example'
  expect(() => otlpMetrics({ url: 'x' })).toThrow(TypeError)
  expect(() => otlpMetrics({ url, temporality: 'both' as 'delta' })).toThrow(/temporality/)
  expect(() => pushgateway({ url, job: '' })).toThrow(TypeError)
  expect(() => pushgateway({ url, job: 'a', group: { 'a-b': 'c' } })).toThrow(TypeError)
  expect(() => pushgateway({ url, job: 'a', attempts: 0 })).toThrow(RangeError)
  expect(() => analyticsEngine({ dataset: {} as never })).toThrow(TypeError)
  expect(() => analyticsEngine({ dataset: { writeDataPoint() {} }, maxPoints: 300 })).toThrow(
    RangeError,
  )
})
