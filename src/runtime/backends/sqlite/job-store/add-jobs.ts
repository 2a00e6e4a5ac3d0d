import type { AddedJobId, AddResult } from '../../../ports/job-store/job-store.ts'
import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import {
  factsOfNew,
  hasEnded,
  isForgotten,
  transition,
} from '../../../ports/job-store/job-state.ts'
import { readText, readTextOrNull } from '../database/columns.ts'
import { applyEvent, dropExcess, findParent } from './apply-event.ts'
import { changeRoom, passGate } from './group-gate.ts'
import { insertJob, tagsOf } from './insert-job.ts'
import { wholeColumn } from './job-parts.ts'
import { JOB_COLUMNS, jobRowOf, parentsOf, withParents, type JobRow } from './job-row.ts'
import type { JobNotes } from './job-table.ts'
import type { JobContext } from './job-context.ts'
import { readQueueOverview, wakeAtOf } from './queue-overview.ts'

/** A job that others of a batch have as their parent. */
interface BatchParent {
  job: JobRow
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

/** @param root The parent of those that name none */
function addBatch(
  context: JobContext,
  queue: string,
  given: readonly EncodedJob[],
  now: number,
  root: BatchParent | null = null,
): readonly AddedJobId[] {
  const nextSeq = createOrder(context, queue)
  const childrenOf = countChildren(given)
  const parents = new Map<string, BatchParent & { readonly given: EncodedJob }>()

  const added = given.map((job): AddedJobId => {
    const parent = job.parent === null ? root : (parents.get(job.parent) ?? null)
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
  if (root !== null) {
    const waiting = { ...root.job, pending: root.job.pending + root.pending }
    context.jobs.update(queue, root.job, waiting, {})
  }
  for (const { job, failed } of parents.values())
    if (failed) endChild(context, queue, job.id, true, now)
  return added
}

/**
 * Makes a job that its attempt has just left blocked wait for these.
 *
 * @param job As it now stands, waiting for one more than it has
 */
export function addChildren(
  context: JobContext,
  queue: string,
  job: JobRow,
  children: readonly EncodedJob[],
  now: number,
): void {
  const { jobs, sequence } = context
  const flow = job.flow ?? sequence.next()
  // Its children find it by its id, in whatever state it is.
  const root: BatchParent = { job: { ...job, flow, keyed: true }, pending: 0, failed: false }
  jobs.update(queue, job, root.job, {})
  addBatch(context, queue, children, now, root)
  endChild(context, queue, job.id, root.failed, now)
}

/** Whether what holds the id of one of these waits for the job, or is the job. */
export function waitsForItself(
  context: JobContext,
  queue: string,
  job: JobRow,
  children: readonly EncodedJob[],
  now: number,
): boolean {
  const holders = children.flatMap(({ id, deduplicationId }) => {
    const known = id === null ? null : findKept(context, queue, id, now)
    if (known !== null) return [known.id]
    const hold =
      deduplicationId === null ? null : context.deduplication.find(queue, deduplicationId, now)
    return hold === null ? [] : [hold.job]
  })
  if (holders.length === 0) return false
  const above = new Map([[job.id, job]])
  // A map goes on to what is added to it on the way.
  for (const one of above.values())
    for (const tie of parentsOf(one)) {
      const parent = findParent(context, queue, tie)
      if (parent !== null) above.set(parent.id, parent)
    }
  return holders.some((id) => above.has(id))
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
  const taken = {
    ...{ ...holder, ...next.facts, seq, keyed: true, keepCompletedCount, keepDeadCount },
    tags: tagsOf(given),
  }
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
  const ties = parentsOf(holder).filter((tie) => findParent(context, queue, tie) !== null)
  if (ties.some((tie) => tie.parent === parentId)) return holder
  const tied = withParents(holder, [...ties, { parent: parentId, flow, fails }])
  jobs.update(queue, holder, tied, {})
  const { state } = tied
  if (!hasEnded(state)) {
    parent.pending++
    return tied
  }
  const columns = `name, ${wholeColumn('result')}, ${wholeColumn('error')}`
  const row = jobs.read(queue, tied, columns) ?? {}
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

/** What waits for one more than it has, waits for that no more, unless it is gone by now. */
function endChild(
  context: JobContext,
  queue: string,
  id: string,
  failed: boolean,
  now: number,
): void {
  const row = context.jobs.find(queue, id, JOB_COLUMNS)
  if (row !== undefined) applyEvent(context, queue, jobRowOf(row), { type: 'child', failed }, now)
}

/**
 * Makes a parent wait only for the children that have not ended; one without any becomes a job like
 * others. One that is to be dead waits for one more, since that is what makes it so.
 */
function correctPending(
  context: JobContext,
  queue: string,
  { job, given, pending: unended, failed }: BatchParent & { readonly given: EncodedJob },
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
