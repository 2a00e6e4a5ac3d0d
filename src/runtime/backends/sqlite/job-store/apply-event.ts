import { stringifyJson } from '../../../../primitives/stringify-json.ts'
import {
  hasEnded,
  isFinished,
  isForgotten,
  transition,
  type JobEnd,
  type JobEvent,
  type Transition,
} from '../../../ports/job-store/job-state.ts'
import { queueEventOf } from '../../../ports/job-store/queue-event.ts'
import type { NotedChild } from './child-table.ts'
import { changeRoom, passGate } from './group-gate.ts'
import { insertFollowUp } from './insert-job.ts'
import { JOB_COLUMNS, jobRowOf, parentsOf, type JobRow, type ParentTie } from './job-row.ts'
import { wholeColumn } from './job-parts.ts'
import type { JobNotes } from './job-table.ts'
import type { JobContext } from './job-context.ts'
import { orBroken, readText } from '../database/columns.ts'

/**
 * What an event made of a job: its row as it now stands, `removed`, or `refused` when the event did
 * not apply.
 */
export type Applied =
  | { readonly kind: 'changed'; readonly job: JobRow }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused' }

/**
 * Feeds one event to one job and writes what the state machine makes of it, and what follows: held
 * jobs of its group are admitted, a job kept for its end is added, and its parents hear of it, in
 * this order. A parent that is retried takes the children with it that failed it, ahead of itself.
 *
 * @param given The job as just read
 * @param progress JSON text to keep with a job that changes; default: what it has
 */
export function applyEvent(
  context: JobContext,
  queue: string,
  given: JobRow,
  event: JobEvent,
  now: number,
  progress: string | null = null,
): Applied {
  const job = event.type === 'retry' ? retryFailedChildren(context, queue, given, now) : given
  const next = transition(job, event, now)
  if (next.kind === 'refused') return next
  record(context, queue, job, event, next, progress !== null, now)
  const end = endOf(job, next)
  const child = end === null || job.parent === null ? null : noteOf(context, queue, job, end, next)
  const after = write(context, queue, job, next, progress)
  if (job.group !== null) changeRoom(context, queue, job.group, job.state, after?.state ?? null)
  if (event.type === 'retry') context.retried.count++
  if (job.deduplication !== null) {
    const { state } = after ?? { state: null }
    const waits = state !== null && !isFinished(state)
    // One that waits again holds its id again.
    if (isFinished(job.state) && waits) holdAgain(context, queue, job.id, job.deduplication, now)
    else if (!isFinished(job.state) && !waits) addFollowUp(context, queue, job.id, now)
  }
  if (event.type === 'retry') makeParentsWait(context, queue, job, now)
  if (after !== null && end !== null && end !== 'removed') context.bounds.heed(end, after)
  if (child !== null) tellParents(context, queue, job, child, now)
  return after === null ? { kind: 'removed' } : { kind: 'changed', job: after }
}

/**
 * Drops what is more than the jobs that ended in this call let stay, those first whose keeping ends
 * first.
 */
export function dropExcess(context: JobContext, queue: string, now: number): void {
  for (const { state, most, drops } of context.bounds.take()) {
    const excess = context.counts.count(queue, state) - most
    if (excess <= 0) continue
    // Records whose time is over are counted and stand first, so that they go before others do.
    for (const job of context.jobs.due(queue, state, {}, Math.min(excess, drops)))
      applyEvent(context, queue, job, { type: 'remove' }, now)
  }
}

/** Notes what happens, where the queue records it, while the job's row is still there. */
function record(
  { events, jobs }: JobContext,
  queue: string,
  job: JobRow,
  event: JobEvent,
  next: Effect,
  hasProgress: boolean,
  at: number,
): void {
  const { id, attempt } = job
  const told = event.type === 'extend' && hasProgress
  const noted = told ? ({ type: 'progress', attempt } as const) : queueEventOf(job, event, next)
  if (noted === null) return
  const nameOf = (): string =>
    orBroken(() => readText(jobs.read(queue, job, 'name') ?? {}, 'name'), '')
  events.note(queue, () => ({ ...noted, id, name: nameOf(), at }))
}

type Effect = Exclude<Transition, { readonly kind: 'refused' }>

