import { takesRoom, transition, type JobState } from '../../../ports/job-store/job-state.ts'
import { readNumber, toSqlText } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import type { JobRow } from './job-row.ts'
import type { JobTable } from './job-table.ts'

/** What the gate of a group works on. */
interface GateContext {
  readonly jobs: JobTable
  readonly groups: GroupTable
}

/** How many jobs of each group are ready or active. */
export interface GroupTable {
  admitted(queue: string, group: string): number
  setAdmitted(queue: string, group: string, count: number): void
}

export function createGroupTable(db: SqlDatabase): GroupTable {
  return {
    admitted(queue, group) {
      const [row] = db.run('SELECT admitted FROM reuse_groups WHERE queue = ? AND key = ?', [
        queue,
        toSqlText(group),
      ])
      return row === undefined ? 0 : readNumber(row, 'admitted')
    },

    setAdmitted(queue, group, count) {
      if (count === 0) {
        db.run('DELETE FROM reuse_groups WHERE queue = ? AND key = ?', [queue, toSqlText(group)])
        return
      }
      db.run(
        `INSERT INTO reuse_groups (queue, key, admitted) VALUES (?, ?, ?)
         ON CONFLICT (queue, key) DO UPDATE SET admitted = excluded.admitted`,
        [queue, toSqlText(group), count],
      )
    },
  }
}

/**
 * @param before Where the job stands, `null` when it is new
 * @returns `after`, but held where it would become ready while its group is full
 */
export function passGate(
  { groups }: GateContext,
  queue: string,
  before: JobState | null,
  after: JobRow,
): JobRow {
  if (after.group === null || after.state !== 'ready') return after
  // One that is ready or active has its room and keeps it.
  if (before !== null && takesRoom(before)) return after
  if (groups.admitted(queue, after.group) < after.groupLimit) return after
  return moved(after, 'hold')
}

/**
 * Notes that a job of `group` has gone from one state to another, and lets held ones follow where
 * it left room.
 */
export function changeRoom(
  context: GateContext,
  queue: string,
  group: string,
  before: JobState | null,
  after: JobState | null,
): void {
  const had = before !== null && takesRoom(before)
  const has = after !== null && takesRoom(after)
  if (had === has) return
  const { groups } = context
  const known = groups.admitted(queue, group)
  const count = has ? known + 1 : admitHeld(context, queue, group, known - 1)
  if (count !== known) groups.setAdmitted(queue, group, count)
}

/**
 * Admits held jobs while there is room, each behind whatever is ready, and answers how many have
 * room then.
 */
function admitHeld(context: GateContext, queue: string, group: string, admitted: number): number {
  for (let count = admitted; ; count++) {
    const next = context.jobs.firstHeld(queue, group)
    if (next === undefined || count >= next.groupLimit) return count
    const seq = context.jobs.nextSeq(queue, next.priority, false)
    // Its id no longer says where it stands.
    context.jobs.update(queue, next, { ...moved(next, 'admit'), seq, keyed: true }, {})
  }
}

function moved(job: JobRow, type: 'hold' | 'admit'): JobRow {
  const next = transition(job, { type }, 0)
  return next.kind === 'changed' ? { ...job, ...next.facts } : job
}
