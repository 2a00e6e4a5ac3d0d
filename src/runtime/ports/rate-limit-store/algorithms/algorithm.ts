import type { CommonOfLimits, FullRateLimit } from '../full-rate-limit.ts'
import type { RateLimit } from '../rate-limit-store.ts'

/**
 * One kind of limit: pure functions of integers, which every backend decides by.
 *
 * A state holds for the instant `at` of its clock. States are never changed, only followed by
 * others.
 */
export interface Algorithm<
  Limit extends FullRateLimit,
  State,
  Given extends RateLimit = RateLimit,
> {
  readonly name: Limit['algorithm']
  /** Greatest `limit` where it is not that of all. */
  readonly mostUnits?: number
  /**
   * Checks a limit of this kind, and fills in what it leaves open.
   *
   * @throws RangeError when it is malformed, or its cost can never fit
   */
  read(given: Given, common: CommonOfLimits, check: CheckNumber): Unruled<Limit>
  /**
   * States name instants, so they stay as they are when the clock steps back. Absent: they say what
   * is left.
   */
  readonly namesInstants?: true
  /**
   * The state at `now`, for an unused limit and a stored state alike. When the clock has stepped
   * back no time has passed.
   */
  advance(limit: Limit, state: State | null, now: number): State
  /**
   * Whether another limit was asked before, so that the state as stored would for ever be cut to
   * this one's size anew: whoever sees it first stores it as cut. Absent: no limit makes that
   * happen.
   */
  isCut?(limit: Limit, state: State, now: number): boolean
  /** Whether the request fits. */
  admits(limit: Limit, state: State, operation: string): boolean
  /** The state with the request's cost taken. */
  charge(limit: Limit, state: State, operation: string): State
  /** What {@link Algorithm.settle} needs to know of a request that was just charged. */
  receipt(limit: Limit, charged: State): readonly number[]
  /** The state with what was taken corrected to the limit's cost. */
  settle(limit: Limit, state: State, taken: Taken, operation: string): Settled<State>
  /**
   * Whether the state itself knows that the operation has paid. Absent: it does not, so a record
   * must.
   */
  holds?(state: State, operation: string): boolean
  /** Units that the request's subject has left. */
  remaining(limit: Limit, state: State): number
  /** Until `cost` fits into a state that it does not fit into, ms. */
  waitMs(limit: Limit, state: State, cost: number): number
  /** Until the state is as if unused, ms; 0 where it need not be kept. */
  restMs(limit: Limit, state: State): number
  encode(state: State): string
  decode(text: string): State
}

/** A state of any algorithm; only the algorithm itself knows what is in it. */
export interface LimitState {
  readonly at: number
}

/** An algorithm that gets only limits and states of its own kind. */
export type AnyAlgorithm = Algorithm<FullRateLimit, LimitState>

/** A checked limit without its algorithm. */
export type Unruled<Limit extends FullRateLimit> = Omit<Limit, 'rule'>

/** @throws RangeError when a value is anything but an integer in a range. @returns The value */
export type CheckNumber = (what: string, value: number, least: number, most: number) => number

/** What an operation has taken from one limit. */
export interface Taken {
  readonly cost: number
  readonly receipt: readonly number[]
}

/** A corrected state, and what the operation has taken now. */
export interface Settled<State> {
  readonly state: State
  readonly taken: Taken
}

/** Time between two readings of a clock, which may have stepped back. */
export function elapsedMs(since: number, now: number): number {
  return now > since ? now - since : 0
}
