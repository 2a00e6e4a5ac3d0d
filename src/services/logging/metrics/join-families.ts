import type { MetricReading } from '../../../runtime/ports/service.ts'
import type { MetricFamily, MetricSeries } from './metric-family.ts'

/** @returns The readings of services, each a family of its own */
export function readFamilies(
  readings: readonly MetricReading[],
  at: number,
): readonly MetricFamily[] {
  return readings.map(({ name, type, help, labels, value }) => ({
    name: type === 'counter' ? name.replace(/_total$/, '') : name,
    type,
    help,
    labelNames: Object.keys(labels),
    series: [{ labels: Object.values(labels), value, at }],
  }))
}

/**
 * Puts families of one name together, and leaves out series that are there already: whoever reads
 * an exposition refuses all of one that has anything twice.
 */
export function joinFamilies(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const byName = new Map<string, [MetricFamily, ...MetricFamily[]]>()
  for (const family of families) {
    const known = byName.get(family.name)
    if (known === undefined) byName.set(family.name, [family])
    // Of another type it cannot be shown under the name.
    else if (known[0].type === family.type) known.push(family)
  }
  return Array.from(byName.values(), (all) => (all.length === 1 ? all[0] : joined(all)))
}

function joined(all: readonly [MetricFamily, ...MetricFamily[]]): MetricFamily {
  const labelNames = Array.from(new Set(all.flatMap((family) => family.labelNames)))
  const series = new Map<string, MetricSeries>()
  for (const family of all) {
    const places = labelNames.map((name) => family.labelNames.indexOf(name))
    for (const one of family.series) {
      const labels = one.labels && places.map((place) => one.labels?.[place] ?? '')
      const key = JSON.stringify(labels)
      if (!series.has(key)) series.set(key, { ...one, labels })
    }
  }
  return { ...all[0], labelNames, series: Array.from(series.values()) }
}
