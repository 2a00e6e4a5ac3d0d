import type {
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { mergeFamilies } from './merge-families.ts'
import { familyOf, readStored, storedMetric } from './stored-metric.ts'

/** Metrics that one pass folds, those with most entries first; each is one commit. */
const MAX_METRICS = 50
/** Entries of one metric that one commit folds: each is checked and deleted. */
const MAX_ENTRIES = 60
/** Isolates that are remembered by metric. */
const MAX_REMEMBERED = 200

/** Puts what isolates had that are gone into one entry a metric. */
export async function foldTotals(
  partition: StorePartition,
  gone: readonly StoreEntry[],
  maxSeries: number,
): Promise<void> {
  const byName = new Map<string, StoreEntry[]>()
  for (const entry of gone) {
    const name = entry.key.split('/').slice(2).join('/')
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [entry])
    else known.push(entry)
  }
  const most = Array.from(byName).toSorted(([, a], [, b]) => b.length - a.length)
  for (const [name, entries] of most.slice(0, MAX_METRICS))
    await foldMetric(partition, name, entries.slice(0, MAX_ENTRIES), maxSeries)
}

/** Somebody else may be faster, and then there is nothing left to do. */
async function foldMetric(
  partition: StorePartition,
  name: string,
  entries: readonly StoreEntry[],
  maxSeries: number,
): Promise<void> {
  const key = `b/${name}`
  const base = await partition.get(key)
  const before = base === null ? undefined : readStored(base.value)
  const all = [before, ...entries.map(({ value }) => readStored(value))].filter(
    (one) => one !== undefined,
  )
  const merged = mergeFamilies(
    all.map((one) => ({ family: familyOf(name, one), live: false })),
    maxSeries,
  )
  if (merged === undefined) return
  const folded = entries.map(({ key: own, value }): [string, number] => [
    own.split('/')[1] ?? '',
    readStored(value)?.batch ?? 0,
  ])
  const remembered = [...Object.entries(before?.folded ?? {}), ...folded].slice(-MAX_REMEMBERED)
  const value = {
    ...storedMetric(merged, new Map(), 0, Math.max(...all.map(({ at }) => at))),
    folded: Object.fromEntries(remembered),
  }
  await partition.commit({
    check: [
      ...entries.map((entry) => ({ key: entry.key, version: entry.version })),
      { key, version: base?.version ?? null },
    ],
    // A stored metric is JSON through and through.
    set: [{ key, value }],
    delete: entries.map((entry) => entry.key),
  })
}
