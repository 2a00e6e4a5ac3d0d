import type { AnyAlgorithm } from '../../../runtime/ports/rate-limit-store/algorithms/algorithm.ts'
import type { RateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import {
  prepareRateLimits,
  type PreparedRateLimits,
} from '../../../runtime/ports/rate-limit-store/read-rate-limit.ts'

/** A limit that has been read: what the port is asked, and how to speak of it. */
export interface PlannedLimit {
  readonly name: string
  /** By what it is decided in this process. */
  readonly rule: AnyAlgorithm
  /** The units that an unused limit has. */
  readonly limit: number
  /** The most that can ever fit at once, where that is not {@link limit}. */
  readonly burst?: number
  /** Its window in ms, as headers say it; `null` where there is none, as of slots. */
  readonly windowMs: number | null
  /** What a request costs here; `null` where it is the call's cost. */
  readonly cost: number | null
  /** Whether what is asked changes with time. */
  readonly isTimed?: boolean
  /** What the port is asked, at a cost and an instant. */
  at(cost: number, now: number): RateLimit
}

/** Limits that are decided together. */
export interface LimitPlan {
  readonly limits: readonly PlannedLimit[]
  /**
   * What the port is asked, checked once for all calls of the same cost.
   *
   * @param now Read where what is asked changes with time
   * @param maxWaitMs Lets limits that can book ahead do so, up to this wait
   * @throws RangeError when the cost can never fit
   */
  prepare(cost: number, now: () => number, maxWaitMs: number): PreparedRateLimits
  /** The same with a cost for each limit. */
  prepareEach(costs: (index: number) => number, now: () => number): PreparedRateLimits
}

/** The cost, or what of it can ever fit. */
export function fitting(cost: number, { limit, burst = limit }: PlannedLimit): number {
  return Math.min(cost, burst)
}

/** Costs of which the checked limits are kept. */
const MAX_KEPT = 16

export function createPlan(limits: readonly PlannedLimit[]): LimitPlan {
  const kept = new Map<number, PreparedRateLimits>()
  // Most requests cost what the one before did.
  let last: { readonly cost: number; readonly made: PreparedRateLimits } | null = null
  const isTimed = limits.some((limit) => limit.isTimed === true)

  function prepared(ask: (limit: PlannedLimit, index: number) => RateLimit): PreparedRateLimits {
    // There is a limit, and so a rule, at each place of what is asked.
    return prepareRateLimits(limits.map(ask), (_, index) => (limits[index] as PlannedLimit).rule)
  }

  return {
    limits,
    prepare(cost, now, maxWaitMs) {
      if (last !== null && last.cost === cost && maxWaitMs === 0) return last.made
      const known = maxWaitMs === 0 ? kept.get(cost) : undefined
      if (known !== undefined) {
        last = { cost, made: known }
        return known
      }
      const at = isTimed ? now() : 0
      const made = prepared((limit) => {
        const one = limit.at(limit.cost ?? cost, at)
        return one.algorithm === 'gcra' && maxWaitMs > 0 ? { ...one, maxWaitMs } : one
      })
      if (!isTimed && maxWaitMs === 0 && kept.size < MAX_KEPT) {
        kept.set(cost, made)
        last = { cost, made }
      }
      return made
    },
    prepareEach(costs, now) {
      const at = isTimed ? now() : 0
      return prepared((limit, index) => limit.at(costs(index), at))
    },
  }
}
