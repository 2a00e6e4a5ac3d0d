import type { AddResult } from '../ports/job-ledger.ts'
import type { EncodedJob } from '../ports/job-limits.ts'
import { makeJobIds } from './job-id.ts'
import { isForgotten, JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import { applyEvent, type LedgerParts } from './ledger-parts.ts'
import { readQueueOverview, wakeAtOf } from './queue-overview.ts'

/** Adds jobs in order, within a transaction. */
export function addJobs(
  parts: LedgerParts,
  queue: string,
  given: readonly EncodedJob[],
): AddResult {
  const { db, clock, random, jobs, deduplication, sequence } = parts
  const now = clock.now()
  const seqs = takePlaces(parts, queue, given)
  const ids = makeJobIds(
    given.map(({ priority }, index) => ({ priority, seq: seqs[index] ?? 0 })),
    random,
  )

  const added = given.map((job, index) => {
    const holder = holderOf(parts, queue, job, now)
    if (holder !== null) return { id: holder, added: false }
    const id = job.id ?? ids[index] ?? ''
    const seq = seqs[index] ?? sequence.next()
    const { deduplicationId, deduplicationTtlMs } = job
    const held = deduplicationTtlMs === 0 ? deduplicationId : null
    const scheduled = job.delayMs > 0
    const row: JobRow = {
      state: scheduled ? 'scheduled' : 'ready',
      rank: scheduled ? now + job.delayMs : job.priority,
      seq,
      id,
      keyed: job.id !== null,
      priority: job.priority,
      // Above every token that an earlier job of this id had, even if a clock that is behind mints the next one.
      token: Math.abs(seq),
      attempt: 0,
      maxAttempts: job.maxAttempts,
      cancelRequested: false,
      keepCompletedMs: job.keepCompletedMs,
      keepDeadMs: job.keepDeadMs,
      deduplication: held,
    }
    jobs.insert(queue, row, job, now)
    if (deduplicationId !== null)
      deduplication.hold(
        queue,
        deduplicationId,
        id,
        held === null ? now + deduplicationTtlMs : null,
      )
    return { id, added: true }
  })

  const wakeAt = wakeAtOf(readQueueOverview(db, queue))
  return { jobs: added, wakeInMs: wakeAt === null ? null : Math.max(wakeAt - now, 0) }
}

/** The order number of each job: behind all that are ready, or ahead of them, even after the clock was set back. */
function takePlaces(
  { jobs, sequence }: LedgerParts,
  queue: string,
  given: readonly EncodedJob[],
): readonly number[] {
  const looked = new Set<string>()
  return given.map(({ priority, lifo }) => {
    const line = `${priority} ${lifo}`
    // Once looked at, the sequence is above it, and nobody else can write before this transaction ends.
    const furthest = looked.has(line) ? null : jobs.furthest(queue, priority, lifo)
    looked.add(line)
    const seq = sequence.next(Math.max((lifo ? -1 : 1) * (furthest ?? 0), 0))
    return lifo ? -seq : seq
  })
}

/** The job because of which `job` is not to be added, or `null`. */
function holderOf(parts: LedgerParts, queue: string, job: EncodedJob, now: number): string | null {
  if (job.id !== null) {
    const row = parts.jobs.find(queue, job.id, JOB_COLUMNS)
    const known = row === undefined ? null : jobRowOf(row)
    if (known !== null && !isForgotten(known, now)) return job.id
    if (known !== null) applyEvent(parts, queue, known, { type: 'tick' }, now)
  }
  return job.deduplicationId === null
    ? null
    : parts.deduplication.holder(queue, job.deduplicationId, now)
}
