import type { SharedMetrics, SharedMetricsOptions } from './totals.ts'

/**
 * {@link SharedMetrics} whose code, a third of the metrics', is loaded when totals are first
 * written or read: isolates that count for themselves have none.
 */
export function createLazyTotals(
  options: SharedMetricsOptions,
): Pick<SharedMetrics, 'write' | 'read' | 'forget'> {
  let loaded: SharedMetrics | undefined

  // What was loaded is kept, not the promise: on Workers a promise of one request must not be
  // awaited in another.
  async function load(): Promise<SharedMetrics> {
    if (loaded !== undefined) return loaded
    const { SharedMetrics } = await import('./totals.ts')
    return (loaded ??= new SharedMetrics(options))
  }

  return {
    write: async (families) => (await load()).write(families),
    read: async () => (await load()).read(),
    forget: async (name) => (await load()).forget(name),
  }
}
