import { checkOptions } from '../../../primitives/check-options.ts'
import { NotConfiguredError } from '../../../runtime/ports/not-configured-error.ts'
import type { MetricType } from './metric-family.ts'
import { MetricsService } from './metrics-service.ts'
import type { MetricsOptions } from './metrics-options.ts'

/** What {@link trackMetric} counted. */
export interface TrackedMetric {
  readonly name: string
  readonly type: MetricType
  readonly value: number
  readonly labels: Readonly<Record<string, string | number | boolean>>
}

let configured: MetricsService | undefined

/**
 * Chooses what `trackMetric` acts on, once for the program.
 *
 * @param metrics A service or its options; `undefined` takes the choice back
 * @returns What was chosen
 *
 * @example
 * configureMetrics({ backend: sqlite('metrics.db') })
 * trackMetric('orders_total', 1, { country: 'de' })
 */
export function configureMetrics(metrics: MetricsService | MetricsOptions): MetricsService
export function configureMetrics(metrics: undefined): undefined
export function configureMetrics(
  metrics: MetricsService | MetricsOptions | undefined,
): MetricsService | undefined {
  configured =
    metrics === undefined || metrics instanceof MetricsService
      ? metrics
      : new MetricsService(metrics)
  return configured
}

/**
 * Counts, sets or observes a metric that need not be made before. It counts at once; `flush` of the
 * configured service takes it further.
 *
 * @param value How many; of a gauge its value, of a histogram what was observed. Default 1
 * @param options `type`: default `counter`
 * @throws NotConfiguredError before `configureMetrics`
 * @throws TypeError when the name, a label or an option is malformed
 * @throws MetricError `defined_otherwise` when the name was used with other labels or another type
 * @example
 * ```ts
 * await trackMetric('email.sent', 1, { provider: 'sendgrid' })
 * ```
 */
export async function trackMetric(
  name: string,
  value = 1,
  labels: Readonly<Record<string, string | number | boolean>> = {},
  options: { readonly type?: MetricType; readonly help?: string } = {},
): Promise<TrackedMetric> {
  if (configured === undefined)
    throw new NotConfiguredError('track metric', 'configureMetrics({ backend })')
  checkOptions('track metric', options, [], ['type', 'help'])
  const { type = 'counter', help = `Tracked as ${name}` } = options
  const given: unknown = labels
  if (typeof given !== 'object' || given === null)
    throw new TypeError('Cannot track metric: labels are of another kind, an object expected')
  if (!/^(?:counter|gauge|histogram)$/.test(type))
    throw new TypeError(
      `Cannot track metric: type is ${JSON.stringify(type)}, counter, gauge or histogram expected`,
    )
  const described = { help, labels: Object.keys(labels).toSorted() }
  if (type === 'gauge') configured.gauge(name, described).set(labels, value)
  else if (type === 'histogram') configured.histogram(name, described).observe(labels, value)
  else configured.counter(name, described).inc(labels, value)
  return { name, type, value, labels }
}
