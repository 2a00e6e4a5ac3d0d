import { stringifyJson } from '../../../primitives/stringify-json.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { orderOfExchange, type OrderedOutcome } from '../../ports/job-store/exchange-order.ts'
import {
  checkCommand,
  encodeJobs,
  JOB_LIMITS,
  type EncodedJob,
} from '../../ports/job-store/job-limits.ts'
import type {
  AddedJobId,
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobCommand,
  QueueCounts,
  QueueStore,
} from '../../ports/job-store/job-store.ts'
import {
  FLOW_CIRCLE_ERROR,
  factsOfNew,
  hasEnded,
  isFinished,
  JOB_STATES,
  transition,
  type JobEnd,
  type JobEvent,
  type JobState,
  type SettledOutcome,
} from '../../ports/job-store/job-state.ts'
import { createLeaseClock } from '../../ports/job-store/lease-clock.ts'
import { createKeptBounds } from '../../ports/job-store/kept-bounds.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { checkSearch } from '../../ports/job-store/job-search.ts'
import { checkGroupKey } from '../../ports/job-store/group-control.ts'
import { queueEventOf } from '../../ports/job-store/queue-event.ts'
import { createDeduplication, type DeduplicationHold } from './deduplication.ts'
import { createEventLog } from './event-log.ts'
import { createJobBoard } from './job-board.ts'
import { claimedOf, finishedChildOf, recordOf, type MemoryJob } from './memory-job.ts'
import { findOldest, listJobs, searchJobs } from './read-jobs.ts'

