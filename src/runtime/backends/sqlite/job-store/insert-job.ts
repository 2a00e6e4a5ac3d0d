import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import { factsOfNew } from '../../../ports/job-store/job-state.ts'
import { changeRoom, passGate } from './group-gate.ts'
import { standsAside } from './job-parts.ts'
import { makeJobId } from './job-position.ts'
import type { JobRow } from './job-row.ts'
import type { JobContext } from './job-context.ts'

/** Where a new job stands among others. */
export interface NewPosition {
  readonly seq: number
  /** A job of the same batch that waits for this one. */
  readonly parent: JobRow | null
  /** Children for which it is to wait. */
  readonly pending: number
}

/** Writes a new job that nothing holds back. */
export function insertJob(
  context: JobContext,
  queue: string,
  given: EncodedJob,
  { seq, parent, pending }: NewPosition,
  now: number,
): JobRow {
  const { deduplicationId, deduplicationTtlMs } = given
  const held = deduplicationTtlMs === 0 ? deduplicationId : null
  const id = given.id ?? makeJobId({ priority: given.priority, seq }, context.random)
  const job = passGate(context, queue, null, {
    // The token is above every one that an earlier job of this id had, even if a clock that is
    // behind mints the next one.
    ...factsOfNew(given, { token: Math.abs(seq), pending }, now),
    id,
    seq,
    keyed: given.id !== null,
    aside: standsAside(given.data) || standsAside(given.options),
    deduplication: held,
    group: given.group,
    groupLimit: given.groupLimit,
    flow: pending > 0 ? Math.abs(seq) : null,
    parent: parent?.id ?? null,
    parentFlow: parent?.flow ?? null,
    failsParent: given.failsParent,
    otherParents: null,
    tags: tagsOf(given),
    keepCompletedCount: given.keepCompletedCount,
    keepDeadCount: given.keepDeadCount,
  })
  context.jobs.insert(queue, job, given, now)
  const { name } = given
  context.events.note(queue, () => ({ type: 'added', id, name, attempt: 0, at: now }))
  if (job.group !== null) changeRoom(context, queue, job.group, null, job.state)
  if (deduplicationId !== null) {
    const until = held === null ? now + deduplicationTtlMs : null
    context.deduplication.hold(queue, deduplicationId, id, until)
  }
  return job
}

export function tagsOf({ tags }: EncodedJob): JobRow['tags'] {
  return tags.length === 0 ? null : tags
}

/** Adds the job that was kept until the holder of its deduplication id had finished. */
export function insertFollowUp(
  context: JobContext,
  queue: string,
  given: EncodedJob,
  now: number,
): void {
  const { priority, lifo } = given
  const seq = context.jobs.nextSeq(queue, priority, lifo)
  const job = { ...given, id: null, parent: null }
  insertJob(context, queue, job, { seq, parent: null, pending: 0 }, now)
}
