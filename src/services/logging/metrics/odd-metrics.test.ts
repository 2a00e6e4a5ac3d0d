import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { MetricsService } from './metrics-service.ts'
import { configureMetrics, trackMetric } from './track-metric.ts'

/** Plain JavaScript may give anything. */
const odd = (value: unknown): never => value as never

const clock = createFakeClock(1_000_000)
const shown = async (metrics: MetricsService, accept = ''): Promise<string> =>
  (await metrics.expose({ headers: { get: () => accept } })).body

test('what is no description of a metric is refused with a sentence', () => {
  const metrics = new MetricsService({ clock })
  const create: readonly (() => unknown)[] = [
    () => metrics.counter(odd(undefined), { help: 'h' }),
    () => metrics.histogram('x', odd(undefined)),
    () => metrics.gauge('x', odd({ help: 5 })),
    () => metrics.counter('x', odd({ help: 'h', labels: 'method' })),
    () => metrics.counter('x', odd({ help: 'h', labels: [5] })),
    () => metrics.gauge('x', odd({ help: 'h', merge: ['last'] })),
    () => metrics.counter('𝒜'.repeat(101), { help: 'h' }),
    () => metrics.histogram('x', odd({ help: 'h', buckets: 'abc' })),
    () => metrics.watch(odd(undefined)),
    () => new MetricsService(odd({ backend: {} })),
    () => new MetricsService(odd({ exporters: [{}] })),
  ]
  for (const act of create) expect(act).toThrow(/^Cannot (?:create|watch) .*, .* expected$/)
})

test('trackMetric() refuses labels and options of another kind', async () => {
  configureMetrics({ clock })
  for (const [labels, options] of [
    [null, {}],
    [{}, { type: 'sum' }],
    [{}, { typ: 'gauge' }],
  ])
    await expect(trackMetric('x', 1, odd(labels), odd(options))).rejects.toThrow(TypeError)
  configureMetrics(undefined)
})

test('what is refused makes no series, and no exemplar that is no text stops a count', async () => {
  const metrics = new MetricsService({ clock })
  const labels = ['a'] as const
  metrics.gauge('g', { help: 'h', labels }).set({ a: 'x' }, odd(undefined))
  metrics.gauge('g', { help: 'h', labels }).inc({ a: 'x' }, odd('1'))
  metrics.counter('c', { help: 'h', labels }).inc({ a: 'x' }, odd('1'))
  metrics.histogram('t', { help: 'h', labels }).observe({ a: 'x' }, odd(undefined))
  metrics.counter('d', { help: 'h' }).inc({}, 1, odd({ trace_id: Symbol('x') }))
  const text = await shown(metrics, 'application/openmetrics-text')
  const lines = text.split('\n').filter((line) => !/^#|_created|^$/.test(line))
  expect(lines).toEqual([
    'd_total 1',
    'metrics_refused_total{metric="g"} 2',
    'metrics_refused_total{metric="c"} 1',
    'metrics_refused_total{metric="t"} 1',
  ])
})

test('a colon is none of a label’s, in any scheme', async () => {
  const metrics = new MetricsService({ clock })
  metrics.counter('a:b', { help: 'h', labels: ['c:d'] }).inc({ 'c:d': 1 })
  for (const [scheme, line] of [
    ['underscores', 'a:b_total{c_d="1"} 1'],
    ['dots', 'a:b_total{c__d="1"} 1'],
    ['values', 'a:b_total{U__c_3a_d="1"} 1'],
    ['allow-utf-8', 'a:b_total{"c:d"="1"} 1'],
  ])
    expect(await shown(metrics, `text/plain;version=1.0.0;escaping=${scheme}`)).toContain(line)
  expect(() => metrics.counter('x', { help: 'h', labels: ['c:d', 'c_d'] })).toThrow(TypeError)
})

test('no name and no series is shown twice, whatever services are watched', async () => {
  const metrics = new MetricsService({ clock })
  const reading = {
    name: 'jobs',
    type: 'gauge',
    help: 'h',
    labels: { queue: 'a' },
    value: 1,
  } as const
  const other = { ...reading, name: 'held_total', type: 'counter', labels: {} } as const
  const service = { readMetrics: async () => [reading, other] }
  metrics.watch(service)
  metrics.watch(service)
  metrics.gauge('jobs', { help: 'h' }).set(3)
  metrics.gauge('held', { help: 'h' }).set(3)
  expect(await shown(metrics)).toBe(`# HELP held h
# TYPE held gauge
held 3
# HELP jobs h
# TYPE jobs gauge
jobs{queue=""} 3
jobs{queue="a"} 1
`)
})

test('forget() takes a gauge whose name ends as a counter’s', async () => {
  const backend = memory()
  const metrics = new MetricsService({ backend, clock })
  metrics.gauge('queued_total', { help: 'h' }).set(1)
  metrics.counter('seen_total', { help: 'h' }).inc()
  await metrics.flush()
  for (const name of ['queued_total', 'seen_total']) await metrics.forget(name)
  expect(await new MetricsService({ backend, clock }).read()).toEqual([])
})

test('an exporter that is slow keeps no other waiting', async () => {
  const { promise, resolve } = Promise.withResolvers<{ sent: 0; dropped: 0; errors: [] }>()
  const told: string[] = []
  const metrics = new MetricsService({
    clock,
    exporters: [
      { export: () => promise },
      {
        async export() {
          told.push('other')
          resolve({ sent: 0, dropped: 0, errors: [] })
          return { sent: 1, dropped: 0, errors: [] }
        },
      },
    ],
  })
  expect(await metrics.flush()).toEqual({ sent: 1, dropped: 0, errors: [] })
  expect(told).toEqual(['other'])
})
