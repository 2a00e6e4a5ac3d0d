import { takesRoom, transition, type JobState } from '../../../ports/job-store/job-state.ts'
import {
  changedControl,
  hasRoom,
  mayAdmit,
  mayClaim,
  MOST_GROUPS_ADMITTED,
  UNCONTROLLED,
  type GroupControl,
  type GroupRecord,
  type GroupTerms,
} from '../../../ports/job-store/group-control.ts'
import {
  fromSqlText,
  readNumber,
  readNumberOrNull,
  readText,
  toSqlText,
} from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import type { JobRow } from './job-row.ts'
import type { JobTable } from './job-table.ts'

/** More than can run at once. */
const MOST_ACTIVE = 1_000_000

/** What the gate of a group works on. */
interface GateContext {
  readonly jobs: JobTable
  readonly groups: GroupTable
}

/** How many jobs of each group are ready or active, and what was asked of it. */
export interface GroupTable {
  standing(queue: string, group: string): GroupTerms & { readonly admitted: number }
  setAdmitted(queue: string, group: string, count: number): void
  setControl(queue: string, group: string, control: GroupControl): void
  /** The limit of all groups whose key begins so. */
  limitOf(queue: string, prefix: string): number | null
  setLimit(queue: string, prefix: string, limit: number | null): void
  /** The first keys after one, in their order, of groups of a prefix that have held jobs. */
  nextHeld(queue: string, prefix: string, after: string | null): string | null
  /** How many jobs of it are held. Reads them all. */
  held(queue: string, group: string): number
}

export function createGroupTable(db: SqlDatabase): GroupTable {
  return {
    standing(queue, group) {
      const [row] = db.run(STANDING, [queue, toSqlText(group)])
      if (row === undefined) return { ...UNCONTROLLED, shared: null, admitted: 0 }
      return {
        admitted: readNumberOrNull(row, 'admitted') ?? 0,
        paused: readNumberOrNull(row, 'paused') === 1,
        limit: readNumberOrNull(row, 'most'),
        shared: readNumberOrNull(row, 'shared'),
      }
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

    setControl(queue, group, { paused, limit }) {
      const key = toSqlText(group)
      if (!paused && limit === null) {
        db.run('DELETE FROM reuse_group_controls WHERE queue = ? AND key = ?', [queue, key])
        return
      }
      db.run(
        `INSERT INTO reuse_group_controls (queue, key, paused, most) VALUES (?, ?, ?, ?)
         ON CONFLICT (queue, key) DO UPDATE SET paused = excluded.paused, most = excluded.most`,
        [queue, key, Number(paused), limit],
      )
    },

    limitOf(queue, prefix) {
      const [row] = db.run('SELECT most FROM reuse_group_limits WHERE queue = ? AND prefix = ?', [
        queue,
        toSqlText(prefix),
      ])
      return row === undefined ? null : readNumber(row, 'most')
    },

    setLimit(queue, prefix, limit) {
      const key = toSqlText(prefix)
      if (limit === null)
        db.run('DELETE FROM reuse_group_limits WHERE queue = ? AND prefix = ?', [queue, key])
      else
        db.run(
          `INSERT INTO reuse_group_limits (queue, prefix, most) VALUES (?, ?, ?)
           ON CONFLICT (queue, prefix) DO UPDATE SET most = excluded.most`,
          [queue, key, limit],
        )
    },

    nextHeld(queue, prefix, after) {
      const [row] = db.run(
        `SELECT group_key FROM reuse_held_jobs WHERE queue = ?
         AND group_key ${after === null ? '>=' : '>'} ? ORDER BY group_key LIMIT 1`,
        [queue, toSqlText(after ?? prefix)],
      )
      const key = row === undefined ? null : fromSqlText(readText(row, 'group_key'))
      return key?.startsWith(prefix) === true ? key : null
    },

    held(queue, group) {
      const [row] = db.run(
        'SELECT count(*) AS jobs FROM reuse_held_jobs WHERE queue = ? AND group_key = ?',
        [queue, toSqlText(group)],
      )
      return row === undefined ? 0 : readNumber(row, 'jobs')
    },
  }
}

const STANDING = `SELECT control.paused, control.most,
  (SELECT admitted FROM reuse_groups WHERE queue = asked.queue AND key = asked.key) AS admitted,
  (SELECT most FROM reuse_group_limits
   WHERE queue = asked.queue AND prefix <= asked.key
     AND prefix = substr(asked.key, 1, length(prefix))
   ORDER BY prefix DESC LIMIT 1) AS shared
  FROM (SELECT ? AS queue, ? AS key) AS asked
  LEFT JOIN reuse_group_controls AS control
  ON control.queue = asked.queue AND control.key = asked.key`

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
  const standing = groups.standing(queue, after.group)
  if (hasRoom(standing.admitted, after.groupLimit, standing)) return after
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
  const standing = groups.standing(queue, group)
  const known = standing.admitted
  const count = has ? known + 1 : admitHeld(context, queue, group, known - 1, standing)
  if (count !== known) groups.setAdmitted(queue, group, count)
}

