import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import type { JobPage, ListJobsOptions } from '../../ports/job-store/job-store.ts'
import {
  malformedCursor,
  placeOfTagCursor,
  searchPage,
  statesOf,
  tagCursorOf,
  type JobGlance,
} from '../../ports/job-store/job-search.ts'
import { isFinished, type JobState } from '../../ports/job-store/job-state.ts'
import type { JobBoard } from './job-board.ts'
import { recordOf, type MemoryJob } from './memory-job.ts'
import type { SortedList } from './sorted-list.ts'
import { compareAdded } from './tag-index.ts'

const DEFAULT_PAGE = 100

/** @param all The jobs of the state in their order */
export function listJobs(
  all: SortedList<MemoryJob>,
  state: JobState,
  { cursor, limit = DEFAULT_PAGE }: ListJobsOptions,
): JobPage {
  const reversed = isFinished(state)
  const from = placeBehind(all, cursor, reversed)
  const wanted = reversed
    ? all.slice(Math.max(from - limit, 0), from).toReversed()
    : all.slice(from, from + limit)
  const page = fitting(wanted, (job) => job.data.length + job.result.length)
  const last = page.at(-1)
  const left = (reversed ? from : all.size - from) - page.length
  return { jobs: page.map(recordOf), cursor: left > 0 && last ? cursorOf(last) : null }
}

/** The jobs that a search finds, as {@link searchPage} answers them. */
export function searchJobs(
  board: JobBoard,
  options: ListJobsOptions,
): { readonly found: readonly MemoryJob[]; readonly cursor: string | null } {
  const { tag } = options
  const candidates =
    tag === undefined ? inStates(board, options) : withTag(board, tag, options.cursor)
  return searchPage(options, candidates, ({ id }) => {
    const job = board.get(id)
    return job === undefined ? null : { job, chars: job.data.length + job.result.length }
  })
}

function* inStates(board: JobBoard, options: ListJobsOptions): Generator<JobGlance> {
  const { states, cursor, cursorIn } = statesOf(options)
  let after = cursor
  for (const state of states) {
    const all = board.inState(state)
    const reversed = isFinished(state)
    let at = placeBehind(all, after, reversed)
    after = undefined
    for (;;) {
      const job = reversed ? all.at(--at) : all.at(at++)
      if (job === undefined) break
      yield glanceAt(job, cursorIn(state, cursorOf(job)))
    }
  }
}

function* withTag(board: JobBoard, tag: string, cursor: string | undefined): Generator<JobGlance> {
  const all = board.tagged(tag)
  const start = placeOfTagCursor(cursor)
  let at = start === null ? all.size : all.countWhile((job) => compareAdded(job, start) < 0)
  for (let job = all.at(--at); job !== undefined; job = all.at(--at))
    yield glanceAt(job, tagCursorOf(job))
}

function glanceAt({ id, addedAt, given, facts }: MemoryJob, cursor: string): JobGlance {
  return { id, addedAt, name: given.name, state: facts.state, cursor }
}

/** Where the next page begins or, from the end, ends. */
function placeBehind(
  all: SortedList<MemoryJob>,
  cursor: string | undefined,
  reversed: boolean,
): number {
  if (cursor === undefined) return reversed ? all.size : 0
  const start = placeOfCursor(cursor)
  return all.countWhile(
    ({ facts: { rank }, seq }) => (rank - start.rank || seq - start.seq) < (reversed ? 0 : 1),
  )
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
  if (rank === undefined || seq === undefined) throw malformedCursor()
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
