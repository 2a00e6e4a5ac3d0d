import {
  JOB_STATES,
  takesRoom,
  transition,
  type JobFacts,
  type JobState,
} from '../../ports/job-store/job-state.ts'
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
} from '../../ports/job-store/group-control.ts'
import { compareJobs, type MemoryJob } from './memory-job.ts'
import { SortedList } from './sorted-list.ts'
import { createTagIndex } from './tag-index.ts'

/** Where the jobs of one queue stand, and which of a group may be ready. */
export interface JobBoard {
  get(id: string): MemoryJob | undefined
  /** The jobs of a state in their order. */
  inState(state: JobState): SortedList<MemoryJob>
  /** The jobs with a tag, by when they were added. */
  tagged(tag: string): SortedList<MemoryJob>
  /** Gives a job other tags. */
  tag(job: MemoryJob, tags: readonly string[]): void
  /** Puts a new job where its facts say. */
  add(job: MemoryJob): void
  /**
   * Moves a job to where its new facts say; one that would become ready while its group is full is
   * held, and what it leaves goes to held ones.
   */
  move(job: MemoryJob, facts: JobFacts, seq?: number): void
  remove(job: MemoryJob): void
  /** Whether a ready job may be claimed; otherwise it is held. */
  passClaim(job: MemoryJob): boolean
  /** @returns Whether that changed something */
  control(group: string, change: Partial<GroupControl>): boolean
  /** @returns Whether that changed something */
  limitGroups(prefix: string, limit: number | null): boolean
  group(key: string): GroupRecord
}

/** The jobs of one group. */
interface Group {
  /** How many are ready or active. */
  admitted: number
  readonly held: SortedList<MemoryJob>
}

/** @param nextSeq Gives an order number behind all others */
export function createJobBoard(nextSeq: () => number): JobBoard {
  const jobs = new Map<string, MemoryJob>()
  const states = new Map(JOB_STATES.map((state) => [state, new SortedList(compareJobs)]))
  const groups = new Map<string, Group>()
  const tags = createTagIndex()
  const controls = new Map<string, GroupControl>()
  const limits = new Map<string, number>()
  const controlOf = (group: string): GroupControl => controls.get(group) ?? UNCONTROLLED

  const inState = (state: JobState): SortedList<MemoryJob> =>
    states.get(state) ?? new SortedList(compareJobs)

  function take(job: MemoryJob): void {
    inState(job.facts.state).remove(job)
    const group = groupOf(job)
    if (takesRoom(job.facts.state)) group.admitted--
    group.held.remove(job)
    keep(job, group)
  }

  function put(job: MemoryJob): void {
    inState(job.facts.state).add(job)
    const group = groupOf(job)
    if (takesRoom(job.facts.state)) group.admitted++
    if (job.facts.state === 'held') group.held.add(job)
    keep(job, group)
  }

  function termsOf(group: string): GroupTerms {
    const prefixes = [...limits.keys()].filter((prefix) => group.startsWith(prefix))
    const [longest = ''] = prefixes.toSorted((one, other) => other.length - one.length)
    return { ...controlOf(group), shared: limits.get(longest) ?? null }
  }

  function groupOf({ given: { group } }: MemoryJob): Group {
    return groups.get(group ?? '') ?? { admitted: 0, held: new SortedList(compareJobs) }
  }

  function keep({ given: { group: key } }: MemoryJob, group: Group): void {
    if (key === null) return
    if (group.admitted > 0 || group.held.size > 0) groups.set(key, group)
    else groups.delete(key)
  }

  function isFull(job: MemoryJob): boolean {
    const { group, groupLimit } = job.given
    return group !== null && !hasRoom(groupOf(job).admitted, groupLimit, termsOf(group))
  }

  /** Lets held jobs follow while there is room, each behind whatever is ready already. */
  function admitHeld(group: string): void {
    for (;;) {
      const next = groups.get(group)?.held.at(0)
      if (next === undefined || isFull(next)) return
      move(next, next.facts, nextSeq(), 'admit')
    }
  }

  function move(job: MemoryJob, facts: JobFacts, seq: number, gate: 'admit' | 'hold' | null): void {
    const had = takesRoom(job.facts.state)
    take(job)
    const gated = gate === null ? null : transition(facts, { type: gate }, 0)
    job.facts = gated?.kind === 'changed' ? gated.facts : facts
    job.seq = seq
    put(job)
    if (had && !takesRoom(job.facts.state) && job.given.group !== null) admitHeld(job.given.group)
  }

  return {
    get: (id) => jobs.get(id),
    inState,
    tagged: (tag) => tags.jobs(tag),
    tag(job, given) {
      tags.remove(job)
      job.given = { ...job.given, tags: given }
      tags.add(job)
    },
    add(job) {
      jobs.set(job.id, job)
      tags.add(job)
      const held = isFull(job) ? transition(job.facts, { type: 'hold' }, 0) : null
      if (held?.kind === 'changed') job.facts = held.facts
      put(job)
    },
    move(job, facts, seq = job.seq) {
      const full = !takesRoom(job.facts.state) && isFull(job)
      move(job, facts, seq, full ? 'hold' : null)
    },
    passClaim(job) {
      const { group } = job.given
      if (group === null) return true
      const active = (): number =>
        inState('active')
          .slice(0)
          .filter((other) => other.given.group === group).length
      if (mayClaim(groupOf(job).admitted, termsOf(group), active)) return true
      move(job, job.facts, job.seq, 'hold')
      return false
    },
    control(group, change) {
      const changed = changedControl(controlOf(group), change)
      if (changed === null) return false
      if (changed.paused || changed.limit !== null) controls.set(group, changed)
      else controls.delete(group)
      admitHeld(group)
      return true
    },
    limitGroups(prefix, limit) {
      const before = limits.get(prefix) ?? null
      if (before === limit) return false
      if (limit === null) limits.delete(prefix)
      else limits.set(prefix, limit)
      if (!mayAdmit(before, limit)) return true
      const waiting = [...groups].filter(
        ([key, { held }]) => held.size > 0 && key.startsWith(prefix),
      )
      for (const [key] of waiting.slice(0, MOST_GROUPS_ADMITTED)) admitHeld(key)
      return true
    },
    group(key) {
      const { admitted = 0, held } = groups.get(key) ?? {}
      return { ...controlOf(key), admitted, held: held?.size ?? 0 }
    },
    remove(job) {
      jobs.delete(job.id)
      tags.remove(job)
      take(job)
      if (takesRoom(job.facts.state) && job.given.group !== null) admitHeld(job.given.group)
    },
  }
}
