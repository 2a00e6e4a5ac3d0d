import { fitText } from '../../primitives/fit-text.ts'
import { contendedEntry } from '../../runtime/coordination/change-entry.ts'
import type { StoreEntry, StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { JobDefinitions } from './job-to-add.ts'
import { groupPrefixOf } from './new-job.ts'

/** Tells the job store how many jobs of each kind run at once by this process's definitions. */
export interface ConcurrencyLimits {
  /**
   * Tells it, where that is another number than a process has told it last: it holds for all jobs
   * of the kind, also for those that older code added or adds. A number that has been replaced is
   * told again only once no process has said for three minutes that it works by the one in its
   * place: until then whoever tells it is of an older deploy.
   *
   * To be called each minute, which says that this process is there.
   */
  tell(): Promise<ToldLimits>
}

/** What came of telling. */
export interface ToldLimits {
  /** The kinds whose limit was changed. */
  readonly changed: ReadonlySet<string>
  /** Whether there is any limit to tell: otherwise there never will be by these definitions. */
  readonly isOver: boolean
}

interface Limit {
  readonly kind: string
  readonly limit: number
}

const KEY = 'concurrency'
const REPLACED_KEY = 'concurrency-replaced'
const KEPT_MS = 366 * 86_400_000
/** A process that is there says so three times within this. */
const ALIVE_MS = 180_000
const KIND_CHARACTERS = 150
/** Limits of a kind that are known to have been replaced. */
const MOST_REPLACED = 8
/** For a kind that had a limit and has none any more: the greatest there is. */
const NO_LIMIT = 1000
const MOST_TRIES = 20
/** Of one request to the store, with room for what else is in it. */
const AT_ONCE = 100

/** @param partition Where the limits are kept that were told last */
export function createConcurrencyLimits(
  partition: StorePartition,
  jobStore: Pick<QueueStore, 'command'>,
  jobs: JobDefinitions,
): ConcurrencyLimits {
  const wanted = Object.entries(jobs).map(
    ([kind, { concurrency }]) => [kind, concurrency?.limit] as const,
  )

  /** Those of the kinds by whose limit on record some process works. */
  async function spokenFor(limits: readonly Limit[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const some of chunksOf(limits)) {
      const keys = await Promise.all(some.map(({ kind }) => aliveKeyOf(kind)))
      const entries = await partition.getMany(keys)
      some.forEach(({ kind }, index) => entries[index] != null && found.add(kind))
    }
    return found
  }

  async function sayAlive(
    limits: readonly Limit[],
    record?: { readonly version: number | null; readonly set: Readonly<Record<string, Json>> },
  ): Promise<boolean> {
    const chunks = chunksOf(limits)
    if (record !== undefined && chunks.length === 0) chunks.push([])
    for (const [index, some] of chunks.entries()) {
      const alive = await Promise.all(
        some.map(async ({ kind, limit }) => ({
          key: await aliveKeyOf(kind),
          value: limit,
          expiresInMs: ALIVE_MS,
        })),
      )
      const first = index === 0 ? record : undefined
      const kept = Object.entries(first?.set ?? {}).map(([key, value]) => ({
        key,
        value,
        expiresInMs: KEPT_MS,
      }))
      const { ok } = await partition.commit({
        ...(first !== undefined && { check: [{ key: KEY, version: first.version }] }),
        set: [...kept, ...alive],
      })
      if (!ok) return false
    }
    return true
  }

  return {
    async tell() {
      /** What was told although another was on record by then. */
      const untrue = new Set<string>()
      for (let tries = 1; ; tries++) {
        const [entry = null, history = null] = await partition.getMany([KEY, REPLACED_KEY])
        const told = new Map(recordOf(entry) as [string, number][])
        const replaced = new Map(recordOf(history) as [string, number[]][])
        const own = wanted.flatMap(([kind, limit]): Limit[] => {
          const now = limit ?? (told.has(kind) ? NO_LIMIT : undefined)
          return now === undefined ? [] : [{ kind, limit: now }]
        })
        if (own.length === 0) return { changed: new Set(), isOver: true }
        const others = own.filter(({ kind, limit }) => told.get(kind) !== limit)
        const older = others.filter(({ kind, limit }) => replaced.get(kind)?.includes(limit))
        const kept = await spokenFor(older)
        const changed = others.filter(({ kind }) => !kept.has(kind))
        const mended = [...untrue].flatMap((kind): Limit[] => {
          const limit = told.get(kind)
          return limit === undefined || changed.some((one) => one.kind === kind)
            ? []
            : [{ kind, limit }]
        })
        const alive = own.filter(({ kind }) => !kept.has(kind))
        const kinds = new Set(changed.map(({ kind }) => kind))
        if (changed.length + mended.length === 0) {
          await sayAlive(alive)
          return { changed: kinds, isOver: false }
        }
        for (const { kind, limit } of [...changed, ...mended]) {
          await jobStore.command({ type: 'groups', prefix: groupPrefixOf(kind), limit })
          untrue.add(kind)
        }
        for (const { kind, limit } of changed) {
          const before = replaced.get(kind)?.filter((one) => one !== limit) ?? []
          const last = told.get(kind) ?? NO_LIMIT
          replaced.set(kind, [...before, last].slice(-MOST_REPLACED))
          told.set(kind, limit)
        }
        // Told first, so that whoever dies in between is told of again.
        const isOnRecord = await sayAlive(alive, {
          version: entry?.version ?? null,
          set: {
            [KEY]: Object.fromEntries(told),
            [REPLACED_KEY]: Object.fromEntries(replaced),
          },
        })
        // Whoever wrote meanwhile told the store before or after us: the last to write tells again.
        if (isOnRecord) return { changed: kinds, isOver: false }
        if (tries === MOST_TRIES) throw contendedEntry()
      }
    },
  }
}

function aliveKeyOf(kind: string): Promise<string> {
  return fitText(`alive:${kind}`, KIND_CHARACTERS)
}

function recordOf(entry: StoreEntry | null): readonly (readonly [string, unknown])[] {
  // Only `tell` writes it.
  return Object.entries((entry?.value ?? {}) as Readonly<Record<string, unknown>>)
}

function chunksOf(limits: readonly Limit[]): (readonly Limit[])[] {
  const chunks: (readonly Limit[])[] = []
  for (let start = 0; start < limits.length; start += AT_ONCE)
    chunks.push(limits.slice(start, start + AT_ONCE))
  return chunks
}
