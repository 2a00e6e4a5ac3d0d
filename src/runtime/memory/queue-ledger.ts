import type { Clock } from '../ports/clock.ts'
import { checkExchange, encodeJobs, encodeJson, type EncodedJob } from '../ports/job-limits.ts'
import type {
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobCommand,
  JobPage,
  JobRecord,
  ListJobsOptions,
  QueueCounts,
  QueueLedger,
} from '../ports/job-ledger.ts'
import {
  instantOf,
  isFinished,
  JOB_STATES,
  transition,
  type JobEvent,
  type JobFacts,
  type JobState,
} from '../ports/job-state.ts'
import type { Json } from '../ports/json.ts'
import type { RandomSource } from '../ports/random-source.ts'
import { SortedList } from './sorted-list.ts'

/** A job as kept: JSON values as text, so that neither side can change them under the other. */
interface MemoryJob {
  readonly id: string
  readonly addedAt: number
  /** What it was added as; replaced whole when another job takes its place. */
  given: EncodedJob
  /** Order within one rank; negative and falling for jobs that go ahead. */
  seq: number
  data: string
  error: string
  result: string
  progress: string
  facts: JobFacts
  /** Added once this one has finished; see `deduplication.keepLast`. */
  followUp: EncodedJob | null
  readonly children: Map<string, FinishedChild>
}

const DEFAULT_PAGE = 100

