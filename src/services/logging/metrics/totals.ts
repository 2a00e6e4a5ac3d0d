import { encodeHex } from '../../../primitives/hex.ts'
import { isInstance } from '../../../primitives/read-thrown.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type {
  AtomicStore,
  StoreEntry,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { foldTotals } from './fold-totals.ts'
import { mergeFamilies, type FamilySource } from './merge-families.ts'
import { MetricError } from './metric-error.ts'
import { isSameMetric, type MetricFamily, type MetricSeries } from './metric-family.ts'
import {
  familyOf,
  readStored,
  seriesKey,
  storedMetric,
  type StoredMetric,
} from './stored-metric.ts'

/** What {@link SharedMetrics} needs. */
export interface SharedMetricsOptions {
  readonly store: AtomicStore
  readonly namespace: string
  /** Partitions over which isolates are spread. */
  readonly shards: number
  /** Of one metric; those over it are one. */
  readonly maxSeries: number
  /** An isolate that has written nothing for so long is taken for gone. */
  readonly staleMs: number
  readonly random: RandomSource
  readonly now: () => number
}

/** What this isolate knows of a metric in the store. */
interface Known {
  version: number | null
  acknowledged: StoredMetric | undefined
  /** Written perhaps, since then. */
  perhaps: StoredMetric[]
  /** What others have taken over of our series, since we seemed to be gone. */
  given: Map<string, MetricSeries>
}

const MAX_METRICS_A_COMMIT = 40
const MAX_TRIES = 8

/**
 * One set of totals over isolates that come and go. Each keeps its own totals under its own key:
 * writing them again changes nothing, and no two ever write the same. What has not been written for
 * a while is folded into one entry; whoever comes back after that begins at 0.
 */
export class SharedMetrics {
  readonly #options: SharedMetricsOptions
  readonly #known = new Map<string, Known>()
  readonly #checked = new Set<string>()
  #id = ''
  #batch = 0
  #foldedAt = -Infinity

  constructor(options: SharedMetricsOptions) {
    this.#options = options
  }

