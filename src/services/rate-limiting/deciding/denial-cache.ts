import { createLruCache } from '../../../primitives/lru-cache.ts'
import type { RateLimitDecision } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'

/** Remembers in this process who is denied until when, so that they cost no round trip. */
export interface DenialCache {
  /** @returns The denial, aged to `now`, or `null` when it is over or not known */
  get(subject: string, limits: string, now: number): readonly RateLimitDecision[] | null
  /** @param maxAgeMs After which it is asked for again: others may have reset the limit since */
  set(
    subject: string,
    limits: string,
    decisions: readonly RateLimitDecision[],
    now: number,
    maxAgeMs: number,
  ): void
  /** Forgets what is known of a subject. */
  forget(subject: string): void
}

/** Denials of one subject, by what was asked. */
type Denials = Map<string, Denial>

interface Denial {
  readonly decisions: readonly RateLimitDecision[]
  readonly at: number
  readonly untilMs: number
}

/** Different limits that one subject may be remembered to exceed. */
const MAX_KINDS = 8

/** @param maxSubjects How many are remembered; the one asked for longest ago goes first */
export function createDenialCache(maxSubjects: number): DenialCache {
  const subjects = createLruCache<Denials>(maxSubjects)
  return {
    get(subject, limits, now) {
      const denial = subjects.get(subject)?.get(limits)
      if (denial === undefined) return null
      const age = now - denial.at
      // A clock that has stepped back says nothing about the time since.
      if (age < 0 || age >= denial.untilMs) return null
      return denial.decisions.map((decision) => aged(decision, age))
    },
    set(subject, limits, decisions, now, maxAgeMs) {
      const longest = Math.max(...decisions.map(({ retryAfterMs }) => retryAfterMs))
      const denials = subjects.get(subject) ?? new Map<string, Denial>()
      denials.delete(limits)
      if (denials.size >= MAX_KINDS) denials.clear()
      denials.set(limits, { decisions, at: now, untilMs: Math.min(longest, maxAgeMs) })
      subjects.set(subject, denials)
    },
    forget(subject) {
      if (subjects.get(subject) !== undefined) subjects.set(subject, new Map())
    },
  }
}

function aged(decision: RateLimitDecision, age: number): RateLimitDecision {
  const less = (ms: number): number => Math.max(ms - age, 0)
  const retryAfterMs = less(decision.retryAfterMs)
  return {
    ...decision,
    allowed: retryAfterMs === 0,
    retryAfterMs,
    nextAfterMs: less(decision.nextAfterMs),
    resetAfterMs: less(decision.resetAfterMs),
  }
}