/** Whether a ready job may be claimed; its group may have been paused or limited meanwhile. */
export function passesClaim({ jobs, groups }: GateContext, queue: string, job: JobRow): boolean {
  const { group } = job
  if (group === null) return true
  const standing = groups.standing(queue, group)
  return mayClaim(
    standing.admitted,
    standing,
    () => jobs.due(queue, 'active', {}, MOST_ACTIVE).filter((one) => one.group === group).length,
  )
}

/** @returns Whether that changed something */
export function controlGroup(
  context: GateContext,
  queue: string,
  group: string,
  change: Partial<GroupControl>,
): boolean {
  const { groups } = context
  const { admitted, shared, ...before } = groups.standing(queue, group)
  const control = changedControl(before, change)
  if (control === null) return false
  groups.setControl(queue, group, control)
  const count = admitHeld(context, queue, group, admitted, { ...control, shared })
  if (count !== admitted) groups.setAdmitted(queue, group, count)
  return true
}

/** @returns Whether that changed something */
export function limitGroups(
  context: GateContext,
  queue: string,
  prefix: string,
  limit: number | null,
): boolean {
  const { groups } = context
  const before = groups.limitOf(queue, prefix)
  if (before === limit) return false
  groups.setLimit(queue, prefix, limit)
  if (!mayAdmit(before, limit)) return true
  let group = groups.nextHeld(queue, prefix, null)
  for (let seen = 0; group !== null && seen < MOST_GROUPS_ADMITTED; seen++) {
    const standing = groups.standing(queue, group)
    const count = admitHeld(context, queue, group, standing.admitted, standing)
    if (count !== standing.admitted) groups.setAdmitted(queue, group, count)
    group = groups.nextHeld(queue, prefix, group)
  }
  return true
}

export function readGroup(groups: GroupTable, queue: string, group: string): GroupRecord {
  const { admitted, paused, limit } = groups.standing(queue, group)
  return { admitted, paused, limit, held: groups.held(queue, group) }
}

/**
 * Admits held jobs while there is room, each behind whatever is ready, and answers how many have
 * room then.
 */
function admitHeld(
  context: GateContext,
  queue: string,
  group: string,
  admitted: number,
  terms: GroupTerms,
): number {
  for (let count = admitted; ; count++) {
    const next = context.jobs.firstHeld(queue, group)
    if (next === undefined || !hasRoom(count, next.groupLimit, terms)) return count
    const seq = context.jobs.nextSeq(queue, next.priority, false)
    // Its id no longer says where it stands.
    context.jobs.update(queue, next, { ...moved(next, 'admit'), seq, keyed: true }, {})
  }
}

function moved(job: JobRow, type: 'hold' | 'admit'): JobRow {
  const next = transition(job, { type }, 0)
  return next.kind === 'changed' ? { ...job, ...next.facts } : job
}
