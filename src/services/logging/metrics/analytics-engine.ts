import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { createChanges } from './metric-changes.ts'
import type { MetricFamily, MetricSeries } from './metric-family.ts'
import type { MetricsExporter } from './metrics-options.ts'

/** What is asked of a dataset of Workers Analytics Engine: the binding itself. */
export interface AnalyticsDataset {
  writeDataPoint(point: {
    readonly indexes: readonly string[]
    readonly blobs: readonly string[]
    readonly doubles: readonly number[]
  }): void
}

/** Options of {@link analyticsEngine}. */
export interface AnalyticsEngineOptions {
  readonly dataset: AnalyticsDataset
  /**
   * Points of one flush, 1 to 250, as the platform takes of one request; the others wait. Default
   * 250.
   */
  readonly maxPoints?: number
  /** Default: the platform's. */
  readonly clock?: Clock
}

const ACTION = 'create Analytics Engine exporter'
/** Of one point; two of them are the metric and its labels' names. */
const MAX_BLOBS = 20
/** UTF-8 bytes of an index; characters of a metric's name may have up to four. */
const MAX_INDEX = 96

/**
 * Writes what is new to a dataset of Workers Analytics Engine, a point for each series that
 * changed. `index1` and `blob1` are the metric, `blob2` its labels' names with commas between,
 * `blob3` and so on their values; `double1` is what was added, of a histogram the sum of what was
 * observed and of a gauge its value, `double2` how many were observed. Sampled rows count as often
 * as `_sample_interval` says.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const metrics = new MetricsService({ exporters: [analyticsEngine({ dataset: env.METRICS })] })
 * // SELECT blob3 AS route, SUM(_sample_interval * double1) FROM metrics
 * // WHERE blob1 = 'requests' GROUP BY route
 * ```
 */
export function analyticsEngine(options: AnalyticsEngineOptions): MetricsExporter {
  checkOptions(ACTION, options, ['dataset'], ['maxPoints', 'clock'])
  const { dataset, maxPoints: most = 250, clock = systemClock } = options
  checkInteger(ACTION, 'maxPoints', most, 1, 250)
  if (typeof dataset.writeDataPoint !== 'function')
    throw new TypeError(`Cannot ${ACTION}: dataset has no writeDataPoint, a binding expected`)
  const changes = createChanges(() => clock.now())
  return {
    wants: 'own',
    async export(families) {
      const errors: unknown[] = []
      let sent = 0
      let dropped = 0
      for (const family of changes.take(families, most))
        for (const series of family.series) {
          try {
            dataset.writeDataPoint(pointOf(family, series))
            sent++
          } catch (error) {
            dropped++
            errors.push(error)
          }
        }
      return { sent, dropped, errors }
    },
  }
}

function pointOf(
  { name, type, labelNames }: MetricFamily,
  { labels, value, counts }: MetricSeries,
): Parameters<AnalyticsDataset['writeDataPoint']>[0] {
  const shown = labels === null ? ['otel.metric.overflow'] : labelNames.slice(0, MAX_BLOBS - 2)
  const values = labels === null ? ['true'] : labels.slice(0, shown.length)
  const count = type === 'histogram' ? (counts ?? []).reduce((sum, own) => sum + own, 0) : 1
  return {
    indexes: [fitted(name)],
    blobs: [name, shown.join(), ...values],
    doubles: [value, count],
  }
}

function fitted(name: string): string {
  const bytes = new TextEncoder().encode(name)
  return bytes.length <= MAX_INDEX
    ? name
    : new TextDecoder().decode(bytes.subarray(0, MAX_INDEX)).replace(/\ufffd+$/, '')
}