/** Creates one queue of the reference ledger. */
export function createMemoryQueue(clock: Clock, random: RandomSource): QueueLedger {
  const jobs = new Map<string, MemoryJob>()
  const states = new Map(JOB_STATES.map((state) => [state, new SortedList(compareJobs)]))
  const deduplication = new Map<string, { readonly jobId: string; readonly until: number | null }>()
  /** How many jobs of a group are ready or active. */
  const admitted = new Map<string, number>()
  let lastSeq = 0
  let lastToken = 0
  let paused = false

  const inState = (state: JobState): SortedList<MemoryJob> =>
    states.get(state) ?? new SortedList(compareJobs)

  /** Feeds one event to one job and stores what comes of it; answers whether it applied. */
  function apply(job: MemoryJob, event: JobEvent, now: number): boolean {
    const next = transition(job.facts, event, now)
    if (next.kind === 'refused') return false
    if (next.kind === 'removed') {
      move(job, null)
      jobs.delete(job.id)
      afterFinishing(job, job.facts, null, now)
      return true
    }
    const before = job.facts
    if (next.error !== undefined) job.error = JSON.stringify(next.error)
    if (next.result !== undefined) job.result = encodeJson('result', next.result)
    if (next.data !== undefined) job.data = encodeJson('data', next.data)
    lastToken = Math.max(lastToken, next.facts.token)
    move(job, next.facts)
    if (isFinished(next.facts.state)) afterFinishing(job, before, next.facts, now)
    else if (event.type === 'retry') takeDeduplication(job.given, job.id, now)
    return true
  }

  /** Takes a job from where it stands to where its new facts say, and keeps the count of its group. */
  function move(job: MemoryJob, facts: JobFacts | null): void {
    inState(job.facts.state).remove(job)
    const { group } = job.given
    const left = group !== null && takesRoom(job.facts.state)
    if (left) admitted.set(group, (admitted.get(group) ?? 0) - 1)
    if (facts !== null) {
      const held = facts.state === 'ready' && isFull(job.given) ? transition(facts, { type: 'hold' }, 0) : null
      job.facts = held?.kind === 'changed' ? held.facts : facts
      place(job)
    }
    if (left) admitNext(group)
  }

  function place(job: MemoryJob): void {
    inState(job.facts.state).add(job)
    const { group } = job.given
    if (group !== null && takesRoom(job.facts.state)) admitted.set(group, (admitted.get(group) ?? 0) + 1)
  }

  function isFull({ group, groupLimit }: EncodedJob): boolean {
    return group !== null && (admitted.get(group) ?? 0) >= groupLimit
  }

  /** Lets held jobs of a group follow while it has room, each behind whatever is ready already. */
  function admitNext(group: string): void {
    for (;;) {
      const next = inState('held').find((job) => job.given.group === group)
      if (next === undefined) break
      if (isFull(next.given)) return
      const now = clock.now()
      inState('held').remove(next)
      next.seq = ++lastSeq
      const ready = transition(next.facts, { type: 'admit' }, now)
      if (ready.kind === 'changed') next.facts = ready.facts
      place(next)
    }
    if (admitted.get(group) === 0) admitted.delete(group)
  }

  /** What follows when a job ends: its deduplication id is free, its parent hears of it, its follow-up is added. */
  function afterFinishing(job: MemoryJob, before: JobFacts, after: JobFacts | null, now: number): void {
    if (isFinished(before.state) && before.state !== 'parked') return
    const { deduplicationId, deduplicationTtlMs, parent, failsParent } = job.given
    const held = deduplicationId === null ? undefined : deduplication.get(deduplicationId)
    if (deduplicationId !== null && deduplicationTtlMs === 0 && held?.jobId === job.id) {
      deduplication.delete(deduplicationId)
    }
    if (job.followUp !== null) {
      const { followUp } = job
      job.followUp = null
      addOne({ ...followUp, id: null }, now)
    }
    if (parent === null || after?.state === 'parked') return
    const waiting = jobs.get(parent)
    if (waiting === undefined || waiting.children.has(job.id)) return
    // A job that is removed as it completes leaves no state behind: its outcome is what its settlement noted.
    const state = after === null ? (job.ended ?? 'removed') : finishedState(after.state)
    waiting.children.set(job.id, {
      id: job.id,
      name: job.given.name,
      state,
      result: state === 'completed' ? parse(job.result) : null,
      error: state === 'completed' ? null : parse(job.error),
    })
    apply(waiting, { type: 'child', failed: state !== 'completed' && failsParent }, now)
  }

  /** Lets time pass for every job whose rank says so. */
  function tick(now: number): void {
    for (const state of JOB_STATES) {
      if (state === 'ready' || state === 'parked') continue
      const list = inState(state)
      for (let job = list.at(0); job !== undefined && job.facts.rank <= now; job = list.at(0)) {
        apply(job, { type: 'tick' }, now)
      }
    }
  }

  function wakeInMs(now: number): number | null {
    if (paused) return null
    if (inState('ready').size > 0) return 0
    const next = Math.min(
      inState('scheduled').at(0)?.facts.rank ?? Infinity,
      inState('active').at(0)?.facts.rank ?? Infinity,
    )
    return next === Infinity ? null : Math.max(next - now, 0)
  }

  function holderOf({ id, deduplicationId }: EncodedJob, now: number): string | null {
    if (id !== null && jobs.has(id)) return id
    const held = deduplicationId === null ? undefined : deduplication.get(deduplicationId)
    if (held === undefined) return null
    if (held.until !== null) return held.until > now ? held.jobId : null
    const holder = jobs.get(held.jobId)
    return holder === undefined || isFinished(holder.facts.state) ? null : held.jobId
  }

  function addOne(
    given: EncodedJob,
    now: number,
  ): { readonly id: string; readonly added: boolean } {
    const holder = holderOf(given, now)
    if (holder !== null) return { id: holder, added: false }
    const id = given.id ?? makeId(random)
    const seq = given.lifo ? -++lastSeq : ++lastSeq
    const scheduled = given.delayMs > 0
    const job: MemoryJob = {
      id,
      name: given.name,
      options: given.options,
      addedAt: now,
      seq,
      data: given.data,
      error: 'null',
      result: 'null',
      progress: 'null',
      facts: {
        state: scheduled ? 'scheduled' : 'ready',
        rank: scheduled ? now + given.delayMs : given.priority,
        priority: given.priority,
        token: lastToken,
        attempt: 0,
        maxAttempts: given.maxAttempts,
        cancelRequested: false,
        keepCompletedMs: given.keepCompletedMs,
        keepDeadMs: given.keepDeadMs,
      },
    }
    jobs.set(id, job)
    inState(job.facts.state).add(job)
    if (given.deduplicationId !== null) {
      const until = given.deduplicationTtlMs > 0 ? now + given.deduplicationTtlMs : null
      deduplication.set(given.deduplicationId, { jobId: id, until })
    }
    return { id, added: true }
  }

  function exchange(request: Exchange): ExchangeResult {
    checkExchange(request)
    const now = clock.now()
    const settled = (request.settle ?? []).map(({ id, token, outcome }) => {
      const job = jobs.get(id)
      return job !== undefined && apply(job, { type: 'settle', token, outcome }, now)
        ? 'settled'
        : 'lost'
    })
    const extended = (request.extend ?? []).map(({ id, token, leaseMs, progress }) => {
      const job = jobs.get(id)
      if (job === undefined || !apply(job, { type: 'extend', token, leaseMs }, now)) return 'lost'
      if (progress !== undefined) job.progress = encodeJson('progress', progress)
      return job.facts.cancelRequested ? 'cancelled' : 'extended'
    })
    tick(now)
    const claimed: ClaimedJob[] = []
    if (request.claim !== undefined && !paused) {
      const { limit, leaseMs } = request.claim
      for (const job of inState('ready').slice(0, limit)) {
        apply(job, { type: 'claim', leaseMs, mintedToken: lastToken + 1 }, now)
        claimed.push(claimedOf(job))
      }
    }
    return { settled, extended, claimed, wakeInMs: wakeInMs(now) }
  }

  function list({ state, cursor, limit = DEFAULT_PAGE }: ListJobsOptions): JobPage {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new RangeError(`Cannot list jobs: limit is ${limit}, 1 to 1000 allowed`)
    }
    const all = inState(state).slice(0)
    const ordered = isFinished(state) ? all.toReversed() : all
    const start =
      cursor === undefined ? 0 : ordered.findIndex((job) => cursorOf(job) === cursor) + 1
    const page = ordered.slice(start, start + limit)
    const last = page.at(-1)
    const more = last !== undefined && start + limit < ordered.length
    return { jobs: page.map(recordOf), cursor: more ? cursorOf(last) : null }
  }

  function command(given: JobCommand): number {
    const now = clock.now()
    if (given.type === 'pause' || given.type === 'resume') {
      paused = given.type === 'pause'
      return 0
    }
    const chosen =
      given.type === 'purge'
        ? inState(given.state).slice(0, given.limit)
        : given.ids.flatMap((id) => jobs.get(id) ?? [])
    const type = given.type === 'purge' ? 'remove' : given.type
    return chosen.filter((job) => apply(job, { type }, now)).length
  }

  return {
    async add(given): Promise<AddResult> {
      const encoded = encodeJobs(given)
      const now = clock.now()
      return { jobs: encoded.map((job) => addOne(job, now)), wakeInMs: wakeInMs(now) }
    },
    exchange: async (request) => exchange(request),
    async get(id) {
      const job = jobs.get(id)
      return job === undefined ? null : recordOf(job)
    },
    list: async (options) => list(options),
    async counts(): Promise<QueueCounts> {
      const size = (state: JobState): number => inState(state).size
      return {
        ready: size('ready'),
        scheduled: size('scheduled'),
        active: size('active'),
        completed: size('completed'),
        dead: size('dead'),
        cancelled: size('cancelled'),
        parked: size('parked'),
        paused,
      }
    },
    command: async (given) => command(given),
  }
}

function compareJobs(a: MemoryJob, b: MemoryJob): number {
  return a.facts.rank - b.facts.rank || a.seq - b.seq
}

function cursorOf(job: MemoryJob): string {
  return `${job.facts.rank}:${job.seq}`
}

function makeId(random: RandomSource): string {
  return Array.from(random.bytes(12), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function claimedOf(job: MemoryJob): ClaimedJob {
  return {
    id: job.id,
    name: job.name,
    data: parse(job.data),
    options: parse(job.options),
    token: job.facts.token,
    attempt: job.facts.attempt,
    maxAttempts: job.facts.maxAttempts,
    priority: job.facts.priority,
    addedAt: job.addedAt,
    lastError: parse(job.error),
  }
}

function recordOf(job: MemoryJob): JobRecord {
  return {
    ...claimedOf(job),
    state: job.facts.state,
    at: instantOf(job.facts),
    progress: parse(job.progress),
    result: parse(job.result),
    cancelRequested: job.facts.cancelRequested,
  }
}

function parse(json: string): Json {
  // The text was written by JSON.stringify of a Json value.
  return JSON.parse(json) as Json
}
