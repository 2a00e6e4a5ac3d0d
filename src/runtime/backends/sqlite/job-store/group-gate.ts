import { takesRoom, transition, type JobState } from '../../../ports/job-store/job-state.ts'
import type { JobRow } from './job-row.ts'
import type { JobStoreParts } from './job-store-parts.ts'
import { takePlace } from './take-place.ts'

/**
 * @param before Where the job stands, `null` when it is new
 * @returns `after`, but held where it would become ready while its group is full
 */
export function passGate(
  { groups }: JobStoreParts,
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

/** Notes that a job of `group` has gone from one state to another, and lets held ones follow where it left room. */
export function changeRoom(
  parts: JobStoreParts,
  queue: string,
  group: string,
  before: JobState | null,
  after: JobState | null,
): void {
  const had = before !== null && takesRoom(before)
  const has = after !== null && takesRoom(after)
  if (had === has) return
  const { groups } = parts
  const known = groups.admitted(queue, group)
  const count = has ? known + 1 : admitHeld(parts, queue, group, known - 1)
  if (count !== known) groups.setAdmitted(queue, group, count)
}

/** Admits held jobs while there is room, each behind whatever is ready, and answers how many have room then. */
function admitHeld(parts: JobStoreParts, queue: string, group: string, admitted: number): number {
  for (let count = admitted; ; count++) {
    const next = parts.jobs.firstHeld(queue, group)
    if (next === undefined || count >= next.groupLimit) return count
    const seq = takePlace(parts, queue, next.priority, false)
    // Its id no longer says where it stands.
    parts.jobs.update(queue, next, { ...moved(next, 'admit'), seq, keyed: true }, {})
  }
}

function moved(job: JobRow, type: 'hold' | 'admit'): JobRow {
  const next = transition(job, { type }, 0)
  return next.kind === 'changed' ? { ...job, ...next.facts } : job
}
