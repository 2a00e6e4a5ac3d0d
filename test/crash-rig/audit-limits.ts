import { KEY_LIMIT, LEASE_MS, RATE_LIMIT } from './rig-queue.ts'
import { notesOf, type Noted, type RigRemains } from './rig-remains.ts'

/** An attempt as its process had it. */
interface Run {
  readonly id: string
  readonly token: number
  readonly key: string | undefined
  readonly from: number
  /** When it ended, was aborted, or its process was killed or stood still. */
  readonly until: number
}

/** A handler whose lease ended hears of it by a timer, which a busy machine may fire late. */
const LATE_MS = 1000

/** No limit is exceeded, and no job runs twice at once but for what a timer is late. */
export function auditLimits(remains: RigRemains): {
  readonly faults: readonly string[]
  readonly longestOverlapMs: number
} {
  const { samples } = remains
  const faults: string[] = []
  const runs = runsOf(remains)
  let longestOverlapMs = 0

  for (const sample of samples)
    for (const [key, count] of sample)
      if (count > KEY_LIMIT) faults.push(`${count} jobs of ${key} were active, not ${KEY_LIMIT}`)

  for (const group of groupsOf(runs, ({ key }) => key)) {
    for (const run of group) {
      const beside = group
        .filter((other) => other !== run && other.from <= run.from && other.until > run.from)
        .map(({ until }) => until - run.from)
        .toSorted((a, b) => b - a)
      const overlap = beside[KEY_LIMIT - 1] ?? 0
      longestOverlapMs = Math.max(longestOverlapMs, overlap)
      if (overlap > LATE_MS)
        faults.push(
          `${beside.length + 1} jobs of ${run.key} ran at once for ${Math.round(overlap)} ms`,
        )
    }
  }
  for (const attempts of groupsOf(runs, ({ id }) => id)) {
    attempts.forEach((run, index) => {
      const overlap = (attempts[index - 1]?.until ?? 0) - run.from
      longestOverlapMs = Math.max(longestOverlapMs, overlap)
      if (overlap > LATE_MS)
        faults.push(`${run.id} ran twice at once for ${Math.round(overlap)} ms`)
    })
  }
  return { faults: [...faults, ...auditRate(remains)], longestOverlapMs }
}

function runsOf({ notes }: RigRemains): readonly Run[] {
  const ends = new Map<string, number>()
  for (const note of notes) {
    if (note.what !== 'ended' && note.what !== 'aborted' && note.what !== 'settled') continue
    const run = `${note.pid} ${note.id} ${note.token}`
    ends.set(run, Math.min(ends.get(run) ?? Infinity, note.at))
  }
  const halts = notes.filter(({ what }) => what === 'killed' || what === 'stopped')
  return notesOf(notes, 'begun').map(({ id, token, key, at, pid }) => {
    // A process that was killed before it could note anything of it has not gone on either.
    const halt = halts.find((note) => note.pid === pid && note.at >= at - LEASE_MS / 100)?.at
    const until = Math.min(ends.get(`${pid} ${id} ${token}`) ?? Infinity, halt ?? Infinity)
    return { id, token, key, from: at, until }
  })
}

function groupsOf(runs: readonly Run[], keyOf: (run: Run) => string | undefined): readonly Run[][] {
  const groups = new Map<string, Run[]>()
  for (const run of runs.toSorted((a, b) => a.from - b.from)) {
    const key = keyOf(run)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()]
}

/**
 * Until any moment no more attempts have begun than the limit had given out: all of it at first,
 * and then as time passed, also what the wall clock was set forward by.
 */
function auditRate({ notes }: RigRemains): readonly string[] {
  const begun = notesOf(notes, 'begun').filter(({ kind }) => kind === 'limited')
  const first = notes[0]?.at ?? 0
  const clocks: readonly Noted<'clock'>[] = notesOf(notes, 'clock')
  const { limit, window } = RATE_LIMIT
  return begun.flatMap(({ at }, index) => {
    let ahead = 0
    for (const step of clocks) if (step.at <= at) ahead += Math.max(step.byMs, 0)
    const most = limit + ((at - first + ahead) / window) * limit
    return index + 1 <= most
      ? []
      : [`${index + 1} limited attempts began within ${Math.round(at - first)} ms`]
  })
}
