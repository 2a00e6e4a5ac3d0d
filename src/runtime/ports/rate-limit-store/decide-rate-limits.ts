import type { LimitState, Taken } from './algorithms/algorithm.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import type { RateLimitDecision } from './rate-limit-store.ts'

export type { LimitState }

/** A limit, and what is stored of it: `null` when it is as if unused. */
export interface StoredLimit {
  readonly limit: FullRateLimit
  readonly state: LimitState | null
}

/** What an operation has taken, by {@link fieldOf}. */
export type OperationRecord = ReadonlyMap<string, Taken>

/** What several limits decide together, and what to store. */
export interface RateLimitVerdict {
  /** Whether the request passes: all limits let it. */
  readonly admitted: boolean
  readonly decisions: readonly RateLimitDecision[]
  readonly writes: readonly LimitWrite[]
  /**
   * What the operation has taken by now; `null` where that is not to be written, empty where it is
   * to be dropped.
   */
  readonly record: OperationRecord | null
}

/** One limit's state to store. */
export interface LimitWrite {
  readonly limit: FullRateLimit
  readonly state: LimitState
  /** How long it says anything; 0 where it can be dropped. */
  readonly restMs: number
}

/** One decision of {@link decideRateLimits}. */
export interface RateLimitCall {
  readonly now: number
  /** Empty where there is none. */
  readonly operation: string
  /** Charges nothing. */
  readonly look: boolean
  /** What the operation has taken before. */
  readonly record: OperationRecord | null
}

/** Charges all limits or none. */
export function decideRateLimits(
  stored: readonly StoredLimit[],
  call: RateLimitCall,
): RateLimitVerdict {
  const { now, operation, look } = call
  const seen = stored.map((one) => seeLimit(one, call))
  const admitted = seen.every(({ admits }) => admits)
  const charged = admitted && !look
  const taken = new Map<string, Taken>()
  const decisions: RateLimitDecision[] = []
  const writes: LimitWrite[] = []
  for (const { limit, state, before, admits, isPaid } of seen) {
    const { rule } = limit
    const charges = charged && limit.cost > 0 && !isPaid
    const after = charges ? rule.charge(limit, state, operation) : state
    const restMs = rule.restMs(limit, after)
    if (charges || (before !== null && isStale(limit, before, now)))
      writes.push({ limit, state: after, restMs })
    if (charges && operation !== '' && rule.holds === undefined)
      taken.set(fieldOf(limit), { cost: limit.cost, receipt: rule.receipt(limit, after) })
    decisions.push(decisionOf(limit, after, admits, charges, restMs))
  }
  const isRecorded = operation !== '' && taken.size > 0
  const record = isRecorded ? new Map([...(call.record ?? []), ...taken]) : null
  return { admitted, decisions, writes, record }
}

/**
 * Corrects what an operation took to the limits' costs. @returns `null` when it has taken nothing
 * that is known
 */
export function settleRateLimits(
  stored: readonly StoredLimit[],
  { now, operation, record }: Pick<RateLimitCall, 'now' | 'operation' | 'record'>,
): RateLimitVerdict | null {
  const left = new Map(record)
  const decisions: RateLimitDecision[] = []
  const writes: LimitWrite[] = []
  let isKnown = false
  for (const { limit, state: before } of stored) {
    const { rule } = limit
    let state = rule.advance(limit, before, now)
    const taken = rule.holds?.(state, operation) === true ? NOTHING : record?.get(fieldOf(limit))
    if (taken !== undefined) {
      isKnown = true
      const settled = rule.settle(limit, state, taken, operation)
      state = settled.state
      writes.push({ limit, state, restMs: rule.restMs(limit, state) })
      if (limit.cost === 0) left.delete(fieldOf(limit))
      else if (rule.holds === undefined) left.set(fieldOf(limit), settled.taken)
    }
    decisions.push(decisionOf(limit, state, true, false, rule.restMs(limit, state)))
  }
  if (!isKnown) return null
  return { admitted: true, decisions, writes, record: record === null ? null : left }
}

const NOTHING: Taken = { cost: 0, receipt: [] }

/** Names a limit within the record of an operation. */
export function fieldOf({ name, subject }: Pick<FullRateLimit, 'name' | 'subject'>): string {
  // A digit before those of other subjects keeps them apart from the call's own.
  return subject === null ? `=${name}` : `${subject.length}:${subject}${name}`
}

/** A limit as it stands before a decision. */
interface SeenLimit {
  readonly limit: FullRateLimit
  readonly before: LimitState | null
  readonly state: LimitState
  readonly admits: boolean
  /** The operation has paid for it before. */
  readonly isPaid: boolean
}

function seeLimit({ limit, state: before }: StoredLimit, call: RateLimitCall): SeenLimit {
  const { rule } = limit
  const state = rule.advance(limit, before, call.now)
  const isPaid = call.record?.has(fieldOf(limit)) === true
  const admits = isPaid || rule.admits(limit, state, call.operation)
  return { limit, before, state, admits, isPaid }
}

/**
 * Whether whoever sees the state first must store it anew: a clock has stepped back, or a limit has
 * changed.
 */
export function isStale(limit: FullRateLimit, state: LimitState, now: number): boolean {
  const { rule } = limit
  const steppedBack = state.at > now && rule.namesInstants !== true
  return steppedBack || rule.isCut?.(limit, state, now) === true
}

/** Says how a limit stands. @param restMs Until it is as if unused */
export function decisionOf(
  limit: FullRateLimit,
  state: LimitState,
  allowed: boolean,
  charged: boolean,
  restMs: number,
): RateLimitDecision {
  const { rule } = limit
  const remaining = rule.remaining(limit, state)
  const aheadMs = limit.algorithm === 'gcra' ? limit.maxWaitMs : 0
  return {
    name: limit.name,
    allowed,
    remaining,
    retryAfterMs: allowed ? 0 : Math.max(rule.waitMs(limit, state, limit.cost) - aheadMs, 1),
    nextAfterMs: remaining > 0 ? 0 : rule.waitMs(limit, state, 1),
    resetAfterMs: restMs,
    waitMs: charged && aheadMs > 0 ? rule.waitMs(limit, state, 0) : 0,
  }
}
