/** What a metric counts or measures. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** How the values of one gauge in several isolates become one. `last`: the one set last. */
export type GaugeMerge = 'last' | 'sum' | 'min' | 'max'

/** A metric with all its series, as it is shown and sent. */
export interface MetricFamily {
  /** As it was given: it may have dots. A counter's is without `_total`. */
  readonly name: string
  readonly type: MetricType
  readonly help: string
  readonly unit?: string | undefined
  readonly labelNames: readonly string[]
  /** Of a histogram: the upper bounds of its buckets, without +Inf. */
  readonly bounds?: readonly number[] | undefined
  readonly merge?: GaugeMerge | undefined
  readonly series: readonly MetricSeries[]
}

/** Whether two sources mean the same by a metric's name. */
export function isSameMetric(
  a: Pick<MetricFamily, 'type' | 'bounds'>,
  b: Pick<MetricFamily, 'type' | 'bounds'>,
): boolean {
  return a.type === b.type && (a.bounds ?? []).join() === (b.bounds ?? []).join()
}

/** One combination of labels, and its value. */
export interface MetricSeries {
  /** In the order of the names; `null` for the series that took what was over the limit. */
  readonly labels: readonly string[] | null
  /** Of a counter its total, of a gauge its value, of a histogram the sum of what was observed. */
  readonly value: number
  /** Of a histogram: how many were observed in each bucket alone, the last one without a bound. */
  readonly counts?: readonly number[] | undefined
  /** ms since 1970, when it began; of a gauge when it was set. */
  readonly at: number
  /** Of a counter one, of a histogram one for each bucket that has one. */
  readonly exemplars?: readonly (Exemplar | undefined)[] | undefined
}

/** One event behind a number. */
export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** ms since 1970. */
  readonly at: number
}
