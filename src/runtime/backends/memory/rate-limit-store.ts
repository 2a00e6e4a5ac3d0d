import type { Clock } from '../../ports/platform/clock.ts'
import { decideRateLimits } from '../../ports/rate-limit-store/decide-rate-limits.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'

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
      const verdict = decideRateLimits(checked, (name) => arrivals.get(name) ?? null, now)
      for (const { name, arrivalAt } of verdict.arrivals) arrivals.set(name, arrivalAt)
      if (verdict.arrivals.length > 0) subjects.set(subject, arrivals)
      return verdict.decisions
    },
    async reset(subject) {
      subjects.delete(subject)
    },
  }
}
