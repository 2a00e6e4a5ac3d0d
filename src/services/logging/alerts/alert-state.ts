import type { KnownRule } from './alert-rule.ts'

/**
 * What is known of a rule, as JSON: how many came in each tenth of its window, and its last alert.
 */
export interface AlertState {
  /** Of each tenth, by its number since 1970, how many; oldest first. */
  readonly counts: readonly (readonly [number, number])[]
  /** ms since 1970; `null` when it was never raised. */
  readonly raisedAt: number | null
  /** Of a gauge, since when it is as high as the threshold; `null` when it is not. */
  readonly highSince: number | null
}

export const FIRST_STATE: AlertState = { counts: [], raisedAt: null, highSince: null }

/** How many, by the tenth of the window in which they came. */
export type Counts = ReadonlyMap<number, number>

const TENTHS = 10

/** @returns The number of the tenth of the rule's window that an instant is in */
export function tenthOf(rule: KnownRule, now: number): number {
  return Math.floor(now / (rule.windowMs / TENTHS))
}

/** What a rule's state becomes, and whether the rule is raised with it. */
export interface AlertDecision {
  readonly state: AlertState
  readonly value: number
  readonly raised: boolean
}

/**
 * Adds what came to a rule's state, forgets what is older than its window, and decides whether it
 * is to be raised.
 */
export function decideCount(
  rule: KnownRule,
  state: AlertState,
  more: Counts,
  now: number,
): AlertDecision {
  const current = tenthOf(rule, now)
  const counts = new Map(state.counts)
  for (const [tenth, count] of more) counts.set(tenth, (counts.get(tenth) ?? 0) + count)
  // The tenth that has begun, and nine before it: never more than the window. A clock may step
  // back.
  const kept = Array.from(counts)
    .filter(([tenth]) => Math.abs(current - tenth) < TENTHS)
    .toSorted(([a], [b]) => a - b)
  const value = kept.reduce((sum, [, count]) => sum + count, 0)
  return raisedOr(rule, { ...state, counts: kept }, value, now, value >= rule.atLeast)
}

/** Notes how high a gauge is, and decides whether it was so all through the window. */
export function decideLevel(
  rule: KnownRule,
  state: AlertState,
  level: number,
  now: number,
): AlertDecision {
  const highSince = level < rule.atLeast ? null : (state.highSince ?? now)
  const isHigh = highSince !== null && now - highSince >= rule.windowMs
  return raisedOr(rule, { ...state, highSince }, level, now, isHigh)
}

function raisedOr(
  rule: KnownRule,
  state: AlertState,
  value: number,
  now: number,
  isReached: boolean,
): AlertDecision {
  const { raisedAt } = state
  const isCool = raisedAt === null || Math.abs(now - raisedAt) >= rule.cooldownMs
  const raised = isReached && isCool
  return { state: raised ? { ...state, raisedAt: now } : state, value, raised }
}
