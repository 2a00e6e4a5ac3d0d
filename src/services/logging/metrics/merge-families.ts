import {
  isSameMetric,
  type Exemplar,
  type MetricFamily,
  type MetricSeries,
} from './metric-family.ts'
import { createLabelRoom, mostSeries } from './series-table.ts'

/** A family as one source of several has it. */
export interface FamilySource {
  readonly family: MetricFamily
  /** Whether the source still runs: a gauge of one that does not says nothing about now. */
  readonly live: boolean
}

/**
 * Makes one family of what several sources have: counters and histograms are added, gauges as their
 * policy says. A label that a source does not know is empty there.
 *
 * @param maxSeries Further ones are put into the series without labels
 */
export function mergeFamilies(
  sources: readonly FamilySource[],
  maxSeries: number,
): MetricFamily | undefined {
  const [first] = sources
  if (first === undefined) return undefined
  const labelNames = Array.from(new Set(sources.flatMap(({ family }) => family.labelNames)))
  const merged = new Map<string, MetricSeries>()
  const most = mostSeries(maxSeries, first.family.bounds)
  const hasRoom = createLabelRoom()
  for (const { family, live } of sources) {
    if (!isSameMetric(family, first.family)) continue
    const places = labelNames.map((name) => family.labelNames.indexOf(name))
    const { merge = 'last' } = family
    if (family.type === 'gauge' && !live && merge !== 'last') continue
    for (const series of family.series) {
      let labels = series.labels && places.map((place) => series.labels?.[place] ?? '')
      let key = labels === null ? '' : JSON.stringify(labels)
      if (labels !== null && !merged.has(key) && (merged.size >= most || !hasRoom(labels))) {
        labels = null
        key = ''
      }
      const before = merged.get(key)
      const one = { ...series, labels }
      merged.set(
        key,
        before === undefined
          ? one
          : family.type === 'gauge'
            ? mergeGauge(before, one, merge)
            : addSeries(before, one),
      )
    }
  }
  return { ...first.family, labelNames, series: Array.from(merged.values()) }
}

function mergeGauge(a: MetricSeries, b: MetricSeries, merge: string): MetricSeries {
  if (merge === 'last') return b.at >= a.at ? b : a
  const value =
    merge === 'sum'
      ? a.value + b.value
      : merge === 'min'
        ? Math.min(a.value, b.value)
        : Math.max(a.value, b.value)
  return { ...a, value, at: Math.max(a.at, b.at) }
}

function addSeries(a: MetricSeries, b: MetricSeries): MetricSeries {
  return {
    ...a,
    value: a.value + b.value,
    counts: a.counts?.map((count, bucket) => count + (b.counts?.[bucket] ?? 0)),
    at: Math.min(a.at, b.at),
    exemplars: latest(a.exemplars, b.exemplars),
  }
}

function latest(
  a: readonly (Exemplar | undefined)[] = [],
  b: readonly (Exemplar | undefined)[] = [],
): readonly (Exemplar | undefined)[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => {
    const [one, other] = [a[at], b[at]]
    return one === undefined || (other !== undefined && other.at >= one.at) ? other : one
  })
}
