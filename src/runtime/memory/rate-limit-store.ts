import { decideGcra } from '../../primitives/gcra.ts'
import type { Clock } from '../ports/clock.ts'
import { checkRateLimits } from '../ports/rate-limit-limits.ts'
import type { RateLimitStore } from '../ports/rate-limit-store.ts'

/** Expired subjects dropped on each call, so that the map shrinks faster than it can grow. */
const PRUNED_A_CALL = 2

/** Creates the reference {@link RateLimitStore}: exact within one process, and only there. */
export function createMemoryRateLimitStore(clock: Clock): RateLimitStore {
  const subjects = new Map<string, Map<string, number>>()

  function prune(now: number): void {
    let looked = 0
    for (const [subject, arrivals] of subjects) {
      if (looked++ === PRUNED_A_CALL) return
      subjects.delete(subject)
      // One still in use goes to the end of the line, so that the next calls look at others.
      if ([...arrivals.values()].some((arrivalAt) => arrivalAt > now))
        subjects.set(subject, arrivals)
    }
  }

  return {
    async consume(subject, limits) {
      const checked = checkRateLimits(subject, limits)
      const now = clock.now()
      prune(now)
      const arrivals = subjects.get(subject) ?? new Map<string, number>()
      const decide = (charge: boolean) =>
        checked.map((limit) => {
          const arrivalAt = arrivals.get(limit.name) ?? null
          return { limit, decision: decideGcra(limit, arrivalAt, charge ? limit.cost : 0, now) }
        })
      const wanted = decide(true)
      const allowed = wanted.every(({ decision }) => decision.allowed)
      const looked = allowed ? wanted : decide(false)
      if (allowed && checked.some(({ cost }) => cost > 0)) {
        for (const { limit, decision } of wanted) arrivals.set(limit.name, decision.arrivalAt)
        subjects.set(subject, arrivals)
      }
      return wanted.map(({ limit, decision }, index) => ({
        name: limit.name,
        allowed: decision.allowed,
        remaining: looked[index]?.decision.remaining ?? 0,
        retryAfterMs: decision.retryAfterMs,
        resetAfterMs: looked[index]?.decision.resetAfterMs ?? 0,
      }))
    },
    async reset(subject) {
      subjects.delete(subject)
    },
  }
}
