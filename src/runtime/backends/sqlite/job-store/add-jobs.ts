import type { AddedJobId, AddResult } from '../../../ports/job-store/job-store.ts'
import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import { factsOfNew, isForgotten, transition } from '../../../ports/job-store/job-state.ts'
import { applyEvent } from './apply-event.ts'
import { changeRoom, passGate } from './group-gate.ts'
import { insertJob } from './insert-job.ts'
import { JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import type { JobNotes } from './job-table.ts'
import type { JobContext } from './job-context.ts'
import { readQueueOverview, wakeAtOf } from './queue-overview.ts'

/** A job of the batch that others of it name as their parent. */
interface BatchParent {
  readonly job: JobRow
  readonly given: EncodedJob
  /** Its children that were added. */
  pending: number
}

/** Adds jobs in order, within a transaction. */
export function addJobs(
  context: JobContext,
  queue: string,
  given: readonly EncodedJob[],
): AddResult {
  const { db, clock } = context
  const now = clock.now()
  const nextSeq = createOrder(context, queue)
  const childrenOf = countChildren(given)
  const parents = new Map<string, BatchParent>()

  const added = given.map((job): AddedJobId => {
    const parent = job.parent === null ? null : (parents.get(job.parent) ?? null)
    if (job.parent !== null && parent === null) return { id: job.id ?? job.parent, added: false }
    const seq = nextSeq(job)
    const dropped = dropJob(context, queue, job, seq, now)
    if (dropped !== null) return dropped
    // Blocked from the start if any job of the batch names it, and made ready below if none of them
    // is added.
    const pending = job.id === null ? 0 : (childrenOf.get(job.id) ?? 0)
    const position = { seq, parent: parent?.job ?? null, pending }
    const row = insertJob(context, queue, job, position, now)
    if (pending > 0) parents.set(row.id, { job: row, given: job, pending: 0 })
    if (parent !== null) parent.pending++
    return { id: row.id, added: true }
  })
  for (const parent of parents.values()) correctPending(context, queue, parent, now)

  const wakeAt = wakeAtOf(readQueueOverview(db, queue))
  return { jobs: added, wakeInMs: wakeAt === null ? null : Math.max(wakeAt - now, 0) }
}

/** @returns A function that gives each job of a batch its order number, one after the other */
function createOrder(context: JobContext, queue: string): (job: EncodedJob) => number {
  const looked = new Set<string>()
  return ({ priority, lifo }) => {
    const line = `${priority} ${lifo}`
    if (!looked.has(line)) {
      looked.add(line)
      return context.jobs.nextSeq(queue, priority, lifo)
    }
    // Once looked at, the sequence is above it, and nobody else can write before this transaction
    // ends.
    const seq = context.sequence.next()
    return lifo ? -seq : seq
  }
}

function countChildren(given: readonly EncodedJob[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { parent } of given)
    if (parent !== null) counts.set(parent, (counts.get(parent) ?? 0) + 1)
  return counts
}

/** @returns What became of a job that is not added, or `null` when nothing holds its ids */
function dropJob(
  context: JobContext,
  queue: string,
  given: EncodedJob,
  seq: number,
  now: number,
): AddedJobId | null {
  const { deduplication, followUps } = context
  const known = given.id === null ? null : findKept(context, queue, given.id, now)
  if (known !== null) return dropped(context, queue, known, known.id, given, seq, now)

  const { deduplicationId: id, deduplicationTtlMs: ttlMs } = given
  const hold = id === null ? null : deduplication.find(queue, id, now)
  if (id === null || hold === null) return null
  if (hold.until !== null && given.deduplicationExtend && ttlMs > 0)
    deduplication.hold(queue, id, hold.job, now + ttlMs)
  if (!given.replace && !given.deduplicationKeepLast) return { id: hold.job, added: false }
  const holder = findKept(context, queue, hold.job, now)
  if (hold.until === null && given.deduplicationKeepLast && holder?.state === 'active')
    followUps.keep(queue, hold.job, given)
  return dropped(context, queue, holder, hold.job, given, seq, now)
}

/** The job of that id, unless its record has been kept long enough; then it goes now. */
function findKept(context: JobContext, queue: string, id: string, now: number): JobRow | null {
  const row = context.jobs.find(queue, id, JOB_COLUMNS)
  if (row === undefined) return null
  const job = jobRowOf(row)
  if (!isForgotten(job, now)) return job
  applyEvent(context, queue, job, { type: 'tick' }, now)
  return null
}

function dropped(
  context: JobContext,
  queue: string,
  holder: JobRow | null,
  id: string,
  given: EncodedJob,
  seq: number,
  now: number,
): AddedJobId {
  if (holder === null || !given.replace) return { id, added: false }
  const next = transition(holder, { type: 'replace', terms: given }, now)
  if (next.kind !== 'changed') return { id, added: false }
  const { name, data, options, keepCompletedCount, keepDeadCount } = given
  const { attempt } = holder
  context.events.note(queue, () => ({ type: 'replaced', id, name, attempt, at: now }))
  const notes = { name, data, options, error: 'null', result: 'null', progress: 'null' }
  // A made id no longer says where its job stands.
  const taken = { ...holder, ...next.facts, seq, keyed: true, keepCompletedCount, keepDeadCount }
  move(context, queue, holder, taken, notes)
  return { id, added: false, replaced: true }
}

/**
 * Makes a parent wait only for the children that were added; one without any becomes a job like
 * others.
 */
function correctPending(
  context: JobContext,
  queue: string,
  { job, given, pending }: BatchParent,
  now: number,
): void {
  if (pending === job.pending) return
  const facts = pending > 0 ? { pending } : factsOfNew(given, { token: job.token, pending: 0 }, now)
  move(context, queue, job, { ...job, ...facts }, {})
}

function move(
  context: JobContext,
  queue: string,
  before: JobRow,
  wanted: JobRow,
  notes: JobNotes,
): void {
  const after = passGate(context, queue, before.state, wanted)
  context.jobs.update(queue, before, after, notes)
  if (after.group !== null) changeRoom(context, queue, after.group, before.state, after.state)
}
