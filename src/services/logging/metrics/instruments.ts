import type { Exemplar, MetricFamily } from './metric-family.ts'
import { mostSeries, SeriesTable, type LabelValues, type LiveSeries } from './series-table.ts'

/**
 * Names an event behind a number, as `{ trace_id: span.traceId }`: at most 128 characters in all.
 */
export type ExemplarLabels = Readonly<Record<string, string>>

/** Only ever grows. */
export interface Counter<Label extends string = string> {
  /** @param by 0 or more; anything else is not counted, and told by `metrics_refused_total` */
  inc(labels?: LabelValues<Label> | number, by?: number, exemplar?: ExemplarLabels): void
  /** The same for labels that are known, without looking them up each time. */
  labels(labels: LabelValues<Label>): { inc(by?: number, exemplar?: ExemplarLabels): void }
}

/** Goes up and down. */
export interface Gauge<Label extends string = string> {
  set(value: number): void
  set(labels: LabelValues<Label>, value: number): void
  inc(labels?: LabelValues<Label> | number, by?: number): void
  dec(labels?: LabelValues<Label> | number, by?: number): void
}

/** Counts how often values fell between bounds. */
export interface Histogram<Label extends string = string> {
  observe(value: number): void
  observe(labels: LabelValues<Label>, value: number, exemplar?: ExemplarLabels): void
  labels(labels: LabelValues<Label>): { observe(value: number, exemplar?: ExemplarLabels): void }
  /** @returns Observes the seconds since then; further labels may be given */
  startTimer(labels?: LabelValues<Label>): (labels?: LabelValues<Label>) => number
}

/** What instruments need of the service that made them. */
export interface InstrumentHost {
  readonly now: () => number
  readonly exemplar: (() => ExemplarLabels | undefined) | undefined
  readonly maxSeries: number
  readonly onOverflow: (metric: string) => void
  readonly onRefused: (metric: string) => void
}

/** An instrument, and what is behind it. */
export interface Metric<Instrument = unknown> {
  readonly instrument: Instrument
  readonly table: SeriesTable
  readonly family: Omit<MetricFamily, 'series'>
}

/** OpenMetrics allows so many characters of names and values. */
const MAX_EXEMPLAR_LENGTH = 128

/** A metric that only grows. */
export function createCounter(
  family: Omit<MetricFamily, 'series'>,
  host: InstrumentHost,
): Metric<Counter> {
  const table = tableOf(family, host)
  /** What is refused makes no series either. */
  const takes = (by: number): boolean => {
    if (typeof by === 'number' && by >= 0 && by < Infinity) return true
    host.onRefused(family.name)
    return false
  }
  const add = (series: LiveSeries, by: number, given: ExemplarLabels | undefined): void => {
    series.value += by
    const exemplar = exemplarOf(given ?? host.exemplar?.(), by, host)
    if (exemplar !== undefined) series.exemplars = [exemplar]
  }
  return {
    family,
    table,
    instrument: {
      inc(labels, by = 1, exemplar) {
        if (typeof labels === 'number') {
          if (takes(labels)) add(table.of(undefined), labels, exemplar)
        } else if (takes(by)) add(table.of(labels), by, exemplar)
      },
      labels(labels) {
        const series = table.of(labels)
        return {
          inc(by = 1, exemplar) {
            if (!takes(by)) return
            table.changes++
            add(series, by, exemplar)
          },
        }
      },
    },
  }
}

/** A metric that goes up and down. */
export function createGauge(
  family: Omit<MetricFamily, 'series'>,
  host: InstrumentHost,
): Metric<Gauge> {
  const table = tableOf(family, host)
  const change = (
    labels: LabelValues<string> | undefined,
    value: number | undefined,
    before: (series: LiveSeries) => number,
  ): void => {
    if (typeof value !== 'number' || Number.isNaN(value)) host.onRefused(family.name)
    else {
      const series = table.of(labels)
      const next = before(series) + value
      // Infinities of both kinds are no number together.
      if (Number.isNaN(next)) host.onRefused(family.name)
      else {
        series.value = next
        series.at = host.now()
      }
    }
  }
  const put = (labels: LabelValues<string> | undefined, value: number | undefined): void =>
    change(labels, value, () => 0)
  const add = (labels: LabelValues<string> | undefined, by: number): void =>
    change(labels, by, ({ value }) => value)
  return {
    family,
    table,
    instrument: {
      set(labels: LabelValues<string> | number, value?: number) {
        if (typeof labels === 'number') put(undefined, labels)
        else put(labels, value)
      },
      inc: (labels, by = 1) =>
        typeof labels === 'number' ? add(undefined, labels) : add(labels, by),
      dec: (labels, by = 1) =>
        typeof labels === 'number' ? add(undefined, -labels) : add(labels, -by),
    },
  }
}

/** A metric of values between bounds. */
export function createHistogram(
  family: Omit<MetricFamily, 'series'> & { readonly bounds: readonly number[] },
  host: InstrumentHost,
): Metric<Histogram> {
  const { bounds } = family
  const table = tableOf(family, host)
  const takes = (value: number): boolean => {
    if (typeof value === 'number' && Number.isFinite(value)) return true
    host.onRefused(family.name)
    return false
  }
  const add = (series: LiveSeries, value: number, given: ExemplarLabels | undefined): void => {
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    series.counts ??= Array.from({ length: bounds.length + 1 }, () => 0)
    series.counts[bucket] = (series.counts[bucket] as number) + 1
    series.value += value
    const exemplar = exemplarOf(given ?? host.exemplar?.(), value, host)
    if (exemplar !== undefined) (series.exemplars ??= [])[bucket] = exemplar
  }
  const observe = (
    labels: LabelValues<string> | number,
    value?: number,
    exemplar?: ExemplarLabels,
  ): void => {
    if (typeof labels === 'number') {
      if (takes(labels)) add(table.of(undefined), labels, exemplar)
    } else if (takes(value ?? NaN)) add(table.of(labels), value ?? NaN, exemplar)
  }
  return {
    family,
    table,
    instrument: {
      observe,
      labels(labels) {
        const series = table.of(labels)
        return {
          observe(value, exemplar) {
            if (!takes(value)) return
            table.changes++
            add(series, value, exemplar)
          },
        }
      },
      startTimer(labels) {
        const startedAt = host.now()
        return (more) => {
          // A clock may step back.
          const seconds = Math.max(0, host.now() - startedAt) / 1000
          observe({ ...labels, ...more }, seconds)
          return seconds
        }
      },
    },
  }
}

function tableOf(
  { name, type, labelNames, bounds }: Omit<MetricFamily, 'series'>,
  host: InstrumentHost,
): SeriesTable {
  const counts = type === 'histogram' ? (bounds?.length ?? 0) + 1 : 0
  return new SeriesTable(
    labelNames,
    mostSeries(host.maxSeries, bounds),
    (labels) => ({
      labels,
      value: 0,
      counts: counts === 0 ? undefined : Array.from({ length: counts }, () => 0),
      at: host.now(),
      exemplars: undefined,
    }),
    () => host.onOverflow(name),
  )
}

/** One that is too long, or no text, is left out; the number is not. */
function exemplarOf(
  labels: ExemplarLabels | undefined,
  value: number,
  host: InstrumentHost,
): Exemplar | undefined {
  if (labels === undefined) return undefined
  let length = 0
  for (const [name, text] of Object.entries(labels)) {
    if (typeof text !== 'string' || !text.isWellFormed()) return undefined
    length += Array.from(name + text).length
  }
  return length > MAX_EXEMPLAR_LENGTH ? undefined : { labels, value, at: host.now() }
}
