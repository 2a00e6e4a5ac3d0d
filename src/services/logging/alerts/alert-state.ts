import type { KnownRule } from './alert-rule.ts'

/**
 * What is known of a rule, as JSON: how many came in each tenth of its window, and its last alert.
 */
export interface AlertState {
  /** Of each tenth, by its number since 1970, how many; oldest first. */
  readonly counts: readonly (readonly [number, number])[]
  /** ms since 1970; `null` when it was never raised. */
  readonly raisedAt: number | null
}

export const FIRST_STATE: AlertState = { counts: [], raisedAt: null }

/** How many, by the tenth of the window in which they came. */
export type Counts = ReadonlyMap<number, number>

const TENTHS = 10

/** @returns The number of the tenth of the rule's window that an instant is in */
export function tenthOf(rule: KnownRule, now: number): number {
  return Math.floor(now / (rule.windowMs / TENTHS))
}

/**
 * Adds what came to a rule's state, forgets what is older than its window, and decides whether it
 * is to be raised.
 *
 * @param high Of a gauge: its value, which was so high all through the window
 */
export function decideAlert(
  rule: KnownRule,
  state: AlertState,
  more: Counts,
  now: number,
  high?: number,
): { readonly state: AlertState; readonly value: number; readonly raised: boolean } {
  const current = tenthOf(rule, now)
  const counts = new Map(state.counts)
  for (const [tenth, count] of more) counts.set(tenth, (counts.get(tenth) ?? 0) + count)
  // The tenth that has begun, and nine before it: never more than the window. A clock may step
  // back.
  const kept = Array.from(counts)
    .filter(([tenth]) => Math.abs(current - tenth) < TENTHS)
    .toSorted(([a], [b]) => a - b)
  const value = high ?? kept.reduce((sum, [, count]) => sum + count, 0)
  const { raisedAt } = state
  const isCool = raisedAt === null || Math.abs(now - raisedAt) >= rule.cooldownMs
  const raised = value >= rule.atLeast && isCool
  return { state: { counts: kept, raisedAt: raised ? now : raisedAt }, value, raised }
}
