import type { ClaimedJob, FinishedChild, JobRecord } from '../../ports/job-store/job-store.ts'
import type { EncodedJob } from '../../ports/job-store/job-limits.ts'
import { instantOf, type JobFacts } from '../../ports/job-store/job-state.ts'
import type { Json } from '../../ports/json.ts'

/** A job as kept: JSON values as text, so that neither side can change them under the other. */
export interface MemoryJob {
  readonly id: string
  readonly addedAt: number
  /** What it was added as, and what has taken its place since. */
  given: EncodedJob
  /** Order within one rank; negative and falling for jobs that go ahead. */
  seq: number
  facts: JobFacts
  data: string
  error: string
  result: string
  progress: string
  /** Added once this one has finished; see `deduplication.keepLast`. */
  followUp: EncodedJob | null
  /** Those that wait for it. */
  parents: readonly ParentLink[]
  /** Those that have ended, by id, in the order in which they did. */
  readonly children: Map<string, FinishedChild>
}

/** What ties a job to one that waits for it. */
export interface ParentLink {
  readonly job: MemoryJob
  /** Whether the parent is dead when this job is. */
  readonly fails: boolean
}

/** Orders the jobs of one state. */
export function compareJobs(a: MemoryJob, b: MemoryJob): number {
  return a.facts.rank - b.facts.rank || a.seq - b.seq
}

export function claimedOf(job: MemoryJob): ClaimedJob {
  return {
    id: job.id,
    name: job.given.name,
    data: parseJson(job.data),
    options: parseJson(job.given.options),
    token: job.facts.token,
    attempt: job.facts.attempt,
    maxAttempts: job.facts.maxAttempts,
    ...(job.facts.crashes > 0 && { crashes: job.facts.crashes }),
    priority: job.facts.priority,
    addedAt: job.addedAt,
    lastError: parseJson(job.error),
  }
}

export function recordOf(job: MemoryJob): JobRecord {
  return {
    ...claimedOf(job),
    state: job.facts.state,
    at: instantOf(job.facts),
    progress: parseJson(job.progress),
    result: parseJson(job.result),
    ...(job.given.tags.length > 0 && { tags: [...job.given.tags] }),
    cancelRequested: job.facts.cancelRequested,
  }
}

/** @param state How the job ended */
export function finishedChildOf(job: MemoryJob, state: FinishedChild['state']): FinishedChild {
  return {
    id: job.id,
    name: job.given.name,
    state,
    result: state === 'completed' ? parseJson(job.result) : null,
    error: state === 'completed' ? null : parseJson(job.error),
  }
}

function parseJson(json: string): Json {
  // The text was written by JSON.stringify of a Json value.
  return JSON.parse(json) as Json
}
