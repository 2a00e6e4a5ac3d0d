import type { MetricFamily, MetricSeries } from '../metrics/metric-family.ts'
import type { MetricCondition } from './alert-rule.ts'

/** What a metric says at one time: how many in all since it began, or how high it is. */
export type Measure =
  | { readonly total: number; readonly beganAt: number }
  | { readonly level: number }

/** @returns `undefined` when no series fits */
export function measureRule(
  condition: MetricCondition,
  families: readonly MetricFamily[],
): Measure | undefined {
  const family = families.find(({ name }) => name === condition.name)
  const wanted = Object.entries(condition.labels ?? {})
  const series = (family?.series ?? []).filter(({ labels }) =>
    wanted.every(([name, value]) => {
      const at = family?.labelNames.indexOf(name) ?? -1
      return labels !== null && at >= 0 && labels[at] === String(value)
    }),
  )
  if (family === undefined || series.length === 0) return undefined
  if (family.type === 'gauge') return { level: Math.max(...series.map(({ value }) => value)) }
  const count = ({ value, counts }: MetricSeries): number =>
    counts === undefined ? value : countOver(counts, family.bounds ?? [], condition.over)
  return {
    total: series.reduce((sum, one) => sum + count(one), 0),
    beganAt: Math.min(...series.map(({ at }) => at)),
  }
}

/** What was surely over `over`: the buckets that begin there or above. */
function countOver(counts: readonly number[], bounds: readonly number[], over = -Infinity): number {
  const first = over === -Infinity ? 0 : bounds.findIndex((bound) => bound >= over) + 1
  return first === 0 && over > -Infinity
    ? 0
    : counts.slice(first).reduce((sum, count) => sum + count, 0)
}
