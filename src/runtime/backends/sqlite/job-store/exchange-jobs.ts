import type { ClaimedJob, ExchangeResult } from '../../../ports/job-store/job-store.ts'
import type { ExchangeOrder } from '../../../ports/job-store/exchange-order.ts'
import { claimedJobOf, jobRowOf, type JobRow } from './job-row.ts'
import { applyEvent, dropExcess } from './apply-event.ts'
import type { JobContext } from './job-context.ts'
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
  const held = jobs.findActive(
    queue,
    [...settle, ...extend].map(({ id }) => id),
  )

  const settled = settle.map(({ id, token, outcome }) => {
    const job = held.get(id)
    if (job === undefined) return 'lost'
    const event = { type: 'settle', token, outcome } as const
    const applied = applyEvent(context, queue, job, event, now)
    if (applied.kind === 'refused') return 'lost'
    held.delete(id)
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
  for (const row of context.jobs.first(queue, 'ready', limit)) {
    const mintedToken = context.sequence.next()
    const job: JobRow = jobRowOf(row)
    const applied = applyEvent(context, queue, job, { type: 'claim', leaseMs, mintedToken }, now)
    if (applied.kind === 'changed') claimed.push(claimedJobOf(row, applied.job))
  }
  return claimed
}
