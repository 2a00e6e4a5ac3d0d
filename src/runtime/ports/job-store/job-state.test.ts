import { expect, test } from 'vitest'
import type { JobOutcome } from './job-outcome.ts'
import {
  factsOfNew,
  hasEnded,
  instantOf,
  isFinished,
  JOB_STATES,
  transition,
  type JobEvent,
  type JobFacts,
  type JobState,
} from './job-state.ts'

/**
 * A world small enough to visit every state of it: jobs, workers that hold tokens (perhaps stale
 * ones), and what was committed.
 */
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
  crashes: 0,
  maxCrashes: null,
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
  600_000,
)

test('transition() tells of each end once, and lets nothing but a child or a command free a blocked job', () => {
  for (const job of everyJob()) {
    for (const event of everyEvent(job)) {
      const next = transition(job, event, 5)
      const what = `${event.type} ${JSON.stringify(job)}`
      if (next.kind === 'refused') continue
      if (next.kind === 'removed') {
        expect(next.ended === null, what).toBe(hasEnded(job.state))
        expect(job.state, what).not.toBe(event.type === 'remove' ? 'active' : '')
        continue
      }
      const { state, rank, pending, token } = next.facts
      // What has ended only counts its children, and stays what and where it was.
      if (hasEnded(state) && hasEnded(job.state)) {
        expect(['child', 'await'], what).toContain(event.type)
        expect(next.facts, what).toEqual({ ...job, pending })
      }
      expect(state === 'ready' && pending > 0, what).toBe(false)
      expect(token, what).toBeGreaterThanOrEqual(job.token)
      // What waits for others stands where its priority says, and time does not change it.
      if (instantOf(next.facts) === null) expect(rank, what).toBe(next.facts.priority)
      if (event.type === 'change') {
        expect(isFinished(job.state) && job.state !== 'parked', what).toBe(false)
        expect(job.state, what).not.toBe('active')
        continue
      }
      if (job.state === 'blocked' && state === 'blocked') {
        const by = event.type === 'await' ? 1 : -1
        expect(['child', 'await'], what).toContain(event.type)
        expect(pending, what).toBe(job.pending + by)
        expect(pending, what).toBeGreaterThan(0)
      }
      if (job.state === 'blocked' && state === 'ready')
        expect([event.type, job.pending, pending], what).toEqual(['child', 1, 0])
      if (state === 'held' && job.state !== 'held')
        expect([event.type, job.state], what).toEqual(['hold', 'ready'])
      if (job.state === 'held' && state !== 'held')
        expect(['admit', 'cancel', 'replace', 'await'], what).toContain(event.type)
    }
  }
})

test('factsOfNew() blocks a job with children, and lets the delay decide otherwise', () => {
  const terms = { ...fresh, priority: 7, delayMs: 10 }
  expect(factsOfNew(terms, { token: 3, pending: 2 }, 5)).toMatchObject({
    state: 'blocked',
    rank: 7,
    token: 3,
  })
  const none = { token: 0, pending: 0 }
  expect(factsOfNew(terms, none, 5)).toMatchObject({ state: 'scheduled', rank: 15 })
  expect(factsOfNew({ ...terms, delayMs: 0 }, none, 5)).toMatchObject({ state: 'ready', rank: 7 })
})

const isWaiting = (state: JobState): boolean => ['ready', 'scheduled', 'held'].includes(state)

/** One job of each kind that there can be, as far as a transition looks at it. */
function* everyJob(): Generator<JobFacts> {
  for (const state of JOB_STATES)
    for (const attempt of [0, 1, 2])
      for (const pending of state === 'blocked' ? [1, 2] : isWaiting(state) ? [0] : [0, 1])
        for (const cancelRequested of state === 'active' ? [false, true] : [false])
          for (const keepMs of [0, 100])
            for (const at of [4, 6]) {
              const keep = { keepCompletedMs: keepMs, keepDeadMs: keepMs }
              const job = {
                ...fresh,
                ...keep,
                state,
                attempt,
                pending,
                cancelRequested,
                priority: 7,
              }
              const timed = instantOf({ ...job, rank: at }) !== null
              yield { ...job, rank: timed ? at : job.priority, token: 1 }
            }
}

function* everyEvent({ token }: JobFacts): Generator<JobEvent> {
  yield { type: 'claim', leaseMs: LEASE, mintedToken: 0 }
  for (const outcome of outcomes) yield { type: 'settle', token, outcome }
  yield { type: 'settle', token, outcome: { to: 'parked', error: 'nobody' } }
  yield { type: 'extend', token, leaseMs: LEASE }
  for (const failed of [false, true]) yield { type: 'child', failed }
  yield { type: 'await' }
  for (const delayMs of [0, 10]) yield { type: 'replace', terms: { ...fresh, delayMs } }
  for (const delayMs of [undefined, 0, 10])
    yield { type: 'change', priority: 3, ...(delayMs !== undefined && { delayMs }) }
  for (const type of ['tick', 'hold', 'admit', 'promote', 'retry', 'cancel', 'remove'] as const)
    yield { type }
}

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

/**
 * Lets one good worker and the clock run on: whatever happened before, the job must come to an end.
 */
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

/**
 * @param claims Claims a job at most: a job given back without its attempt could be claimed for
 *   ever
 */
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
    // Waking twice or too early is a tick that changes nothing; a lost wake is a tick not taken.
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
