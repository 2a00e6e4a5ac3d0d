import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { runInContext } from '../context/context.ts'
import { MetricError } from './metric-error.ts'
import { MetricsService } from './metrics-service.ts'
import type { MetricsOptions } from './metrics-options.ts'
import { configureMetrics, trackMetric } from './track-metric.ts'

const OPEN = 'application/openmetrics-text;version=1.0.0'

function fixture(options: MetricsOptions = {}): {
  metrics: MetricsService
  shown: (accept?: string) => Promise<string>
} {
  const metrics = new MetricsService({ clock: createFakeClock(1_000_000), ...options })
  return {
    metrics,
    shown: async (accept) =>
      (
        await metrics.expose(
          accept === undefined
            ? undefined
            : new Request('https://x.example', { headers: { accept } }),
        )
      ).body,
  }
}

test('expose() shows counters, gauges and histograms in the text format', async () => {
  const { metrics, shown } = fixture()
  const sent = metrics.counter('emails_sent_total', {
    help: 'E-mails "sent"\nto a\\b',
    labels: ['provider', 'ok'],
  })
  sent.inc({ provider: 'resend', ok: true })
  sent.inc({ provider: 'resend', ok: true }, 2)
  sent.inc({ provider: 'a"\\\n' })
  sent.labels({ provider: 'x' }).inc()
  const waiting = metrics.gauge('jobs_waiting', { help: 'Jobs' })
  waiting.set(5)
  waiting.inc()
  waiting.dec(2)
  metrics
    .histogram('took_seconds', {
      help: 'Time',
      unit: 'seconds',
      buckets: [0.1, 1],
      labels: ['route'],
    })
    .observe({ route: '/' }, 0.1)
  metrics
    .histogram('took_seconds', {
      help: 'Time',
      unit: 'seconds',
      buckets: [0.1, 1],
      labels: ['route'],
    })
    .observe({ route: '/' }, 5)
  expect(await shown()).toBe(`# HELP emails_sent_total E-mails "sent"\\nto a\\\\b
# TYPE emails_sent_total counter
emails_sent_total{provider="resend",ok="true"} 3
emails_sent_total{provider="a\\"\\\\\\n",ok=""} 1
emails_sent_total{provider="x",ok=""} 1
# HELP jobs_waiting Jobs
# TYPE jobs_waiting gauge
jobs_waiting 4
# HELP took_seconds Time
# TYPE took_seconds histogram
took_seconds_bucket{route="/",le="0.1"} 1
took_seconds_bucket{route="/",le="1"} 1
took_seconds_bucket{route="/",le="+Inf"} 2
took_seconds_sum{route="/"} 5.1
took_seconds_count{route="/"} 2
`)
})

test('expose() shows OpenMetrics with units, creation times and exemplars', async () => {
  const { metrics, shown } = fixture({ exemplars: true })
  const count = metrics.counter('req_total', { help: 'Requests "all"' })
  runInContext({ traceId: 'abc', spanId: 'def' }, () => count.inc())
  const took = metrics.histogram('took_seconds', {
    help: 'Time',
    unit: 'seconds',
    buckets: [1, 2.5],
  })
  took.observe({}, 0.5, { trace_id: 'x'.repeat(119) })
  took.observe({}, 2, { trace_id: 'x'.repeat(121) })
  expect(await shown(OPEN)).toBe(`# HELP req Requests \\"all\\"
# TYPE req counter
req_total 1 # {trace_id="abc",span_id="def"} 1 1000
req_created 1000
# HELP took_seconds Time
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le="1.0"} 1 # {trace_id="${'x'.repeat(119)}"} 0.5 1000
took_seconds_bucket{le="2.5"} 2
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 2.5
took_seconds_count 2
took_seconds_created 1000
# EOF
`)
})

test('names with dots are written as who asks can read them', async () => {
  const { metrics, shown } = fixture()
  metrics
    .counter('email.sent_now', { help: 'x', labels: ['service.name'] })
    .inc({ 'service.name': 'a' })
  const lineOf = async (accept: string): Promise<string | undefined> =>
    (await shown(accept))
      .split('\n')
      .find((line) => !line.startsWith('#') && line.includes('total'))
  expect(await lineOf('*/*')).toBe('email_sent_now_total{service_name="a"} 1')
  expect(await lineOf('text/plain;version=0.0.4;escaping=allow-utf-8')).toBe(
    'email_sent_now_total{service_name="a"} 1',
  )
  expect(await lineOf('text/plain;version=1.0.0;escaping=allow-utf-8')).toBe(
    '{"email.sent_now_total","service.name"="a"} 1',
  )
  expect(await lineOf(`${OPEN};escaping=dots`)).toBe(
    'email_dot_sent__now_total{service_dot_name="a"} 1',
  )
  expect(await lineOf(`${OPEN};escaping=values`)).toBe(
    'U__email_2e_sent__now_total{U__service_2e_name="a"} 1',
  )
  expect(await lineOf(`${OPEN};escaping=underscores`)).toBe(
    'email_sent_now_total{service_name="a"} 1',
  )
  expect((await shown(`${OPEN};escaping=allow-utf-8`)).split('\n').slice(0, 2)).toEqual([
    '# HELP "email.sent_now" x',
    '# TYPE "email.sent_now" counter',
  ])
})

