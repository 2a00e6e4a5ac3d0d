import type { ClaimedJob, ExchangeResult } from '../../../ports/job-store/job-store.ts'
import type { ExchangeOrder, OrderedOutcome } from '../../../ports/job-store/exchange-order.ts'
import { JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import {
  FLOW_CIRCLE_ERROR,
  RECORD_UNREADABLE_ERROR,
  type SettledOutcome,
} from '../../../ports/job-store/job-state.ts'
import { addChildren, waitsForItself } from './add-jobs.ts'
import { charsOf } from './job-parts.ts'
import { claimedJobOf, jobRowOf, type JobRow } from './job-row.ts'
import { applyEvent, dropExcess, type Applied } from './apply-event.ts'
import { passesClaim } from './group-gate.ts'
import type { JobContext } from './job-context.ts'
import { orBroken } from '../database/columns.ts'
import { readQueueOverview, TIMED_STATES, wakeAtOf, type QueueOverview } from './queue-overview.ts'

/**
 * Due jobs and lost leases that one exchange deals with; when more remain, the next wake is at
 * once.
 */
const TICKED_AN_EXCHANGE = 1000
/** Kept records and ended deduplications that one exchange drops. */
const PRUNED_AN_EXCHANGE = 100

/** Settles, extends and claims in that order, within a transaction. */
export function exchangeJobs(
  context: JobContext,
  queue: string,
  { settle, extend, claim }: ExchangeOrder,
): ExchangeResult {
  const { db, clock, jobs } = context
  const now = clock.now()
  const held: Map<string, JobRow> = jobs.findActive(
    queue,
    [...settle, ...extend].map(({ id }) => id),
  )

  const settled = settle.map(({ id, token, outcome }) => {
    const job = held.get(id)
    if (job === undefined) return 'lost'
    if (!settleJob(context, queue, job, token, outcome, now)) return 'lost'
    held.delete(id)
    // Its children may be jobs that others run.
    if (outcome.to === 'blocked') readAgain(context, queue, held)
    return 'settled'
  })

  for (const { leaseMs } of extend) context.leases.note(leaseMs)
  if (claim !== undefined) context.leases.note(claim.leaseMs)
  const extended = extend.map(({ id, token, leaseMs, progress }) => {
    const job = held.get(id)
    if (job === undefined) return 'lost'
    const event = { type: 'extend', token, leaseMs } as const
    const applied = applyEvent(context, queue, job, event, now, progress)
    if (applied.kind !== 'changed') return 'lost'
    held.set(id, applied.job)
    return applied.job.cancelRequested ? 'cancelled' : 'extended'
  })

  const before = readQueueOverview(db, queue)
  const ticked = tick(context, queue, before, now)
  dropExcess(context, queue, now)
  const claimed = claim === undefined || before.paused ? [] : claimJobs(context, queue, claim, now)
  const after = ticked || claimed.length > 0 ? readQueueOverview(db, queue) : before
  const wakeAt = wakeAtOf(after, context.leases.look())
  return {
    settled,
    extended,
    claimed,
    wakeInMs: wakeAt === null ? null : Math.max(wakeAt - now, 0),
  }
}

function readAgain({ jobs }: JobContext, queue: string, held: Map<string, JobRow>): void {
  const found = jobs.findActive(queue, [...held.keys()])
  held.clear()
  for (const [id, job] of found) held.set(id, job)
}

/** @returns Whether the outcome was taken */
function settleJob(
  context: JobContext,
  queue: string,
  job: JobRow,
  token: number,
  outcome: OrderedOutcome,
  now: number,
): boolean {
  const settle = (to: SettledOutcome): Applied =>
    applyEvent(context, queue, job, { type: 'settle', token, outcome: to }, now)
  if (outcome.to !== 'blocked' || job.token !== token) return settle(outcome).kind !== 'refused'
  if (!job.cancelRequested && waitsForItself(context, queue, job, outcome.children, now)) {
    settle({ to: 'dead', error: FLOW_CIRCLE_ERROR })
    return true
  }
  const applied = settle(outcome)
  if (applied.kind === 'changed' && applied.job.state === 'blocked')
    addChildren(context, queue, applied.job, outcome.children, now)
  return applied.kind !== 'refused'
}

/** @returns Whether time changed anything */
function tick(context: JobContext, queue: string, overview: QueueOverview, now: number): boolean {
  let budget = TICKED_AN_EXCHANGE
  let changed = false
  for (const state of TIMED_STATES) {
    const earliest = overview.earliest[state]
    if (earliest === null || earliest > now || budget === 0) continue
    const running = state === 'scheduled' || state === 'active'
    const spans = state === 'active' ? context.leases.look().ended : [{ until: now }]
    for (const span of spans) {
      const due = context.jobs.due(queue, state, span, running ? budget : PRUNED_AN_EXCHANGE)
      for (const job of due) applyEvent(context, queue, job, { type: 'tick' }, now)
      if (running) budget -= due.length
    }
    changed = true
  }
  if (overview.deduplication !== null && overview.deduplication <= now)
    context.deduplication.prune(queue, now, PRUNED_AN_EXCHANGE)
  return changed
}

function claimJobs(
  context: JobContext,
  queue: string,
  { limit, leaseMs }: NonNullable<ExchangeOrder['claim']>,
  now: number,
): readonly ClaimedJob[] {
  const claimed: ClaimedJob[] = []
  let chars = 0
  let budget = TICKED_AN_EXCHANGE
  // What is held or set aside instead makes room for those behind it.
  for (let held = true; held && claimed.length < limit && budget > 0;) {
    held = false
    for (const row of context.jobs.first(queue, 'ready', limit - claimed.length)) {
      const job: JobRow = jobRowOf(row)
      if (!passesClaim(context, queue, job)) {
        applyEvent(context, queue, job, { type: 'hold' }, now)
        held = true
        continue
      }
      chars += charsOf(row)
      if (claimed.length > 0 && chars > JOB_LIMITS.replyBytes) return claimed
      const mintedToken = context.sequence.next()
      const applied = applyEvent(context, queue, job, { type: 'claim', leaseMs, mintedToken }, now)
      if (applied.kind !== 'changed') continue
      const read = job.unreadable
        ? null
        : orBroken(() => claimedJobOf(context.jobs.whole(queue, row), applied.job), null)
      if (read !== null) claimed.push(read)
      else {
        setAside(context, queue, applied.job, now)
        held = true
        budget--
      }
    }
  }
  return claimed
}

/** Parks a job that cannot be given to a worker, so that it is never in the way of others. */
function setAside(context: JobContext, queue: string, job: JobRow, now: number): void {
  const outcome = { to: 'parked', error: RECORD_UNREADABLE_ERROR } as const
  applyEvent(context, queue, job, { type: 'settle', token: job.token, outcome }, now)
}
