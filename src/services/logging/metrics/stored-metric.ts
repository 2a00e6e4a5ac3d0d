import type { Json } from '../../../runtime/ports/json.ts'
import type {
  Exemplar,
  GaugeMerge,
  MetricFamily,
  MetricSeries,
  MetricType,
} from './metric-family.ts'

/** What one isolate, or all that are gone, have of one metric, as it is kept. */
export interface StoredMetric {
  readonly type: MetricType
  readonly help: string
  readonly unit: string | null
  readonly labels: readonly string[]
  readonly bounds: readonly number[] | null
  readonly merge: GaugeMerge | null
  readonly series: readonly StoredSeries[]
  /** Counts an isolate's batches: the same one written twice is one. */
  readonly batch: number
  /** ms since 1970, when it was written. */
  readonly at: number
  /** Of what is kept of isolates that are gone: the last batch of each, the latest of them. */
  readonly folded?: Readonly<Record<string, number>>
}

/** Labels, value, when, counts and exemplars. Infinities, which JSON does not have, are texts. */
type StoredSeries = readonly [
  labels: readonly string[] | null,
  value: number | string,
  at: number,
  counts: readonly number[] | null,
  exemplars: readonly (StoredExemplar | null)[] | null,
]

type StoredExemplar = readonly [labels: Readonly<Record<string, string>>, value: number, at: number]

/** Characters of the exemplars of one metric that are kept: they are many times its numbers. */
const MAX_EXEMPLARS = 200_000

/** @param since What is left out: what others have of these series already */
export function storedMetric(
  { type, help, unit, labelNames, bounds, merge, series }: MetricFamily,
  since: ReadonlyMap<string, MetricSeries>,
  batch: number,
  at: number,
): StoredMetric {
  let room = MAX_EXEMPLARS
  const packed = (exemplar: Exemplar | undefined): StoredExemplar | null => {
    if (exemplar === undefined) return null
    const text = JSON.stringify(exemplar.labels)
    // Digits of the value and the time, and what stands around them.
    room -= text.length + 40
    return room < 0 ? null : [exemplar.labels, exemplar.value, exemplar.at]
  }
  return {
    type,
    help,
    unit: unit ?? null,
    labels: labelNames,
    bounds: bounds ?? null,
    merge: merge ?? null,
    batch,
    at,
    series: series.map((one): StoredSeries => {
      const before = since.get(seriesKey(one.labels))
      return [
        one.labels,
        numberOrText(type === 'gauge' ? one.value : one.value - (before?.value ?? 0)),
        one.at,
        one.counts?.map((count, bucket) => count - (before?.counts?.[bucket] ?? 0)) ?? null,
        one.exemplars === undefined ? null : Array.from(one.exemplars, packed),
      ]
    }),
  }
}

/** @returns What was stored, as it was before */
export function familyOf(name: string, stored: StoredMetric): MetricFamily {
  const { type, help, unit, labels, bounds, merge, series } = stored
  return {
    name,
    type,
    help,
    unit: unit ?? undefined,
    labelNames: labels,
    bounds: bounds ?? undefined,
    merge: merge ?? undefined,
    series: series.map(([own, value, at, counts, exemplars]) => ({
      labels: own,
      value: Number(value),
      at,
      counts: counts ?? undefined,
      exemplars: exemplars?.map(unpacked),
    })),
  }
}

/** Reads a value that {@link storedMetric} made; `undefined` for anything else. */
export function readStored(value: Json): StoredMetric | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('series' in value))
    return undefined
  // Nobody else writes under these keys.
  return value as unknown as StoredMetric
}

/** One text for one combination of labels. */
export function seriesKey(labels: readonly string[] | null): string {
  return labels === null ? '' : JSON.stringify(labels)
}

function numberOrText(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function unpacked(exemplar: StoredExemplar | null): Exemplar | undefined {
  if (exemplar === null) return undefined
  const [labels, value, at] = exemplar
  return { labels, value, at }
}
