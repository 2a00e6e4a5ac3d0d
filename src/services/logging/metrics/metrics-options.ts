import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { FlushResult } from '../exporting/flush-result.ts'
import type { GaugeMerge, MetricFamily } from './metric-family.ts'

/** Options of `MetricsService`. */
export interface MetricsOptions {
  /**
   * Where the totals of all isolates and processes come together. Default: nowhere, and `expose`
   * shows what this one counted, which on Workers is no total of anything.
   */
  readonly backend?: Pick<Backend, 'store'>
  /** Keeps the totals of one program apart from those of others. Default `default`. */
  readonly namespace?: string
  /**
   * Partitions of the store over which isolates are spread, 1 to 64: with fewer than before, what
   * is in the others is no longer counted. Default 1.
   */
  readonly shards?: number
  /** How long after its last flush an isolate is taken for gone, 1 min to 1 day. Default 10 min. */
  readonly staleAfter?: Duration
  /**
   * Series of one metric, 1 to 2,000; what is over it is one series. Histograms have at most 20,000
   * buckets in all of theirs. Default 1,000.
   */
  readonly maxSeries?: number
  /**
   * Whether each number remembers the trace that was running, for OpenMetrics' exemplars. Default
   * false.
   */
  readonly exemplars?: boolean
  /**
   * Take metrics with each flush: `otlpMetrics()`, `pushgateway()`, `analyticsEngine()`. Default:
   * none.
   */
  readonly exporters?: readonly MetricsExporter[]
  /**
   * A flush that comes sooner after the last one does nothing, 0 to 1 h: what it had to say goes
   * with the next. Where each request flushes it saves a write of each. Default 0.
   */
  readonly flushEvery?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** Sends metrics somewhere. */
export interface MetricsExporter {
  /**
   * `own`: this isolate's totals since it began. `totals`: those over all isolates, and the numbers
   * of the services that are watched. Default `own`.
   */
  readonly wants?: 'own' | 'totals'
  export(families: readonly MetricFamily[]): Promise<FlushResult>
}

/** How a metric is described; a name and labels are checked when it is made. */
export interface MetricOptions<Label extends string = string> {
  /** What it is about, in a sentence. */
  readonly help: string
  /** Names of its labels. Default: none. */
  readonly labels?: readonly Label[]
  /** A base unit, as `seconds` or `bytes`, that the name ends in too. Default: none. */
  readonly unit?: string
}

/** How a gauge is described. */
export interface GaugeOptions<Label extends string = string> extends MetricOptions<Label> {
  /** How values of several isolates become one. Default `last`. */
  readonly merge?: GaugeMerge
}

/** How a histogram is described. */
export interface HistogramOptions<Label extends string = string> extends MetricOptions<Label> {
  /** Upper bounds of its buckets, ascending, 1 to 60. Default {@link DEFAULT_BUCKETS}. */
  readonly buckets?: readonly number[]
}

/** Seconds from 5 ms to 10 s, as Prometheus' clients have them. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
