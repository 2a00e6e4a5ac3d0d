import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import type { JobPage, ListJobsOptions } from '../../ports/job-store/job-store.ts'
import { isFinished } from '../../ports/job-store/job-state.ts'
import { recordOf, type MemoryJob } from './memory-job.ts'
import type { SortedList } from './sorted-list.ts'

export const DEFAULT_PAGE = 100

/** @param all The jobs of the state in their order */
export function listJobs(
  all: SortedList<MemoryJob>,
  { state, cursor, limit = DEFAULT_PAGE }: ListJobsOptions,
): JobPage {
  const reversed = isFinished(state)
  const start = cursor === undefined ? null : placeOfCursor(cursor)
  const isBefore = ({ facts: { rank }, seq }: MemoryJob): boolean =>
    start !== null && (rank - start.rank || seq - start.seq) < (reversed ? 0 : 1)
  // Where the next page begins or, from the end, ends.
  const from = start !== null ? all.countWhile(isBefore) : reversed ? all.size : 0
  const wanted = reversed
    ? all.slice(Math.max(from - limit, 0), from).toReversed()
    : all.slice(from, from + limit)
  const page = fitting(wanted, (job) => job.data.length + job.result.length)
  const last = page.at(-1)
  const left = (reversed ? from : all.size - from) - page.length
  return { jobs: page.map(recordOf), cursor: left > 0 && last ? cursorOf(last) : null }
}

/** As `QueueStore.oldestReady`. */
export function findOldest(ready: SortedList<MemoryJob>): number | null {
  let oldest: number | null = null
  for (let line = 0, at = 0; line < JOB_LIMITS.lines; line++) {
    const first = ready.at(at)
    if (first === undefined) break
    const { rank } = first.facts
    // Of those that went ahead the last has been there longest.
    const inOrder = ready.countWhile(
      ({ facts, seq }) => facts.rank < rank || (facts.rank === rank && seq < 0),
    )
    at = ready.countWhile(({ facts }) => facts.rank <= rank)
    const heads = [...(inOrder > 0 ? [ready.at(inOrder - 1)] : []), ready.at(inOrder)]
    for (const job of heads)
      if (job?.facts.rank === rank) oldest = Math.min(oldest ?? Infinity, job.addedAt)
  }
  return oldest
}

function cursorOf(job: MemoryJob): string {
  return `${job.facts.rank}:${job.seq}`
}

function placeOfCursor(cursor: string): { readonly rank: number; readonly seq: number } {
  const [, rank, seq] = /^(\d{1,16}):(-?\d{1,16})$/.exec(cursor) ?? []
  if (rank === undefined || seq === undefined)
    throw new RangeError('Cannot list jobs: the cursor is malformed, one of a page before expected')
  return { rank: Number(rank), seq: Number(seq) }
}

/** @returns The first jobs that fit into one answer, one at least if there is any */
function fitting(
  jobs: readonly MemoryJob[],
  charsOf: (job: MemoryJob) => number,
): readonly MemoryJob[] {
  let chars = 0
  const end = jobs.findIndex((job, index) => {
    chars += charsOf(job)
    return index > 0 && chars > JOB_LIMITS.replyBytes
  })
  return end === -1 ? jobs : jobs.slice(0, end)
}
