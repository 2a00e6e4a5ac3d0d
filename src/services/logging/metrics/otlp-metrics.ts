import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import { checkHeaders, checkUrl } from '../logs/http-sink.ts'
import { jsonOf } from '../logs/json-line.ts'
import { rejectedOf } from '../otlp/otlp.ts'
import { nanos, otlpAttributes, resourceOf } from '../otlp/otlp-values.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { createChanges } from './metric-changes.ts'
import type { Exemplar, MetricFamily, MetricSeries } from './metric-family.ts'
import type { MetricsExporter } from './metrics-options.ts'

/** Options of {@link otlpMetrics}. */
export interface OtlpMetricsOptions extends Omit<BatchOptions, 'flushAfter' | 'waitUntil'> {
  /** Of a collector, as `https://otlp.example.com:4318`: `/v1/metrics` is added. */
  readonly url: string
  /** Sent with each request, as a key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Names the program. Default `app`. */
  readonly service?: string
  /** What sends all this, beside its name: `{ 'deployment.environment': 'production' }`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
  /**
   * `delta`: what was added since the last flush, by each isolate for itself. `cumulative`: totals,
   * over all isolates where the metrics have a backend, and then best sent from one place, as a
   * cron; this is what Prometheus takes. Default `delta`.
   */
  readonly temporality?: 'delta' | 'cumulative'
}

/** What one family says, as it is then written. */
interface Point {
  readonly family: MetricFamily
  readonly at: number
}

const ACTION = 'create OTLP metrics exporter'

/**
 * Sends metrics to an OpenTelemetry collector, as OTLP/JSON over HTTP. What could not be sent waits
 * for the next flush, within bounds.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const exporter = otlpMetrics({ url: env.OTLP_URL, service: 'api' })
 * const metrics = new MetricsService({ exporters: [exporter] })
 * ctx.waitUntil(metrics.flush())
 * ```
 */
export function otlpMetrics(options: OtlpMetricsOptions): MetricsExporter {
  checkBatchOptions(ACTION, options, ['url'], ['headers', 'service', 'resource', 'temporality'])
  const { headers, service, resource, temporality = 'delta', clock = systemClock } = options
  if (temporality !== 'delta' && temporality !== 'cumulative')
    throw new TypeError(
      `Cannot ${ACTION}: temporality is ${JSON.stringify(temporality)}, delta or cumulative expected`,
    )
  const isDelta = temporality === 'delta'
  const base = checkUrl(ACTION, options.url).replace(/\/+$|\/+v1\/(?:logs|traces|metrics)\/*$/, '')
  const target = {
    url: `${base}/v1/metrics`,
    headers: checkHeaders(ACTION, 'application/json', headers),
    join: (parts: readonly string[]) =>
      `{"resourceMetrics":[{"resource":${resourceOf(service, resource)},"scopeMetrics":[{"scope":{"name":"@white-cross/reuse"},"metrics":[${parts.join(',')}]}]}]}`,
    rejected: rejectedOf,
  }
  const queue = createBatchQueue(
    'send metrics',
    target,
    ({ family, at }: Point) => otlpMetric(family, at, isDelta),
    { ...options, flushAfter: 0 },
  )
  const changes = createChanges(() => clock.now())
  return {
    wants: isDelta ? 'own' : 'totals',
    export(families) {
      const at = clock.now()
      for (const family of isDelta ? changes.take(families) : families) queue.add({ family, at })
      return queue.flush()
    },
  }
}

/** @returns A `Metric` of OTLP/JSON */
function otlpMetric(family: MetricFamily, at: number, isDelta: boolean): string {
  const { name, type, help, unit, series } = family
  const points = series.map((one) => pointOf(family, one, at)).join(',')
  const temporality = `"aggregationTemporality":${isDelta ? 1 : 2}`
  const data =
    type === 'gauge'
      ? `"gauge":{"dataPoints":[${points}]}`
      : type === 'counter'
        ? `"sum":{"dataPoints":[${points}],${temporality},"isMonotonic":true}`
        : `"histogram":{"dataPoints":[${points}],${temporality}}`
  const about = `"name":${jsonOf(name)},"description":${jsonOf(help)}`
  return `{${about}${unit === undefined ? '' : `,"unit":${jsonOf(unit)}`},${data}}`
}

function pointOf(
  { type, labelNames, bounds = [] }: MetricFamily,
  one: MetricSeries,
  at: number,
): string {
  const { labels, value, counts = [], exemplars = [] } = one
  const attributes =
    labels === null
      ? { 'otel.metric.overflow': true }
      : Object.fromEntries(labelNames.map((name, index) => [name, labels[index] ?? '']))
  const start = type === 'gauge' ? '' : `"startTimeUnixNano":${nanos(Math.min(one.at, at))},`
  const shown = exemplars.flatMap((exemplar) =>
    exemplar === undefined ? [] : exemplarOf(exemplar),
  )
  const more = shown.length === 0 ? '' : `,"exemplars":[${shown.join(',')}]`
  const head = `{"attributes":${otlpAttributes(attributes)},${start}"timeUnixNano":${nanos(at)}`
  if (type !== 'histogram') return `${head},"asDouble":${double(value)}${more}}`
  const count = counts.reduce((sum, own) => sum + own, 0)
  const buckets = Array.from(
    { length: bounds.length + 1 },
    (_, bucket) => `"${counts[bucket] ?? 0}"`,
  )
  return `${head},"count":"${count}","sum":${double(value)},"bucketCounts":[${buckets.join(',')}],"explicitBounds":[${bounds.map(double).join(',')}]${more}}`
}

function exemplarOf({ labels, value, at }: Exemplar): string {
  const { trace_id: traceId = '', span_id: spanId = '', ...others } = labels
  const ids =
    /^[\da-f]{32}$/.test(traceId) && /^[\da-f]{16}$/.test(spanId)
      ? `,"traceId":"${traceId}","spanId":"${spanId}"`
      : ''
  const filtered = otlpAttributes(ids === '' ? labels : others)
  return `{"filteredAttributes":${filtered},"timeUnixNano":${nanos(at)},"asDouble":${double(value)}${ids}}`
}

/** JSON has no infinities; protobuf's form of it writes them as texts. */
function double(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`
}