test.for([
  [undefined, 'text/plain; version=0.0.4; charset=utf-8'],
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  ],
  [
    'text/plain;version=1.0.0;escaping=underscores',
    'text/plain; version=1.0.0; charset=utf-8; escaping=underscores',
  ],
  [
    'application/openmetrics-text; version="1.0.0"; q=0',
    'text/plain; version=0.0.4; charset=utf-8',
  ],
  ['application/openmetrics-text;version=2.0.0', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/html', 'text/plain; version=0.0.4; charset=utf-8'],
  [';;=,,q=', 'text/plain; version=0.0.4; charset=utf-8'],
] as const)('who sends Accept: %j gets %j', async ([accept, contentType]) => {
  const { metrics } = fixture()
  const headers = new Headers(accept === undefined ? {} : { accept })
  expect((await metrics.expose({ headers })).contentType).toBe(contentType)
})

test('labels over the limit are one series, and said', async () => {
  const { metrics, shown } = fixture({ maxSeries: 2 })
  const seen = metrics.counter('seen_total', { help: 'x', labels: ['user'] })
  for (let user = 0; user < 100; user++) seen.inc({ user })
  const text = await shown()
  expect(text).toContain('seen_total{user="1"} 1\nseen_total{otel_metric_overflow="true"} 98\n')
  expect(text).toContain('metrics_overflow_total{metric="seen"} 98')
  seen.inc({ user: 'x'.repeat(500) })
  expect((await metrics.read()).find(({ name }) => name === 'seen')?.series.length).toBe(3)
})

test('values that are none are not counted, and said', async () => {
  const { metrics, shown } = fixture()
  const count = metrics.counter('c_total', { help: 'x' })
  for (const value of [-1, NaN, Infinity, '5' as unknown as number, undefined as unknown as number])
    count.inc({}, value)
  metrics.gauge('g', { help: 'x' }).set(NaN)
  metrics.histogram('h', { help: 'x' }).observe(Infinity)
  const text = await shown()
  // One was given no value, which is 1.
  expect(text).toContain('c_total 1\n')
  expect(text).toContain('metrics_refused_total{metric="c"} 4')
  expect(text).toContain('metrics_refused_total{metric="g"} 1')
  expect(text).toContain('metrics_refused_total{metric="h"} 1')
})

test('a metric of a name is one, or an error', () => {
  const { metrics } = fixture()
  const one = metrics.counter('a_total', { help: 'x', labels: ['l'] })
  expect(metrics.counter('a_total', { help: 'other', labels: ['l'] })).toBe(one)
  expect(() => metrics.gauge('a', { help: 'x' })).toThrow(MetricError)
  expect(() => metrics.counter('a_total', { help: 'x' })).toThrow(MetricError)
  const h = metrics.histogram('h', { help: 'x', buckets: [1] })
  expect(metrics.histogram('h', { help: 'x', buckets: [1] })).toBe(h)
  expect(() => metrics.histogram('h', { help: 'x', buckets: [1, 2] })).toThrow(
    'Cannot create metric "h": it was made before with another type, other labels or other buckets',
  )
  expect(() => one.inc({ other: 1 } as object)).toThrow(
    'Cannot count: label "other" is not known, l expected',
  )
})

test.for([
  [{ help: 'x', labels: ['le'] }, /label "le" is no name/],
  [{ help: 'x', labels: ['__a'] }, /label "__a" is no name/],
  [{ help: 'x', labels: ['a', 'a'] }, /labels has one twice/],
  [{ help: 'x', unit: 'bytes' }, /the name does not end in the unit/],
  [{}, /help is missing/],
  [{ help: 'x', labelNames: ['a'] }, /option "labelNames" is not known/],
] as const)('counter(%j) says what is wrong', ([options, message]) => {
  expect(() => fixture().metrics.counter('c_total', options as { help: string })).toThrow(message)
})

test('histogram() takes buckets that ascend', () => {
  for (const buckets of [
    [],
    [1, 1],
    [2, 1],
    [NaN],
    [Infinity],
    Array.from({ length: 61 }, (_, at) => at),
  ])
    expect(() => fixture().metrics.histogram('h', { help: 'x', buckets })).toThrow(RangeError)
})

