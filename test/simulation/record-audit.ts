import type { JobRecord, QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'
import {
  hasEnded,
  isFinished,
  JOB_STATES,
  takesRoom,
} from '../../src/runtime/ports/job-store/job-state.ts'
import { leaseHolds, mayHaveEndedAs, noteLost, type KnownJob } from './known-job.ts'

/** Holds the job store's records to what is known of the jobs. */
export interface RecordAudit {
  /** Compares every record. @returns How many jobs have not ended */
  compare(paused: boolean): Promise<number>
  /** Compares a wake that was just answered with the records. */
  checkWake(wakeInMs: number | null, paused: boolean): Promise<void>
}

/** What a {@link RecordAudit} goes by. */
export interface RecordAuditOptions {
  readonly jobStore: QueueStore
  readonly jobs: ReadonlyMap<string, KnownJob>
  readonly now: () => number
  /** The latest that the job store's clock may be, less `aheadMs`. */
  readonly latest: () => number
  /** How far the job store's clock was ahead when the world began. */
  readonly aheadMs: number
  readonly expect: (condition: boolean, what: string) => void
}

export function createRecordAudit(options: RecordAuditOptions): RecordAudit {
  const { jobStore, jobs, now, latest, aheadMs, expect } = options

  const instantOf = ({ at }: JobRecord): number => (at ?? 0) - aheadMs

  async function checkWake(wakeInMs: number | null, paused: boolean): Promise<void> {
    const [ready, scheduled, active] = await Promise.all(
      (['ready', 'scheduled', 'active'] as const).map((state) => recordsIn(state)),
    )
    const instants = [...(scheduled ?? []), ...(active ?? [])].map(instantOf)
    const next = (ready?.length ?? 0) > 0 ? now() : Math.max(Math.min(...instants), now())
    const expected = paused || next === Infinity ? null : next - now()
    const isRight =
      expected === null || wakeInMs === null
        ? wakeInMs === expected
        : Math.abs(wakeInMs - expected) <= latest() - now()
    expect(isRight, `a wake in ${expected} ms, not in ${wakeInMs}`)
  }

  async function recordsIn(state: JobRecord['state']): Promise<readonly JobRecord[]> {
    return (await jobStore.list({ state, limit: 1000 })).jobs
  }

  async function compare(paused: boolean): Promise<number> {
    const lists = await Promise.all(JOB_STATES.map(recordsIn))
    const counts = await jobStore.counts()
    expect(counts.paused === paused, `paused to be ${paused}`)
    const seen = new Set<string>()
    const inGroups = new Map<string, number>()
    // Children first: why a parent is dead is told by them.
    const records = lists.flat().toSorted((a, b) => depthOf(b.id) - depthOf(a.id))
    JOB_STATES.forEach((state, index) =>
      expect(counts[state] === lists[index]?.length, `as many ${state} jobs as are counted`),
    )
    for (const record of records) {
      const job = jobs.get(record.id)
      expect(!seen.has(record.id), `${record.id} to be in one state`)
      seen.add(record.id)
      if (job === undefined) expect(false, `${record.id}, which was never added, not to be there`)
      else compareOne(record, job)
      const group = job?.given.group
      if (group === undefined || !takesRoom(record.state)) continue
      const count = (inGroups.get(group.key) ?? 0) + 1
      inGroups.set(group.key, count)
      expect(count <= group.limit, `at most ${group.limit} jobs of ${group.key}, not ${count}`)
    }
    for (const { id, ended } of jobs.values())
      expect(seen.has(id) !== (ended === 'removed'), `${id} to be kept, or removed: ${ended}`)
    return records.filter(({ id }) => jobs.get(id)?.ended === null).length
  }

  function depthOf(id: string): number {
    const parent = jobs.get(id)?.given.parent
    return parent === undefined ? 0 : 1 + depthOf(parent)
  }

  function compareOne(record: JobRecord, job: KnownJob): void {
    const { id, state } = record
    if (hasEnded(state) && job.ended === null) {
      expect(mayHaveEndedAs(record, job, latest()), `${id} not to be ${state}: nothing ended it`)
      job.ended = state
      return
    }
    if (!isFinished(state) && state !== 'active') noteLost(job)
    expect(
      isFinished(state) ? state === job.ended : job.ended === null,
      `${id}, ${job.ended}, is ${state}`,
    )
    expect(record.attempt === job.claims, `${job.claims} attempts of ${id}, not ${record.attempt}`)
    if (state === 'completed')
      expect(
        JSON.stringify(record.result) === JSON.stringify(job.result),
        `${id} to have the result that was settled`,
      )
    if (state === 'active') {
      const lateMs = instantOf(record) - (job.leaseUntil ?? 0)
      expect(record.token === job.token, `${id} to be active under token ${job.token}`)
      expect(lateMs >= 0 && lateMs <= latest() - now(), `the lease of ${id} to end in time`)
    } else if (!isFinished(state))
      expect(!leaseHolds(job, job.token, latest()), `${id} to be active, its lease holds`)
  }

  return { compare, checkWake }
}
