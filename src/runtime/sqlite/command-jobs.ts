import { JOB_LIMITS } from '../ports/job-limits.ts'
import type { JobCommand } from '../ports/job-ledger.ts'
import { isForgotten, JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import { applyEvent, type LedgerParts } from './ledger-parts.ts'

/** Rows read at once while purging. */
const PURGED_A_STEP = 1000

/** @throws RangeError when the command names too many jobs */
export function copyCommand(command: JobCommand): JobCommand {
  if ('ids' in command) {
    const { length } = command.ids
    if (length > JOB_LIMITS.batch)
      throw new RangeError(
        `Cannot ${command.type} jobs: ${length} ids, at most ${JOB_LIMITS.batch} allowed`,
      )
    return { ...command, ids: [...command.ids] }
  }
  if ('limit' in command && !(Number.isInteger(command.limit) && command.limit >= 1))
    throw new RangeError(
      `Cannot purge jobs: limit is ${command.limit}, a positive integer expected`,
    )
  return { ...command }
}

/**
 * Carries out one command, within a transaction.
 *
 * @returns How many jobs changed
 */
export function commandJobs(parts: LedgerParts, queue: string, command: JobCommand): number {
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
  parts: LedgerParts,
  queue: string,
  { type, ids }: Extract<JobCommand, { readonly ids: readonly string[] }>,
): number {
  const now = parts.clock.now()
  return ids.filter((id) => {
    const row = parts.jobs.find(queue, id, JOB_COLUMNS)
    const job = row === undefined ? null : jobRowOf(row)
    if (job === null || isForgotten(job, now)) return false
    return applyEvent(parts, queue, job, { type }, now).kind !== 'refused'
  }).length
}

function purge(
  parts: LedgerParts,
  queue: string,
  { state, limit }: Extract<JobCommand, { readonly type: 'purge' }>,
): number {
  const now = parts.clock.now()
  for (let purged = 0; ;) {
    const step = Math.min(PURGED_A_STEP, limit - purged)
    const jobs: readonly JobRow[] = parts.jobs.due(queue, state, Number.MAX_SAFE_INTEGER, step)
    for (const job of jobs) applyEvent(parts, queue, job, { type: 'remove' }, now)
    purged += jobs.length
    if (jobs.length < step || purged === limit) return purged
  }
}