test('startTimer() observes seconds, whatever the clock does', async () => {
  const clock = createFakeClock(1000)
  const { metrics, shown } = fixture({ clock })
  const took = metrics.histogram('took_seconds', { help: 'x', buckets: [1], labels: ['a', 'b'] })
  const end = took.startTimer({ a: 1 })
  await clock.advance(1500)
  expect(end({ b: 2 })).toBe(1.5)
  expect(await shown()).toContain('took_seconds_sum{a="1",b="2"} 1.5')
})

test('watch() shows what a service reads of itself', async () => {
  const { metrics, shown } = fixture()
  metrics.watch({
    readMetrics: async () => [
      { name: 'jobs_waiting', help: 'Jobs', type: 'gauge', labels: { queue: 'q' }, value: 3 },
      { name: 'jobs_done_total', help: 'Done', type: 'counter', labels: {}, value: 9 },
    ],
  })
  metrics.watch({})
  const text = await shown()
  expect(text).toContain('jobs_waiting{queue="q"} 3')
  expect(text).toContain('# TYPE jobs_done_total counter\njobs_done_total 9')
})

test('exporters get all with each flush, and one that fails stops no other', async () => {
  const taken: number[] = []
  const { metrics } = fixture({
    exporters: [
      { export: () => Promise.reject(new Error('away')) },
      {
        async export(families) {
          taken.push(families.length)
          return { sent: families.length, dropped: 0, errors: [] }
        },
      },
    ],
  })
  metrics.counter('a_total', { help: 'x' }).inc()
  metrics.counter('unused_total', { help: 'x' })
  expect(await metrics.flush()).toEqual({ sent: 1, dropped: 0, errors: [new Error('away')] })
  expect(taken).toEqual([1])
})

test('flush() says what the store refused, and goes on', async () => {
  const backend = memory()
  const old = fixture({ backend }).metrics
  old.histogram('h', { help: 'x', buckets: [1] }).observe(1)
  await old.flush()
  const { metrics } = fixture({ backend })
  metrics.histogram('h', { help: 'x', buckets: [1, 2] }).observe(1)
  metrics.counter('c_total', { help: 'x' }).inc()
  const { sent, errors } = await metrics.flush()
  expect([sent, errors.map((error) => (error as MetricError).code)]).toEqual([
    1,
    ['stored_otherwise'],
  ])
})

test('trackMetric() makes the metric it needs', async () => {
  configureMetrics(undefined)
  await expect(trackMetric('email.sent', 1, { provider: 'sendgrid' })).rejects.toThrow(
    NotConfiguredError,
  )
  const metrics = configureMetrics({})
  expect(await trackMetric('email.sent', 1, { provider: 'sendgrid' })).toEqual({
    name: 'email.sent',
    type: 'counter',
    value: 1,
    labels: { provider: 'sendgrid' },
  })
  await trackMetric('email.sent', 2, { provider: 'sendgrid' })
  await trackMetric('queue.size', 7, {}, { type: 'gauge' })
  await trackMetric('took', 0.2, {}, { type: 'histogram' })
  const { body } = await metrics.expose()
  expect(body).toContain('email_sent_total{provider="sendgrid"} 3')
  expect(body).toContain('queue_size 7')
  expect(body).toContain('took_count 1')
  configureMetrics(undefined)
})

test('labels make one series where they are shown alike, and two where they are not', async () => {
  const metrics = new MetricsService()
  const counter = metrics.counter('seen', { help: 'x', labels: ['a', 'b'] })
  counter.inc({ a: 'x', b: 'y' })
  counter.inc({ a: 'x\n', b: 'y' })
  counter.inc({ a: 'x', b: '\ny' })
  counter.inc({ a: `${'l'.repeat(200)}1`, b: '' })
  counter.inc({ a: `${'l'.repeat(200)}2`, b: '' })
  counter.inc({ a: '\ud800', b: '' })
  counter.inc({ a: '\ufffd', b: '' })
  counter.inc({ a: 'x', b: 'y' })
  const [family] = await metrics.read()
  expect(family?.series.map(({ labels, value }) => [labels, value])).toEqual([
    [['x', 'y'], 2],
    [['x\n', 'y'], 1],
    [['x', '\ny'], 1],
    [['l'.repeat(200), ''], 2],
    [['\ufffd', ''], 2],
  ])
})

test('a label that cannot be read stops nobody', async () => {
  const metrics = new MetricsService()
  const unreadable = {
    toString(): string {
      throw new Error('no')
    },
  }
  metrics.counter('seen', { help: 'x', labels: ['a'] }).inc({ a: unreadable as unknown as string })
  expect((await metrics.expose()).body).toContain('a="[Unreadable]"')
})
