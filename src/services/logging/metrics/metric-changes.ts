import type { MetricFamily, MetricSeries } from './metric-family.ts'
import { seriesKey } from './stored-metric.ts'

/** What an exporter has told of a series. */
interface Told {
  readonly value: number
  readonly counts: readonly number[] | undefined
}

/** Tells what is new since it was last asked. */
export interface Changes {
  /**
   * Counters and histograms with what was added since they were last taken, gauges that were set
   * since; series without news are left out. `at` is when what is told began. What is given back
   * counts as taken.
   *
   * @param most Series that are taken at most; the others wait for the next time
   */
  take(families: readonly MetricFamily[], most?: number): readonly MetricFamily[]
}

/** @param now ms since 1970; what was counted before the first time is new then */
export function createChanges(now: () => number): Changes {
  const told = new Map<string, Told>()
  let since = 0
  /** Where to look first. */
  let next = 0

  function news(family: MetricFamily, series: MetricSeries): MetricSeries | undefined {
    const key = `${family.name}\n${seriesKey(series.labels)}`
    const { value, counts, at } = series
    const before = told.get(key)
    if (family.type === 'gauge') {
      if (before?.value === value && before.counts?.[0] === at) return undefined
      told.set(key, { value, counts: [at] })
      return series
    }
    const added = counts?.map((count, bucket) => count - (before?.counts?.[bucket] ?? 0))
    const grown = value - (before?.value ?? 0)
    if (added === undefined ? grown === 0 : added.every((count) => count === 0)) return undefined
    told.set(key, { value, counts })
    // Exemplars of what was told before are not told again.
    const exemplars = series.exemplars?.map((exemplar) =>
      exemplar !== undefined && exemplar.at >= since ? exemplar : undefined,
    )
    return { ...series, value: grown, counts: added, exemplars, at: before ? since : series.at }
  }

  return {
    take(families, most = Infinity) {
      const all = families.flatMap((family) => family.series.map((series) => ({ family, series })))
      const taken = new Map<MetricFamily, MetricSeries[]>()
      let left = most
      let looked = 0
      for (; looked < all.length && left > 0; looked++) {
        const one = all[(next + looked) % all.length]
        const found = one && news(one.family, one.series)
        if (one === undefined || found === undefined) continue
        const known = taken.get(one.family)
        if (known === undefined) taken.set(one.family, [found])
        else known.push(found)
        left--
      }
      // Who comes first each time would leave no room for the last.
      next = all.length === 0 ? 0 : (next + looked) % all.length
      since = now()
      return Array.from(taken, ([family, series]) => ({ ...family, series }))
    },
  }
}
