import { expect, test } from 'vitest'
import type { JobOutcome } from './job-ledger.ts'
import { instantOf, isFinished, transition, type JobEvent, type JobFacts } from './job-state.ts'

/** A world small enough to visit every state of it: jobs, workers that hold tokens (perhaps stale ones), and what was committed. */
interface World {
  readonly now: number
  readonly jobs: readonly (JobFacts | 'removed')[]
  /** What each worker believes it holds. */
  readonly held: readonly ({ readonly job: number; readonly token: number } | null)[]
  /** Tokens whose outcome was taken, by job. */
  readonly committed: readonly (readonly number[])[]
  readonly cancelled: boolean
}

const LEASE = 2
const HORIZON = 4

const fresh: JobFacts = {
  state: 'ready',
  rank: 0,
  priority: 0,
  token: 0,
  attempt: 0,
  maxAttempts: 2,
  cancelRequested: false,
  pending: 0,
  keepCompletedMs: 100,
  keepDeadMs: 100,
}

const outcomes: readonly JobOutcome[] = [
  { to: 'completed' },
  { to: 'dead', error: 'broken' },
  { to: 'scheduled', delayMs: 1 },
  { to: 'scheduled', delayMs: 0, refund: true },
]

test.each([
  { jobs: 1, workers: 3, claims: 4 },
  { jobs: 2, workers: 2, claims: 2 },
])(
  'transition() keeps every promise in every state that $workers workers and $jobs jobs can reach',
  ({ jobs, workers, claims }) => {
    const start: World = {
      now: 0,
      jobs: Array.from({ length: jobs }, () => fresh),
      held: Array.from({ length: workers }, () => null),
      committed: Array.from({ length: jobs }, () => []),
      cancelled: false,
    }
    const seen = new Set([JSON.stringify(start)])
    const queue = [start]
    for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
      check(world)
      for (const next of successors(world, claims)) {
        checkStep(world, next)
        const key = JSON.stringify(next)
        if (seen.has(key)) continue
        seen.add(key)
        queue.push(next)
      }
    }
    expect(seen.size).toBeGreaterThan(1000)
  },
  60_000,
)

function check(world: World): void {
  world.jobs.forEach((job, index) => {
    const tokens = world.committed[index] ?? []
    if (new Set(tokens).size < tokens.length) fail('a token was committed twice', world)
    if (job === 'removed') return
    if (job.attempt < 0 || job.attempt > job.maxAttempts) fail('attempts out of range', world)
    // The wake invariant: whatever is not finished has a place where time or a claim will find it.
    if (!isFinished(job.state) && job.state !== 'ready' && !Number.isFinite(instantOf(job)))
      fail('no wake', world)
    if (!isFinished(job.state) && !canFinish(world, index))
      fail('a job can no longer finish', world)
  })
}

function checkStep(before: World, after: World): void {
  before.jobs.forEach((job, index) => {
    const next = after.jobs[index]
    if (job === 'removed') return expect(next).toBe('removed')
    if (next === undefined || next === 'removed') return fail('a kept job was lost', after)
    if (next.token < job.token) fail('a token went back', after)
    if (job.state === 'completed' && next.state !== 'completed')
      fail('a completed job changed', after)
    if (job.state === 'dead' && next.state !== 'dead') fail('a dead job changed by itself', after)
  })
}

/** Lets one good worker and the clock run on: whatever happened before, the job must come to an end. */
function canFinish(world: World, index: number): boolean {
  let job = world.jobs[index]
  let now = world.now
  for (let step = 0; step < 20; step++) {
    if (job === undefined || job === 'removed' || isFinished(job.state)) return true
    now++
    job = after(job, { type: 'tick' }, now)
    if (job === 'removed' || job.state !== 'ready') continue
    job = after(job, { type: 'claim', leaseMs: LEASE, mintedToken: 0 }, now)
    if (job === 'removed') return true
    job = after(job, { type: 'settle', token: job.token, outcome: { to: 'completed' } }, now)
  }
  return false
}

function after(job: JobFacts, event: JobEvent, now: number): JobFacts | 'removed' {
  const next = transition(job, event, now)
  return next.kind === 'changed' ? next.facts : next.kind === 'removed' ? 'removed' : job
}

/** @param claims Claims a job at most: a job given back without its attempt could be claimed for ever */
function* successors(world: World, claims: number): Generator<World> {
  const { now, jobs, held, committed } = world
  const withJob = (index: number, job: JobFacts | 'removed'): World => ({
    ...world,
    jobs: jobs.with(index, job),
  })
  if (now < HORIZON) {
    yield { ...world, now: now + 1 }
    // A clock that jumps.
    yield { ...world, now: HORIZON }
  }
  for (const [index, job] of jobs.entries()) {
    if (job === 'removed') continue
    // Ringing twice or too early is a tick that changes nothing; a lost ring is a tick not taken.
    yield withJob(index, after(job, { type: 'tick' }, now))
    if (!world.cancelled)
      yield { ...withJob(index, after(job, { type: 'cancel' }, now)), cancelled: true }
    for (const worker of job.token < claims ? held.keys() : []) {
      const claimed = transition(job, { type: 'claim', leaseMs: LEASE, mintedToken: 0 }, now)
      if (claimed.kind !== 'changed') continue
      const hold = { job: index, token: claimed.facts.token }
      yield { ...withJob(index, claimed.facts), held: held.with(worker, hold) }
    }
  }
  for (const [worker, hold] of held.entries()) {
    if (hold === null) continue
    const job = jobs[hold.job]
    yield { ...world, held: held.with(worker, null) }
    if (job === undefined || job === 'removed') continue
    yield withJob(hold.job, after(job, { type: 'extend', token: hold.token, leaseMs: LEASE }, now))
    for (const outcome of outcomes) {
      const settled = transition(job, { type: 'settle', token: hold.token, outcome }, now)
      if (settled.kind === 'refused') continue
      const tokens = [...(committed[hold.job] ?? []), hold.token]
      // The worker may hear of it or not: it keeps its token and may try again.
      yield {
        ...withJob(hold.job, settled.kind === 'changed' ? settled.facts : 'removed'),
        committed: committed.with(hold.job, tokens),
      }
    }
  }
}

function fail(what: string, world: World): never {
  throw new Error(`${what}: ${JSON.stringify(world)}`)
}