/** How the job ends by this, if it had not ended before. */
function endOf(job: JobRow, next: Effect): JobEnd | null {
  if (next.kind === 'removed') return next.ended
  return hasEnded(next.facts.state) && !hasEnded(job.state) ? next.facts.state : null
}

/** What the parent keeps of a child, read while the child's row is still there. */
function noteOf(
  { jobs, sequence }: JobContext,
  queue: string,
  job: JobRow,
  state: JobEnd,
  next: Effect,
): NotedChild {
  const row = jobs.read(queue, job, `id, name, ${wholeColumn('error')}`) ?? {}
  const stored = row['error'] ?? null
  const error = next.error === undefined ? stored : stringifyJson(next.error)
  return {
    id: job.id,
    name: orBroken(() => readText(row, 'name'), ''),
    state,
    result: state === 'completed' ? stringifyJson(next.result ?? null) : null,
    error: state === 'completed' || typeof error !== 'string' ? null : error,
    place: sequence.next(),
  }
}

function write(
  context: JobContext,
  queue: string,
  job: JobRow,
  next: Effect,
  progress: string | null,
): JobRow | null {
  const { jobs, deduplication, children } = context
  if (next.kind === 'removed') {
    jobs.remove(queue, job)
    if (job.deduplication !== null) deduplication.release(queue, job.deduplication, job.id)
    if (job.flow !== null) children.forget(queue, job.id)
    return null
  }
  const { facts } = next
  // A made id says where its job stands by the priority that it was added with.
  const keyed = job.keyed || facts.priority !== job.priority
  const after = passGate(context, queue, job.state, { ...job, ...facts, keyed })
  const notes: JobNotes = {
    ...(next.error !== undefined && { error: stringifyJson(next.error) }),
    ...(next.result !== undefined && { result: stringifyJson(next.result) }),
    ...(next.data !== undefined && { data: stringifyJson(next.data) }),
    ...(progress !== null && { progress }),
  }
  return jobs.update(queue, job, after, notes)
}

function holdAgain(
  { deduplication }: JobContext,
  queue: string,
  job: string,
  id: string,
  now: number,
): void {
  if (deduplication.find(queue, id, now) === null) deduplication.hold(queue, id, job, null)
}

function addFollowUp(context: JobContext, queue: string, job: string, now: number): void {
  const followUp = context.followUps.take(queue, job)
  if (followUp !== null) insertFollowUp(context, queue, followUp, now)
}

function tellParents(
  context: JobContext,
  queue: string,
  job: JobRow,
  child: NotedChild,
  now: number,
): void {
  for (const tie of parentsOf(job)) {
    const parent = findParent(context, queue, tie)
    if (parent === null || !context.children.note(queue, parent.id, child)) continue
    const failed = child.state !== 'completed' && tie.fails
    applyEvent(context, queue, parent, { type: 'child', failed }, now)
  }
}

/** A job that runs again is waited for again, and how it ended counts no more. */
function makeParentsWait(context: JobContext, queue: string, job: JobRow, now: number): void {
  for (const tie of parentsOf(job)) {
    const parent = findParent(context, queue, tie)
    if (parent === null || !context.children.take(queue, parent.id, job.id)) continue
    applyEvent(context, queue, parent, { type: 'await' }, now)
  }
}

/** @returns The job as it then stands: blocked as soon as it runs again */
function retryFailedChildren(context: JobContext, queue: string, job: JobRow, now: number): JobRow {
  if (job.flow === null || !isFinished(job.state)) return job
  const failed = context.children.failed(queue, job.id)
  for (const id of failed) {
    const child = findJob(context, queue, id)
    if (child === null || isForgotten(child, now)) continue
    const failsIt = parentsOf(child).some(
      ({ parent, flow, fails }) => parent === job.id && flow === job.flow && fails,
    )
    if (failsIt) applyEvent(context, queue, child, { type: 'retry' }, now)
  }
  return failed.length === 0 ? job : (findJob(context, queue, job.id) ?? job)
}

/** The parent that a tie names, unless its id is another job's by now. */
export function findParent(
  context: JobContext,
  queue: string,
  { parent, flow }: ParentTie,
): JobRow | null {
  const found = findJob(context, queue, parent)
  return found?.flow === flow ? found : null
}

function findJob({ jobs }: JobContext, queue: string, id: string): JobRow | null {
  const row = jobs.find(queue, id, JOB_COLUMNS)
  return row === undefined ? null : jobRowOf(row)
}
