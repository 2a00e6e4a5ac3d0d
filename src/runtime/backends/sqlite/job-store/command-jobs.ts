import type { JobCommand } from '../../../ports/job-store/job-store.ts'
import { hasEnded, isForgotten } from '../../../ports/job-store/job-state.ts'
import { applyEvent } from './apply-event.ts'
import { dropExcess } from './drop-excess.ts'
import { JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import type { JobStoreParts } from './job-store-parts.ts'

/**
 * Carries out one command, within a transaction.
 *
 * @returns How many jobs changed
 */
export function commandJobs(parts: JobStoreParts, queue: string, command: JobCommand): number {
  const changed = carryOut(parts, queue, command)
  dropExcess(parts, queue, parts.clock.now())
  return changed
}

function carryOut(parts: JobStoreParts, queue: string, command: JobCommand): number {
  switch (command.type) {
    case 'pause':
      parts.db.run('INSERT OR IGNORE INTO reuse_paused_queues (queue) VALUES (?)', [queue])
      return 0
    case 'resume':
      parts.db.run('DELETE FROM reuse_paused_queues WHERE queue = ?', [queue])
      return 0
    case 'purge':
      return purge(parts, queue, command)
    default:
      return changeEach(parts, queue, command)
  }
}

function changeEach(
  parts: JobStoreParts,
  queue: string,
  { type, ids }: Extract<JobCommand, { readonly ids: readonly string[] }>,
): number {
  const now = parts.clock.now()
  return ids.filter((id) => {
    const job = find(parts, queue, id)
    if (job === null || isForgotten(job, now)) return false
    return applyEvent(parts, queue, job, { type }, now).kind !== 'refused'
  }).length
}

function purge(
  parts: JobStoreParts,
  queue: string,
  { state, limit }: Extract<JobCommand, { readonly type: 'purge' }>,
): number {
  const now = parts.clock.now()
  const range = hasEnded(state) ? { after: now } : {}
  return parts.jobs.due(queue, state, range, limit).filter((found) => {
    // Removing a child may have changed its parent, or made it leave the state that is purged.
    const job = found.flow === null ? found : find(parts, queue, found.id)
    if (job?.state !== state) return false
    return applyEvent(parts, queue, job, { type: 'remove' }, now).kind === 'removed'
  }).length
}

function find({ jobs }: JobStoreParts, queue: string, id: string): JobRow | null {
  const row = jobs.find(queue, id, JOB_COLUMNS)
  return row === undefined ? null : jobRowOf(row)
}