/** Creates one queue of the reference job store. */
export function createMemoryQueue(clock: Clock, random: RandomSource): QueueStore {
  let lastSeq = 0
  let lastToken = 0
  let paused = false
  /** Jobs that the running command has given their attempts again. */
  let retried = 0
  const board = createJobBoard(() => ++lastSeq)
  const deduplication = createDeduplication()
  const events = createEventLog()
  const bounds = createKeptBounds()
  const leases = createLeaseClock(clock)

  /** Feeds one event to one job and stores what comes of it; answers whether it applied. */
  function apply(job: MemoryJob, event: JobEvent, now: number): boolean {
    if (event.type === 'retry' && isFinished(job.facts.state)) retryFailedChildren(job, now)
    const next = transition(job.facts, event, now)
    if (next.kind === 'refused') return false
    const before = job.facts.state
    const noted = queueEventOf(job.facts, event, next)
    if (noted !== null) events.note({ ...noted, id: job.id, name: job.given.name, at: now })
    if (next.error !== undefined) job.error = stringifyJson(next.error)
    if (next.result !== undefined) job.result = stringifyJson(next.result)
    if (next.kind === 'removed') {
      board.remove(job)
      if (!isFinished(before)) finish(job, now)
      if (next.ended !== null) tellParents(job, next.ended, now)
      return true
    }
    if (next.data !== undefined) job.data = stringifyJson(next.data)
    const { state, token } = next.facts
    lastToken = Math.max(lastToken, token)
    board.move(job, next.facts)
    // It waits again, so that its deduplication id is in use again.
    if (isFinished(before) && !isFinished(state)) holdAgain(job, now)
    if (event.type === 'retry') {
      retried++
      makeParentsWait(job, now)
    }
    if (isFinished(state) && !isFinished(before)) finish(job, now)
    if (!hasEnded(state) || hasEnded(before)) return true
    bounds.heed(state, job.given)
    tellParents(job, state, now)
    return true
  }

  /**
   * What follows when a job needs nothing more: its deduplication id is free, and the job kept for
   * that is added.
   */
  function finish(job: MemoryJob, now: number): void {
    const { followUp } = job
    if (job.given.deduplicationId !== null) deduplication.release(job.given.deduplicationId, job.id)
    if (followUp === null) return
    job.followUp = null
    insert({ ...followUp, id: null, parent: null }, null, 0, now)
  }

  function tellParents(job: MemoryJob, state: JobEnd, now: number): void {
    for (const { job: parent, fails } of job.parents) {
      // The parent's id may be another job's by now.
      if (board.get(parent.id) !== parent || parent.children.has(job.id)) continue
      parent.children.set(job.id, finishedChildOf(job, state))
      apply(parent, { type: 'child', failed: state !== 'completed' && fails }, now)
    }
  }

  /** A job that runs again is waited for again, and how it ended counts no more. */
  function makeParentsWait(job: MemoryJob, now: number): void {
    for (const { job: parent } of job.parents)
      if (board.get(parent.id) === parent && parent.children.delete(job.id))
        apply(parent, { type: 'await' }, now)
  }

  function retryFailedChildren(job: MemoryJob, now: number): void {
    for (const { id, state } of [...job.children.values()]) {
      const child = state === 'completed' ? undefined : board.get(id)
      const failsIt = child?.parents.some(({ job: parent, fails }) => parent === job && fails)
      if (child !== undefined && failsIt === true) apply(child, { type: 'retry' }, now)
    }
  }

  function holdAgain({ id, given }: MemoryJob, now: number): void {
    if (given.deduplicationId === null || given.deduplicationTtlMs > 0) return
    if (deduplication.find(given.deduplicationId, now) === null)
      deduplication.hold(given.deduplicationId, id, null, now)
  }

  /** Drops the records whose time is over: they are as if gone. */
  function forget(now: number): void {
    for (const state of JOB_STATES.filter(hasEnded)) tickState(state, now)
  }

  /** Drops what is more than the jobs that ended in this call let stay. */
  function dropExcess(now: number): void {
    for (const { state, most, drops } of bounds.take()) {
      const list = board.inState(state)
      const excess = Math.max(list.size - most, 0)
      for (const job of list.slice(0, Math.min(excess, drops))) apply(job, { type: 'remove' }, now)
    }
  }

  function tickState(state: JobState, now: number): void {
    const list = board.inState(state)
    for (let job = list.at(0); job !== undefined && job.facts.rank <= now; job = list.at(0))
      apply(job, { type: 'tick' }, now)
  }

  function takeBackLost(): void {
    const { now, ended } = leases.look()
    const list = board.inState('active')
    const lost: MemoryJob[] = []
    for (let index = 0, job = list.at(0); job !== undefined && job.facts.rank <= now;) {
      const { rank } = job.facts
      if (ended.some(({ after, until }) => rank > after && rank <= until)) lost.push(job)
      job = list.at(++index)
    }
    for (const job of lost) apply(job, { type: 'tick' }, now)
  }

  function wakeInMs(now: number): number | null {
    if (paused) return null
    if (board.inState('ready').size > 0) return 0
    const next = Math.min(
      board.inState('scheduled').at(0)?.facts.rank ?? Infinity,
      leases.look().endOf(board.inState('active').at(0)?.facts.rank ?? Infinity),
    )
    return next === Infinity ? null : Math.max(next - now, 0)
  }

  function nextSeq(lifo: boolean): number {
    return lifo ? -++lastSeq : ++lastSeq
  }

  function insert(
    given: EncodedJob,
    parent: MemoryJob | null,
    pending: number,
    now: number,
  ): MemoryJob {
    const job: MemoryJob = {
      id: given.id ?? encodeHex(random.bytes(12)),
      addedAt: now,
      given,
      seq: nextSeq(given.lifo),
      facts: factsOfNew(given, { token: lastToken, pending }, now),
      data: given.data,
      error: 'null',
      result: 'null',
      progress: 'null',
      followUp: null,
      parents: parent === null ? [] : [{ job: parent, fails: given.failsParent }],
      children: new Map(),
    }
    board.add(job)
    events.note({ type: 'added', id: job.id, name: given.name, attempt: 0, at: now })
    const { deduplicationId, deduplicationTtlMs: ttlMs } = given
    if (deduplicationId !== null)
      deduplication.hold(deduplicationId, job.id, ttlMs > 0 ? now + ttlMs : null, now)
    return job
  }

  /** @returns Who holds the ids of a job, and by which deduplication; `null` when nobody does */
  function holderOf({ id, deduplicationId }: EncodedJob, now: number): Holder | null {
    if (id !== null && board.get(id) !== undefined) return { id, hold: null }
    const hold = deduplicationId === null ? null : deduplication.find(deduplicationId, now)
    return hold === null ? null : { id: hold.jobId, hold }
  }

  /** @returns What became of a job that is dropped, or `null` when nothing holds its ids */
  function drop(given: EncodedJob, now: number): AddedJobId | null {
    const { deduplicationId, deduplicationTtlMs: ttlMs } = given
    const found = holderOf(given, now)
    if (found === null) return null
    const { id: holderId, hold } = found
    const holder = board.get(holderId)
    if (hold !== null && deduplicationId !== null) {
      if (hold.until !== null && given.deduplicationExtend && ttlMs > 0)
        deduplication.hold(deduplicationId, holderId, now + ttlMs, now)
      if (hold.until === null && given.deduplicationKeepLast && holder?.facts.state === 'active')
        holder.followUp = given
    }
    const replaced = holder !== undefined && given.replace && replace(holder, given, now)
    return { id: holderId, added: false, ...(replaced && { replaced }) }
  }

  function replace(job: MemoryJob, given: EncodedJob, now: number): boolean {
    const next = transition(job.facts, { type: 'replace', terms: given }, now)
    if (next.kind !== 'changed') return false
    const noted = queueEventOf(job.facts, { type: 'replace', terms: given }, next)
    if (noted !== null) events.note({ ...noted, id: job.id, name: given.name, at: now })
    const { name, options, data, keepCompletedCount, keepDeadCount } = given
    job.given = { ...job.given, name, options, keepCompletedCount, keepDeadCount }
    board.tag(job, given.tags)
    job.data = data
    job.error = job.result = job.progress = 'null'
    board.move(job, next.facts, nextSeq(given.lifo))
    return true
  }

  function add(jobs: readonly EncodedJob[]): AddResult {
    const now = clock.now()
    forget(now)
    const { answers } = addBatch(jobs, now)
    dropExcess(now)
    return { jobs: answers, wakeInMs: wakeInMs(now) }
  }

  /** @param root The parent of those that name none */
  function addBatch(
    jobs: readonly EncodedJob[],
    now: number,
    root: MemoryJob | null = null,
  ): { readonly answers: readonly AddedJobId[]; readonly failed: ReadonlySet<MemoryJob> } {
    const named = new Set(jobs.map(({ parent }) => parent))
    const parents = new Map<string, MemoryJob>()
    const failed = new Set<MemoryJob>()
    const answers = jobs.map((given): AddedJobId => {
      const parent = given.parent === null ? root : (parents.get(given.parent) ?? null)
      if (given.parent !== null && parent === null)
        return { id: given.id ?? given.parent, added: false }
      const dropped = drop(given, now)
      if (dropped !== null) {
        if (parent !== null && !adopt(parent, dropped.id, given)) failed.add(parent)
        return dropped
      }
      // Blocked from the start if any job of the batch names it: by one too many, which is made
      // good below.
      const isParent = given.id !== null && named.has(given.id)
      const job = insert(given, parent, isParent ? 1 : 0, now)
      if (isParent) parents.set(job.id, job)
      if (parent !== null) parent.facts = { ...parent.facts, pending: parent.facts.pending + 1 }
      return { id: job.id, added: true }
    })
    for (const job of parents.values()) {
      const pending = job.facts.pending - 1
      if (failed.has(job)) continue
      if (pending > 0) job.facts = { ...job.facts, pending }
      else board.move(job, factsOfNew(job.given, { token: job.facts.token, pending }, now))
    }
    for (const job of parents.values()) if (failed.has(job)) failParent(job, now)
    return { answers, failed }
  }

  /** Blocks the job of an attempt until these have ended. */
  function waitForChildren(
    job: MemoryJob,
    token: number,
    outcome: Extract<OrderedOutcome, { readonly to: 'blocked' }>,
    now: number,
  ): boolean {
    forget(now)
    if (waitsForItself(job, outcome.children, now))
      return apply(job, settlementOf(token, { to: 'dead', error: FLOW_CIRCLE_ERROR }), now)
    if (!apply(job, settlementOf(token, outcome), now)) return false
    const { failed } = addBatch(outcome.children, now, job)
    if (failed.has(job)) failParent(job, now)
    else if (board.get(job.id) === job) apply(job, { type: 'child', failed: false }, now)
    return true
  }

  /** One that waits for one more than it has, unless another child has failed it meanwhile. */
  function failParent(job: MemoryJob, now: number): void {
    if (board.get(job.id) === job) apply(job, { type: 'child', failed: true }, now)
  }

  /** Whether what holds the id of one of these waits for the job, or is the job. */
  function waitsForItself(job: MemoryJob, children: readonly EncodedJob[], now: number): boolean {
    const above = new Set([job])
    // A set goes on to what is added to it on the way.
    for (const one of above)
      for (const { job: parent } of one.parents)
        if (board.get(parent.id) === parent) above.add(parent)
    return children.some((child) => {
      const holder = holderOf(child, now)
      const held = holder === null ? undefined : board.get(holder.id)
      return held !== undefined && above.has(held)
    })
  }

  /**
   * Makes a parent of the batch wait for the job that holds the id of a child, unless that has
   * ended.
   *
   * @returns False when it ended in a way that makes the parent dead
   */
  function adopt(parent: MemoryJob, id: string, { name, failsParent: fails }: EncodedJob): boolean {
    const holder = board.get(id)
    const knows = parent.children.has(id) || holder?.parents.some(({ job }) => job === parent)
    if (knows === true) return true
    if (holder === undefined) {
      // What a deduplication outlives: it has ended, nobody knows how.
      parent.children.set(id, { id, name, state: 'removed', result: null, error: null })
      return true
    }
    const kept = holder.parents.filter(({ job }) => board.get(job.id) === job)
    holder.parents = [...kept, { job: parent, fails }]
    const { state } = holder.facts
    if (!hasEnded(state)) {
      parent.facts = { ...parent.facts, pending: parent.facts.pending + 1 }
      return true
    }
    parent.children.set(id, finishedChildOf(holder, state))
    return state === 'completed' || !fails
  }

  function settle(job: MemoryJob, token: number, outcome: OrderedOutcome, now: number): boolean {
    const { state, token: current, cancelRequested } = job.facts
    if (state !== 'active' || current !== token) return false
    if (outcome.to === 'blocked' && !cancelRequested)
      return waitForChildren(job, token, outcome, now)
    return apply(job, settlementOf(token, outcome), now)
  }

  function exchange(request: Exchange): ExchangeResult {
    const order = orderOfExchange(request)
    const now = clock.now()
    const settled = order.settle.map(({ id, token, outcome }) => {
      const job = board.get(id)
      return job !== undefined && settle(job, token, outcome, now) ? 'settled' : 'lost'
    })
    const extended = order.extend.map(({ id, token, leaseMs, progress }) => {
      const job = board.get(id)
      leases.note(leaseMs)
      if (job === undefined || !apply(job, { type: 'extend', token, leaseMs }, now)) return 'lost'
      if (progress !== null) {
        job.progress = progress
        const { attempt } = job.facts
        events.note({ type: 'progress', id, name: job.given.name, attempt, at: now })
      }
      return job.facts.cancelRequested ? 'cancelled' : 'extended'
    })
    tickState('scheduled', now)
    takeBackLost()
    forget(now)
    dropExcess(now)
    const claimed: ClaimedJob[] = []
    if (order.claim !== undefined && !paused) {
      const { limit, leaseMs } = order.claim
      leases.note(leaseMs)
      let chars = 0
      // What is held instead makes room for those behind it.
      for (let held = true; held && claimed.length < limit;) {
        held = false
        for (const job of board.inState('ready').slice(0, limit - claimed.length)) {
          if (claimed.length > 0 && chars + job.data.length > JOB_LIMITS.replyBytes) {
            held = false
            break
          }
          if (!board.passClaim(job)) held = true
          else {
            apply(job, { type: 'claim', leaseMs, mintedToken: lastToken + 1 }, now)
            claimed.push(claimedOf(job))
            chars += job.data.length
          }
        }
      }
    }
    return { settled, extended, claimed, wakeInMs: wakeInMs(now) }
  }

  function command(given: JobCommand): number {
    const now = clock.now()
    forget(now)
    const changed = carryOut(checkCommand(given), now)
    dropExcess(now)
    return changed
  }

  function carryOut(checked: JobCommand, now: number): number {
    if (checked.type === 'pause' || checked.type === 'resume') {
      paused = checked.type === 'pause'
      return 0
    }
    if (checked.type === 'group') return board.control(checked.key, checked) ? 1 : 0
    if (checked.type === 'groups') return board.limitGroups(checked.prefix, checked.limit) ? 1 : 0
    if (checked.type === 'record') {
      events.record(checked.keep, now)
      return 0
    }
    if (checked.type === 'purge') {
      const { state, limit } = checked
      const chosen = board.inState(state).slice(0, limit)
      // Removing a child may make its parent leave the state that is purged.
      return chosen.filter((job) => {
        if (board.get(job.id) !== job || job.facts.state !== state) return false
        return apply(job, { type: 'remove' }, now)
      }).length
    }
    const { ids, ...event } = checked
    retried = 0
    const changed = ids.filter((id) => {
      const job = board.get(id)
      return job !== undefined && apply(job, event, now)
    }).length
    // Among them those that others took with them.
    return event.type === 'retry' ? retried : changed
  }

  function known(id: string): MemoryJob | undefined {
    forget(clock.now())
    return board.get(id)
  }

  function counts(): QueueCounts {
    forget(clock.now())
    const sizes = JOB_STATES.map((state) => [state, board.inState(state).size])
    // Every state is there, each with a number.
    return { ...Object.fromEntries(sizes), paused } as QueueCounts
  }

  return {
    add: async (given) => add(encodeJobs(given)),
    exchange: async (request) => exchange(request),
    async get(id) {
      const job = known(id)
      return job === undefined ? null : recordOf(job)
    },
    async list(options) {
      const isPlain = checkSearch(options)
      forget(clock.now())
      const { state } = options
      if (isPlain && state !== undefined) return listJobs(board.inState(state), state, options)
      const { found, cursor } = searchJobs(board, options)
      return { jobs: found.map(recordOf), cursor }
    },
    async find(options) {
      checkSearch(options)
      forget(clock.now())
      const { found, cursor } = searchJobs(board, options)
      return { ids: found.map(({ id }) => id), cursor }
    },
    children: async (id) => structuredClone([...(known(id)?.children.values() ?? [])]),
    counts: async () => counts(),
    oldestReady: async () => findOldest(board.inState('ready')),
    command: async (given) => command(given),
    async group(key) {
      checkGroupKey(key)
      return board.group(key)
    },
    events: async (options = {}) => events.read(options),
  }
}

interface Holder {
  readonly id: string
  readonly hold: DeduplicationHold | null
}

function settlementOf(token: number, outcome: SettledOutcome): JobEvent {
  return { type: 'settle', token, outcome }
}
