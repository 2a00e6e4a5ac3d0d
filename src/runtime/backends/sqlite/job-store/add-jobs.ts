import type { AddedJobId, AddResult } from '../../../ports/job-store/job-store.ts'
import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import {
  factsOfNew,
  hasEnded,
  isForgotten,
  transition,
} from '../../../ports/job-store/job-state.ts'
import { readText, readTextOrNull } from '../database/columns.ts'
import { applyEvent, dropExcess } from './apply-event.ts'
import { changeRoom, passGate } from './group-gate.ts'
import { insertJob } from './insert-job.ts'
import {
  JOB_COLUMNS,
  jobRowOf,
  parentsOf,
  withParents,
  type JobRow,
  type ParentTie,
} from './job-row.ts'
import type { JobNotes } from './job-table.ts'
import type { JobContext } from './job-context.ts'
import { readQueueOverview, wakeAtOf } from './queue-overview.ts'

/** A job of the batch that others of it name as their parent. */
interface BatchParent {
  job: JobRow
  readonly given: EncodedJob
  /** Its children that have not ended. */
  pending: number
  /** Whether one of its children has ended in a way that makes it dead. */
  failed: boolean
}

/** Adds jobs in order, within a transaction. */
export function addJobs(
  context: JobContext,
  queue: string,
  given: readonly EncodedJob[],
): AddResult {
  const { db, clock } = context
  const now = clock.now()
  const added = addBatch(context, queue, given, now)
  dropExcess(context, queue, now)
  const wakeAt = wakeAtOf(readQueueOverview(db, queue))
  return { jobs: added, wakeInMs: wakeAt === null ? null : Math.max(wakeAt - now, 0) }
}

function addBatch(
  context: JobContext,
  queue: string,
  given: readonly EncodedJob[],
  now: number,
): readonly AddedJobId[] {
  const nextSeq = createOrder(context, queue)
  const childrenOf = countChildren(given)
  const parents = new Map<string, BatchParent>()

  const added = given.map((job): AddedJobId => {
    const parent = job.parent === null ? null : (parents.get(job.parent) ?? null)
    if (job.parent !== null && parent === null) return { id: job.id ?? job.parent, added: false }
    const seq = nextSeq(job)
    const dropped = dropJob(context, queue, job, seq, now)
    if (dropped !== null) {
      if (parent !== null) {
        const holder = adopt(context, queue, parent, dropped.id, job, now)
        const batched = parents.get(dropped.id)
        if (batched !== undefined && holder !== null) batched.job = holder
      }
      return dropped
    }
    // Blocked from the start if any job of the batch names it, and made ready below if it need not
    // wait for any of them.
    const pending = job.id === null ? 0 : (childrenOf.get(job.id) ?? 0)
    const position = { seq, parent: parent?.job ?? null, pending }
    const row = insertJob(context, queue, job, position, now)
    if (pending > 0) parents.set(row.id, { job: row, given: job, pending: 0, failed: false })
    if (parent !== null) parent.pending++
    return { id: row.id, added: true }
  })
  for (const parent of parents.values()) correctPending(context, queue, parent, now)
  for (const { job, failed } of parents.values())
    if (failed) failParent(context, queue, job.id, now)
  return added
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
  const notes = { name, data, options, error: 'null', result: 'null', progress: 'null' }
  // A made id no longer says where its job stands.
  const taken = { ...holder, ...next.facts, seq, keyed: true, keepCompletedCount, keepDeadCount }
  move(context, queue, holder, taken, notes)
  return { id, added: false, replaced: true }
}

/**
 * Makes a parent of the batch wait for the job that holds the id of a child, unless that has ended.
 *
 * @returns That job as it then stands, or `null` where there is none
 */
function adopt(
  context: JobContext,
  queue: string,
  parent: BatchParent,
  id: string,
  { name, failsParent: fails }: EncodedJob,
  now: number,
): JobRow | null {
  const { jobs, children, sequence } = context
  const holder = findKept(context, queue, id, now)
  const place = sequence.next()
  if (holder === null) {
    // What a deduplication outlives: it has ended, nobody knows how.
    const ended = { id, name, state: 'removed', result: null, error: null, place } as const
    children.note(queue, parent.job.id, ended)
    return null
  }
  const { id: parentId, flow } = parent.job
  const ties = parentsOf(holder).filter((tie) => isThere(context, queue, tie))
  if (ties.some((tie) => tie.parent === parentId)) return holder
  const tied = withParents(holder, [...ties, { parent: parentId, flow, fails }])
  jobs.update(queue, holder, tied, {})
  const { state } = tied
  if (!hasEnded(state)) {
    parent.pending++
    return tied
  }
  const row = jobs.read(queue, tied, 'name, result, error') ?? {}
  const isCompleted = state === 'completed'
  children.note(queue, parentId, {
    id,
    name: readText(row, 'name'),
    state,
    result: isCompleted ? (readTextOrNull(row, 'result') ?? 'null') : null,
    error: isCompleted ? null : readTextOrNull(row, 'error'),
    place,
  })
  if (!isCompleted && fails) parent.failed = true
  return tied
}

function isThere({ jobs }: JobContext, queue: string, { parent, flow }: ParentTie): boolean {
  const row = jobs.find(queue, parent, JOB_COLUMNS)
  return row !== undefined && jobRowOf(row).flow === flow
}

function failParent(context: JobContext, queue: string, id: string, now: number): void {
  const row = context.jobs.find(queue, id, JOB_COLUMNS)
  if (row === undefined) return
  applyEvent(context, queue, jobRowOf(row), { type: 'child', failed: true }, now)
}

/**
 * Makes a parent wait only for the children that have not ended; one without any becomes a job like
 * others. One that is to be dead waits for one more, since that is what makes it so.
 */
function correctPending(
  context: JobContext,
  queue: string,
  { job, given, pending: unended, failed }: BatchParent,
  now: number,
): void {
  const pending = failed ? unended + 1 : unended
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
