import { canonicalJson } from '../../primitives/canonical-json.ts'
import type { StorePartition } from '../../runtime/ports/atomic-store/atomic-store.ts'
import type { JobRecord, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { startStopwatch } from '../../runtime/ports/platform/deadline.ts'
import { bookedTerms, termsOf } from './book-attempt.ts'
import { limitsOf, type JobRateLimit } from './job-gates.ts'
import { createConcurrencyLimits } from './concurrency-limits.ts'
import type { JobDefinitions } from './job-to-add.ts'

/** What {@link createLimitChanges} needs. */
export interface LimitChangesOptions {
  /** Where the limits are kept under which the queue was worked last. */
  readonly partition: StorePartition
  readonly jobStore: Pick<QueueStore, 'list' | 'command'>
  readonly queue: string
  readonly jobs: JobDefinitions
  /** Of all jobs of the queue together. */
  readonly rateLimit: JobRateLimit | undefined
  readonly clock: Clock
}

/** Has jobs that wait follow the limits of this process, where a deploy has changed them. */
export interface LimitChanges {
  /**
   * Tells the job store how many of each kind run at once, where that is due: before the first
   * claim and each minute. A store that cannot be reached, or does not answer within 5 s, is no
   * obstacle.
   *
   * @param onReady Hears that more may run
   * @param onTrouble Hears what kept it from the store. Default: nobody does
   * @returns The kinds whose limit was changed by it; `null` when nothing is due
   */
  tell(
    onReady: () => void,
    onTrouble?: (error: unknown) => void,
  ): Promise<ReadonlySet<string>> | null
  /**
   * Looks whether this process is the first to work the queue under its limits, and where it is,
   * tells the job store how many run at once, and makes the jobs ready that wait for a turn under
   * others. Where no kind has a limit it asks for nothing after that.
   *
   * @returns How many were made ready, or kinds may have more at once
   */
  look(): Promise<number>
  /**
   * Looks now, and a few times within an hour: workers of the deploy before may go on booking. And
   * says each minute that there is a process which works by these limits.
   *
   * @param onReady Hears that there is something to run
   * @returns Stops looking
   */
  keepLooking(onReady: () => void): () => void
}

const KEY = 'terms'
const KEPT_MS = 366 * 86_400_000
const PAGE = 1000
const MOST_PAGES = 100
const LOOKS_MS = [60_000, 300_000, 900_000, 3_600_000]
const TELL_AGAIN_MS = 60_000
/** How long is waited for a store that does not answer. */
const PATIENCE_MS = 5000
const NONE: ReadonlySet<string> = new Set()

export function createLimitChanges(options: LimitChangesOptions): LimitChanges {
  const { partition, jobStore, jobs, clock } = options
  const kinds = Object.entries(jobs).map(([kind, definition]): readonly [string, string] => [
    kind,
    termsOf(limitsOf(definition, kind, options)),
  ])
  /** The limits that jobs of each kind stand under here; `''` for none. */
  const terms = new Map(kinds)
  const elapsedMs = startStopwatch(clock)
  const concurrency = createConcurrencyLimits(partition, jobStore, jobs)
  /** Until when jobs may stand under other terms; -1 for none. */
  let until: number | null = null
  let toldAt = -Infinity
  let telling: { readonly since: number; readonly kinds: Promise<ReadonlySet<string>> } | null =
    null
  const inAnHour = (): number => elapsedMs() + (LOOKS_MS.at(-1) ?? 0)

  async function isChanged(): Promise<boolean> {
    const limited = kinds.filter(([, text]) => text !== '')
    const wanted = Object.fromEntries(limited)
    const entry = await partition.get(KEY)
    if (
      entry === null ? limited.length === 0 : canonicalJson(entry.value) === canonicalJson(wanted)
    )
      return false
    const version = entry?.version ?? null
    // Whoever is faster has changed it as well.
    await partition.commit({
      check: [{ key: KEY, version }],
      set: [{ key: KEY, value: wanted, expiresInMs: KEPT_MS }],
    })
    return true
  }

  function isBookedOtherwise({ name, lastError }: JobRecord): boolean {
    const booked = bookedTerms(lastError)
    return booked !== null && terms.has(name) && booked !== terms.get(name)
  }

  async function makeReady(): Promise<number> {
    const ids: string[] = []
    let cursor: string | null = null
    for (let page = 0; page < MOST_PAGES; page++) {
      const found: Awaited<ReturnType<QueueStore['list']>> = await jobStore.list({
        state: 'scheduled',
        limit: PAGE,
        ...(cursor !== null && { cursor }),
      })
      ids.push(...found.jobs.filter(isBookedOtherwise).map(({ id }) => id))
      cursor = found.cursor
      if (cursor === null) break
    }
    let ready = 0
    for (let start = 0; start < ids.length; start += PAGE) {
      const batch = ids.slice(start, start + PAGE)
      ready += await jobStore.command({ type: 'promote', ids: batch, anew: true })
    }
    return ready
  }

  async function tellNow(): Promise<ReadonlySet<string>> {
    const startedAt = elapsedMs()
    const { changed, isOver } = await concurrency.tell()
    toldAt = isOver ? Infinity : startedAt
    return changed
  }

  function tellIfDue(): Promise<ReadonlySet<string>> | null {
    const now = elapsedMs()
    // One that does not end may have been part of a request that the platform has ended.
    if (telling !== null && now - telling.since < PATIENCE_MS) return telling.kinds
    if (now - toldAt < TELL_AGAIN_MS) return null
    const kinds = tellNow().finally(() => {
      if (telling?.kinds === kinds) telling = null
    })
    telling = { since: now, kinds }
    return kinds
  }

  function tell(
    onReady: () => void,
    onTrouble?: (error: unknown) => void,
  ): Promise<ReadonlySet<string>> | null {
    const kinds = tellIfDue()
    if (kinds === null) return null
    return new Promise((resolve) => {
      const cancel = clock.setTimer(() => resolve(NONE), PATIENCE_MS)
      const end = (told: ReadonlySet<string>): void => {
        cancel()
        if (told.size > 0) onReady()
        resolve(told)
      }
      // Jobs are worked under the limits that were told last; the next time tells again.
      kinds.then(end, (error: unknown) => {
        onTrouble?.(error)
        end(NONE)
      })
    })
  }

  async function look(): Promise<number> {
    const told = (await tellIfDue()) ?? NONE
    until ??= (await isChanged()) ? inAnHour() : -1
    return told.size + (elapsedMs() <= until ? await makeReady() : 0)
  }

  return {
    tell,
    look,
    keepLooking(onReady) {
      let stopped = false
      let cancel = (): void => undefined
      let cancelTelling = (): void => undefined
      const lookAgain = async (looks: number): Promise<void> => {
        // A store that cannot be reached is the worker's to report.
        const ready = await look().catch(() => 0)
        if (ready > 0) onReady()
        const waitMs = LOOKS_MS[looks]
        if (stopped || waitMs === undefined || until === -1) return
        cancel = clock.setTimer(() => void lookAgain(looks + 1), waitMs)
      }
      const tellAgain = async (): Promise<void> => {
        await tell(onReady)
        if (stopped || toldAt === Infinity) return
        cancelTelling = clock.setTimer(() => void tellAgain(), TELL_AGAIN_MS)
      }
      void lookAgain(0).then(tellAgain)
      return () => {
        stopped = true
        cancel()
        cancelTelling()
      }
    },
  }
}
