import type {
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobCommand,
  NewJob,
  QueueStore,
} from '../../src/runtime/ports/job-store/job-store.ts'
import {
  childrenOf,
  createKnownJob,
  holdsAt,
  leaseHolds,
  noteLost,
  noteSettled,
  type KnownJob,
} from './known-job.ts'
import { createRecordAudit } from './record-audit.ts'

/** Stands beside a job store, sees every call and its true answer, and objects to what must not be. */
export interface StoreWitness {
  /** The job store, which is to be called once at a time. */
  readonly queue: QueueStore
  /** Every job that was ever added. */
  readonly jobs: ReadonlyMap<string, KnownJob>
  /** Compares all records with what must be true. @returns How many jobs have not ended */
  audit(): Promise<number>
}

/** What a {@link StoreWitness} goes by. */
export interface WitnessOptions {
  readonly now: () => number
  /** The latest that the job store's clock may be, less `aheadMs`. */
  readonly latest: () => number
  /** How far the job store's clock was ahead when the world began. */
  readonly aheadMs: number
  /** Whether to compare everything after an exchange. */
  readonly isCurious: () => boolean
  readonly object: (what: string) => void
  readonly tell: (what: string) => void
}

export function createStoreWitness(jobStore: QueueStore, options: WitnessOptions): StoreWitness {
  const { now, latest, isCurious, object, tell } = options
  const jobs = new Map<string, KnownJob>()
  const settledTokens = new Set<string>()
  let paused = false

  const { compare, checkWake } = createRecordAudit({ ...options, jobStore, jobs, expect })

  function expect(condition: boolean, what: string): void {
    if (!condition) object(what)
  }

  async function add(asked: readonly NewJob[]): Promise<AddResult> {
    // So that it is known which holder has ended.
    if (asked.some(({ deduplication }) => deduplication !== undefined)) await compare(paused)
    const answer = await jobStore.add(asked)
    tell(`add ${asked.map(({ name }) => name).join()} → ${JSON.stringify(answer)}`)
    const added = new Set<string>()
    asked.forEach((given, index) => {
      const { id = '', added: isNew = false } = answer.jobs[index] ?? {}
      if (isNew) {
        noteAdded(given, id)
        added.add(id)
      } else noteDropped(given, id, added)
    })
    if (isCurious()) await checkWake(answer.wakeInMs, paused)
    return answer
  }

  function noteAdded(given: NewJob, id: string): void {
    const before = jobs.get(id)
    expect(before === undefined || before.ended === 'removed', `${id} not to be added twice`)
    // Whether one that was retried holds its deduplication again is left open.
    const holder = holdersOf(given, latest()).find(({ retried }) => !retried)
    expect(holder === undefined, `${id} to be dropped, as ${holder?.id} holds its deduplication`)
    const job = createKnownJob(given, id, now(), before?.token)
    jobs.set(id, job)
    const parent = given.parent === undefined ? undefined : jobs.get(given.parent)
    parent?.children.push(job)
    // A parent waits for its children and not for its own delay.
    if (parent !== undefined) parent.notBefore = 0
  }

  function noteDropped(given: NewJob, id: string, added: ReadonlySet<string>): void {
    const holder = jobs.get(id)
    const parent = added.has(given.parent ?? '') ? jobs.get(given.parent ?? '') : undefined
    if (parent !== undefined && holder !== undefined) {
      parent.held.push({ job: holder, given })
      parent.notBefore = 0
    }
    const isHeld = holder !== undefined && holder.ended !== 'removed' && given.id === id
    if (given.deduplication !== undefined)
      expect(
        isHeld || (holder !== undefined && holdersOf(given, now()).includes(holder)),
        `${id} to hold the deduplication`,
      )
    else if (given.parent === undefined)
      expect(holder !== undefined && holder.ended !== 'removed', `${id} to be held when dropped`)
  }

  function holdersOf({ deduplication }: NewJob, instant: number): readonly KnownJob[] {
    if (deduplication === undefined) return []
    return [...jobs.values()].filter(
      (job) => holdsAt(job, instant) && job.given.deduplication?.id === deduplication.id,
    )
  }

  async function exchange(asked: Exchange): Promise<ExchangeResult> {
    const { settle = [], extend = [], claim } = asked
    const answer = await jobStore.exchange(asked)
    if (settle.length + extend.length + answer.claimed.length > 0)
      tell(`exchange ${JSON.stringify(asked)} → ${JSON.stringify(answer)}`)
    settle.forEach((settlement, index) => {
      const job = jobs.get(settlement.id)
      const what = `${settlement.id} under token ${settlement.token}`
      if (answer.settled[index] === 'lost')
        return expect(
          !leaseHolds(job, settlement.token, latest()),
          `the settlement of ${what} to be taken`,
        )
      if (job === undefined) return object(`${what} is unknown and was settled`)
      expect(settlement.token === job.token, `${what} not to be settled, ${job.token} is newer`)
      expect(!settledTokens.has(what) && job.ended === null, `${what} not to be settled twice`)
      settledTokens.add(what)
      noteSettled(job, settlement, now())
    })
    extend.forEach(({ id, token, leaseMs }, index) => {
      const job = jobs.get(id)
      const lost = answer.extended[index] === 'lost'
      if (lost)
        return expect(!leaseHolds(job, token, latest()), `the lease of ${id} to be extended`)
      expect(job?.token === token && job.leaseUntil !== null, `no lease of ${id} to be extended`)
      if (job !== undefined) job.leaseUntil = Math.max(job.leaseUntil ?? 0, now() + leaseMs)
    })
    expect(!paused || answer.claimed.length === 0, 'no claim while the queue is paused')
    for (const job of answer.claimed) await noteClaimed(job, claim?.leaseMs ?? 0)
    if (isCurious()) {
      await checkWake(answer.wakeInMs, paused)
      await compare(paused)
    }
    return answer
  }

  async function noteClaimed(claimed: ClaimedJob, leaseMs: number): Promise<void> {
    const { id, token, attempt, maxAttempts, crashes = 0 } = claimed
    const job = jobs.get(id)
    if (job === undefined) return object(`${id} is unknown and was claimed`)
    expect(job.ended === null, `${id} not to be claimed, it has ended: ${job.ended}`)
    expect(token > job.token, `the token of ${id} to grow from ${job.token}, not to be ${token}`)
    expect(!leaseHolds(job, job.token, latest()), `${id} not to be claimed, its lease holds`)
    // A parent that waited once more for a child is ready with it, whatever its own delay.
    const waitedAgain = job.children.some(({ retried }) => retried)
    expect(job.notBefore <= latest() || waitedAgain, `${id} not to be claimed before its time`)
    noteLost(job)
    job.claims++
    job.token = token
    job.leaseUntil = now() + leaseMs
    expect(crashes === job.crashes, `${job.crashes} crashes of ${id}, not ${crashes}`)
    expect(attempt === job.claims, `attempt ${job.claims} of ${id}, not ${attempt}`)
    expect(attempt <= maxAttempts, `at most ${maxAttempts} attempts of ${id}, not ${attempt}`)
    if (job.children.length === 0) return
    const finished = new Map((await jobStore.children(id)).map((child) => [child.id, child.state]))
    for (const child of job.children) {
      const state = finished.get(child.id)
      // Whoever retries a parent has it go on without what left no record.
      const isEnough = state === 'completed' || child.given.onFailure === 'ignore' || job.retried
      expect(state !== undefined && isEnough, `${id} not to be claimed: ${child.id} is ${state}`)
    }
  }

  async function command(asked: JobCommand): Promise<number> {
    await compare(paused)
    const changed = await jobStore.command(asked)
    tell(`command ${JSON.stringify(asked)} → ${changed}`)
    if (asked.type === 'pause' || asked.type === 'resume') paused = asked.type === 'pause'
    else if ('ids' in asked && changed > 0)
      for (const id of asked.ids) noteCommand(asked.type, jobs.get(id))
    await compare(paused)
    return changed
  }

  function noteCommand(type: JobCommand['type'], job: KnownJob | undefined): void {
    if (job === undefined) return object(`a job is unknown and was changed by ${type}`)
    if (type === 'cancel') {
      job.cancelRequested = true
      if (job.ended === 'parked') job.ended = 'cancelled'
    }
    if (type === 'promote') {
      job.notBefore = 0
      if (job.ended === 'parked') job.ended = null
    }
    if (type === 'remove') {
      expect(!leaseHolds(job, job.token, latest()), `${job.id} not to be removed, its lease holds`)
      job.ended = 'removed'
    }
    if (type === 'retry') noteRetry(job)
  }

  /** A parent takes the children with it that failed it. */
  function noteRetry(job: KnownJob): void {
    for (const { job: child, given } of childrenOf(job)) {
      const hasFailed = child.ended === 'dead' || child.ended === 'cancelled'
      if (hasFailed && given.onFailure !== 'ignore') noteRetry(child)
    }
    expect(job.ended !== null, `${job.id} not to be retried, it has not ended`)
    const again = { claims: 0, crashes: 0, leaseUntil: null, notBefore: 0, ended: null }
    Object.assign(job, again, { result: null, cancelRequested: false, retried: true })
  }

  return {
    jobs,
    audit: () => compare(paused),
    queue: { ...jobStore, add, exchange, command },
  }
}
