import type { JobCommand } from '../../../ports/job-store/job-store.ts'
import { hasEnded, isForgotten } from '../../../ports/job-store/job-state.ts'
import { applyEvent, dropExcess } from './apply-event.ts'
import { controlGroup, limitGroups } from './group-gate.ts'
import { JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import type { JobContext } from './job-context.ts'

/**
 * Carries out one command, within a transaction.
 *
 * @returns How many jobs changed
 */
export function commandJobs(context: JobContext, queue: string, command: JobCommand): number {
  const changed = carryOut(context, queue, command)
  dropExcess(context, queue, context.clock.now())
  return changed
}

function carryOut(context: JobContext, queue: string, command: JobCommand): number {
  switch (command.type) {
    case 'pause':
      context.db.run('INSERT OR IGNORE INTO reuse_paused_queues (queue) VALUES (?)', [queue])
      return 0
    case 'resume':
      context.db.run('DELETE FROM reuse_paused_queues WHERE queue = ?', [queue])
      return 0
    case 'group':
      return controlGroup(context, queue, command.key, command) ? 1 : 0
    case 'groups':
      return limitGroups(context, queue, command.prefix, command.limit) ? 1 : 0
    case 'record':
      context.events.record(queue, command.keep, context.clock.now())
      return 0
    case 'purge':
      return purge(context, queue, command)
    default:
      return changeEach(context, queue, command)
  }
}

function changeEach(
  context: JobContext,
  queue: string,
  { ids, ...event }: Extract<JobCommand, { readonly ids: readonly string[] }>,
): number {
  const now = context.clock.now()
  const changed = ids.filter((id) => {
    const job = find(context, queue, id)
    if (job === null || isForgotten(job, now)) return false
    return applyEvent(context, queue, job, event, now).kind !== 'refused'
  }).length
  // Among them those that others took with them.
  return event.type === 'retry' ? context.retried.count : changed
}

function purge(
  context: JobContext,
  queue: string,
  { state, limit }: Extract<JobCommand, { readonly type: 'purge' }>,
): number {
  const now = context.clock.now()
  const range = hasEnded(state) ? { after: now } : {}
  return context.jobs.due(queue, state, range, limit).filter((found) => {
    // Removing a child may have changed its parent, or made it leave the state that is purged.
    const tied = found.flow !== null || found.parent !== null
    const job = tied ? find(context, queue, found.id) : found
    if (job?.state !== state) return false
    return applyEvent(context, queue, job, { type: 'remove' }, now).kind === 'removed'
  }).length
}

function find({ jobs }: JobContext, queue: string, id: string): JobRow | null {
  const row = jobs.find(queue, id, JOB_COLUMNS)
  return row === undefined ? null : jobRowOf(row)
}
