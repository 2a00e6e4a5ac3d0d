import { prepareRateLimits } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'

/** A limit that has been read: what the port is asked, and how to speak of it. */
export interface PlannedLimit {
  readonly name: string
  /** The units that an unused limit has. */
  readonly limit: number
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
   * @param maxWaitMs Lets limits that can book ahead do so, up to this wait
   * @throws RangeError when the cost can never fit
   */
  prepare(cost: number, now: number, maxWaitMs: number): PreparedLimits
}

/** Limits as the port is asked for them. */
export interface PreparedLimits {
  readonly asked: readonly RateLimit[]
  /** Says in a text what is asked. */
  readonly text: string
}

/** Costs of which the checked limits are kept. */
const MAX_KEPT = 16

export function createPlan(limits: readonly PlannedLimit[]): LimitPlan {
  const kept = new Map<string, PreparedLimits>()
  const isTimed = limits.some((limit) => limit.isTimed === true)
  return {
    limits,
    prepare(cost, now, maxWaitMs) {
      const key = `${cost} ${maxWaitMs}`
      const known = kept.get(key)
      if (known !== undefined) return known
      const asked = limits.map((limit) => {
        const one = limit.at(limit.cost ?? cost, now)
        return one.algorithm === 'gcra' && maxWaitMs > 0 ? { ...one, maxWaitMs } : one
      })
      const prepared = { asked: prepareRateLimits(asked), text: JSON.stringify(asked) }
      if (!isTimed && kept.size < MAX_KEPT) kept.set(key, prepared)
      return prepared
    },
  }
}