  /**
   * Writes these metrics' totals. The same call again after an unknown outcome counts nothing
   * twice.
   *
   * @returns What could not be written, because the store has it otherwise
   * @throws BackendError when the store failed; it may have been written
   */
  async write(families: readonly MetricFamily[]): Promise<readonly unknown[]> {
    const partition = this.#partition()
    // Of two writes at once the one with the later totals counts, whichever is done first.
    const batch = ++this.#batch
    const errors = await this.#define(this.#shard(0), families)
    const refused = new Set(errors.map(({ metric }) => metric))
    const writable = families.filter(({ name }) => !refused.has(name))
    const told: unknown[] = errors.map(({ error }) => error)
    for (let at = 0; at < writable.length; at += MAX_METRICS_A_COMMIT)
      told.push(
        ...(await this.#writeTogether(
          partition,
          writable.slice(at, at + MAX_METRICS_A_COMMIT),
          batch,
        )),
      )
    await this.#fold(partition)
    return told
  }

  /** @returns The totals over all isolates */
  async read(): Promise<readonly MetricFamily[]> {
    const { shards, staleMs, now } = this.#options
    const sources = new Map<string, FamilySource[]>()
    for (let shard = 0; shard < shards; shard++)
      for (const { key, value } of await allEntries(this.#shard(shard))) {
        const [kind, ...rest] = key.split('/')
        const stored = kind === 'm' ? undefined : readStored(value)
        if (stored === undefined) continue
        const name = kind === 'b' ? rest.join('/') : rest.slice(1).join('/')
        const source = {
          family: familyOf(name, stored),
          live: kind === 'i' && now() - stored.at < staleMs,
        }
        const known = sources.get(name)
        if (known === undefined) sources.set(name, [source])
        else known.push(source)
      }
    return Array.from(sources.values()).flatMap(
      (all) => mergeFamilies(all, this.#options.maxSeries) ?? [],
    )
  }

  /** Forgets a metric everywhere; isolates that still have it begin at 0. */
  async forget(name: string): Promise<void> {
    for (let shard = 0; shard < this.#options.shards; shard++) {
      const partition = this.#shard(shard)
      const keys = (await allEntries(partition))
        .map(({ key }) => key)
        .filter(
          (key) =>
            key === `m/${name}` ||
            key === `b/${name}` ||
            (key.startsWith('i/') && key.split('/').slice(2).join('/') === name),
        )
      for (let at = 0; at < keys.length; at += 100)
        await partition.commit({ delete: keys.slice(at, at + 100) })
    }
    this.#checked.delete(name)
  }

  /** Made when it is first needed: a Worker's module scope has no chance. */
  #partition(): StorePartition {
    const { random, shards } = this.#options
    if (this.#id === '') this.#id = encodeHex(random.bytes(8))
    return this.#shard(Number.parseInt(this.#id.slice(0, 4), 16) % shards)
  }

  #shard(shard: number): StorePartition {
    const { store, namespace } = this.#options
    return store.partition(`metrics:${namespace}:${shard}`)
  }

  /** Sees to it that all isolates mean the same by a name. */
  async #define(
    partition: StorePartition,
    families: readonly MetricFamily[],
  ): Promise<readonly { readonly metric: string; readonly error: MetricError }[]> {
    const errors: { metric: string; error: MetricError }[] = []
    const fresh = families.filter(({ name }) => !this.#checked.has(name))
    for (let at = 0; at < fresh.length; at += MAX_METRICS_A_COMMIT) {
      const some = fresh.slice(at, at + MAX_METRICS_A_COMMIT)
      const found = new Map<string, Json>()
      for (const entry of await partition.getMany(some.map(({ name }) => `m/${name}`)))
        if (entry !== null) found.set(entry.key, entry.value)
      for (const family of some) {
        const { name, type, bounds } = family
        const key = `m/${name}`
        let stored = found.get(key)
        if (stored === undefined) {
          const value = { type, bounds: bounds ?? [] }
          const result = await partition.commit({
            check: [{ key, version: null }],
            set: [{ key, value }],
          })
          stored = result.ok ? value : result.current?.value
        }
        // Only definitions stand under these keys.
        const definition = stored as unknown as Pick<MetricFamily, 'type' | 'bounds'> | undefined
        if (definition !== undefined && !isSameMetric(definition, family))
          errors.push({ metric: name, error: otherwise(name) })
        else this.#checked.add(name)
      }
    }
    return errors
  }

  /** What the store cannot take of one metric does not stop the others. */
  async #writeTogether(
    partition: StorePartition,
    families: readonly MetricFamily[],
    batch: number,
  ): Promise<readonly unknown[]> {
    try {
      await this.#commit(partition, families, batch)
      return []
    } catch (error) {
      if (isInstance(error, BackendError)) throw error
      if (families.length === 1) return [error]
    }
    const errors: unknown[] = []
    for (const family of families)
      errors.push(...(await this.#writeTogether(partition, [family], batch)))
    return errors
  }

  async #commit(
    partition: StorePartition,
    families: readonly MetricFamily[],
    batch: number,
  ): Promise<void> {
    const isLatest = ({ acknowledged }: Known): boolean => (acknowledged?.batch ?? 0) < batch
    for (let attempt = 1; ; attempt++) {
      const due = families.filter(({ name }) => isLatest(this.#knownOf(name)))
      if (due.length === 0) return
      const writes = due.map((family) => {
        const known = this.#knownOf(family.name)
        const value = storedMetric(family, known.given, batch, this.#options.now())
        known.perhaps = [...known.perhaps.slice(1 - MAX_TRIES), value]
        return { key: this.#keyOf(family.name), known, value }
      })
      const result = await partition.commit({
        check: writes.map(({ key, known }) => ({ key, version: known.version })),
        // A stored metric is JSON through and through.
        set: writes.map(({ key, value }) => ({ key, value: value as unknown as Json })),
      })
      if (result.ok) {
        for (const { known, value } of writes) {
          // Its answer may come after that of a later one.
          if (!isLatest(known)) continue
          known.version = result.version
          known.acknowledged = value
          known.perhaps = []
        }
        return
      }
      const lost = writes.find(({ key }) => key === result.key)
      if (lost === undefined || attempt >= MAX_TRIES)
        throw new BackendError(
          'backend_overloaded',
          'Cannot write metrics: their entries change each time, try again later',
        )
      await this.#learn(partition, result.key, lost.known, result.current)
    }
  }

  /** Our entry is not what we thought: a write of ours did succeed, or it was folded. */
  async #learn(
    partition: StorePartition,
    key: string,
    known: Known,
    current: StoreEntry | null,
  ): Promise<void> {
    if (current !== null) {
      known.version = current.version
      known.acknowledged = readStored(current.value)
      return
    }
    const name = key.slice(this.#id.length + 3)
    const base = await partition.get(`b/${name}`)
    const folded = base === null ? undefined : readStored(base.value)?.folded?.[this.#id]
    const given = known.perhaps.findLast(({ batch }) => batch === folded)
    for (const series of familyOf(name, given ?? known.acknowledged ?? EMPTY).series) {
      const at = seriesKey(series.labels)
      const before = known.given.get(at)
      known.given.set(at, {
        ...series,
        value: series.value + (before?.value ?? 0),
        counts: series.counts?.map((count, bucket) => count + (before?.counts?.[bucket] ?? 0)),
      })
    }
    known.version = null
    known.acknowledged = undefined
    known.perhaps = []
  }

  /** Puts what isolates had that are gone into one entry a metric. */
  async #fold(partition: StorePartition): Promise<void> {
    const { staleMs, now } = this.#options
    if (now() - this.#foldedAt < staleMs) return
    this.#foldedAt = now()
    const gone = (await allEntries(partition, 'i/')).filter(({ key, value }) => {
      const stored = readStored(value)
      return (
        !key.startsWith(`i/${this.#id}/`) && stored !== undefined && now() - stored.at >= staleMs
      )
    })
    await foldTotals(partition, gone, this.#options.maxSeries)
  }

  #keyOf(name: string): string {
    return `i/${this.#id}/${name}`
  }

  #knownOf(name: string): Known {
    let known = this.#known.get(name)
    if (known === undefined) {
      known = { version: null, acknowledged: undefined, perhaps: [], given: new Map() }
      this.#known.set(name, known)
    }
    return known
  }
}

const EMPTY: StoredMetric = {
  type: 'counter',
  help: '',
  unit: null,
  labels: [],
  bounds: null,
  merge: null,
  series: [],
  batch: 0,
  at: 0,
}

async function allEntries(partition: StorePartition, prefix = ''): Promise<readonly StoreEntry[]> {
  const entries: StoreEntry[] = []
  let cursor: string | undefined
  for (;;) {
    const page = await partition.list({
      prefix,
      limit: 1000,
      ...(cursor !== undefined && { cursor }),
    })
    entries.push(...page.entries)
    if (page.cursor === null) return entries
    cursor = page.cursor
  }
}

function otherwise(name: string): MetricError {
  return new MetricError(
    'stored_otherwise',
    `Cannot share metric ${JSON.stringify(name)}: the store has it with another type or other bounds, give it another name or forget the old one`,
    { status: 409 },
  )
}
