import type { Clock } from '../platform/clock.ts'
import { elapsedMs } from './algorithms/algorithm.ts'
import {
  decideRateLimits,
  settleRateLimits,
  type LimitState,
  type OperationRecord,
  type RateLimitVerdict,
  type StoredLimit,
} from './decide-rate-limits.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import {
  checkConsumeOptions,
  checkLimitNames,
  checkRateLimits,
  checkSettlement,
} from './rate-limit-limits.ts'
import type { LocalRateLimits, RateLimitStore } from './rate-limit-store.ts'

/** Something that is kept, and how long it says anything. */
interface Kept<Value> {
  readonly value: Value
  readonly at: number
  readonly restMs: number
}

/** What is kept of a subject, by the names of its limits. */
type Subject = Map<string, Kept<LimitState>>

/**
 * Keeps rate limits in this process's memory: the pure deciders with a map around them.
 *
 * @param maxSubjects Subjects kept at once, and operations: one over it makes room by forgetting
 *   the oldest
 */
export function createLocalRateLimits(
  clock: Clock,
  maxSubjects: number,
): RateLimitStore & { readonly local: LocalRateLimits } {
  const subjects = createSweptMap<Subject>(maxSubjects, (subject, now) => {
    for (const [name, kept] of subject) if (isOver(kept, now)) subject.delete(name)
    return subject.size === 0
  })
  const operations = createSweptMap<Kept<OperationRecord>>(maxSubjects, isOver)

  const readClock = (): number => Math.max(Math.floor(clock.now()), 0)

  function storedOf(subject: string, limit: FullRateLimit): StoredLimit {
    const kept = subjects.map.get(limit.subject ?? subject)?.get(limit.name)
    return { limit, state: kept?.value ?? null }
  }

  function write(subject: string, now: number, { writes }: RateLimitVerdict): void {
    for (const { limit, state, restMs } of writes) {
      const owner = limit.subject ?? subject
      const known = subjects.map.get(owner)
      const kept = { value: state, at: now, restMs }
      if (restMs === 0) known?.delete(limit.name)
      else if (known !== undefined) known.set(limit.name, kept)
      else subjects.add(owner, new Map([[limit.name, kept]]))
    }
    if (writes.length > 0) subjects.sweep(now)
  }

  const local: LocalRateLimits = {
    consume(subject, limits, options = {}) {
      const checked = checkRateLimits(subject, limits)
      const rememberMs = checkConsumeOptions(checked, options)
      const { operation = '', look = false } = options
      const now = readClock()
      const known = operation === '' ? undefined : operations.map.get(keyOf(subject, operation))
      const record = known === undefined || isOver(known, now) ? null : known.value
      const verdict = decideRateLimits(
        checked.map((limit) => storedOf(subject, limit)),
        { now, operation, look, record },
      )
      write(subject, now, verdict)
      if (verdict.record !== null) {
        const kept = { value: verdict.record, at: now, restMs: rememberMs }
        operations.add(keyOf(subject, operation), kept)
        operations.sweep(now)
      }
      return verdict.decisions
    },

    settle(subject, limits, operation) {
      const checked = checkRateLimits(subject, limits)
      checkSettlement(checked, operation)
      const now = readClock()
      const key = keyOf(subject, operation)
      const known = operations.map.get(key)
      const record = known === undefined || isOver(known, now) ? null : known.value
      const verdict = settleRateLimits(
        checked.map((limit) => storedOf(subject, limit)),
        { now, operation, record },
      )
      if (verdict === null) return null
      write(subject, now, verdict)
      if (verdict.record?.size === 0) operations.map.delete(key)
      else if (verdict.record !== null && known !== undefined)
        operations.map.set(key, { ...known, value: verdict.record })
      return verdict.decisions
    },

    reset(subject, limits) {
      checkLimitNames(subject, limits)
      for (const { name, subject: owner = subject } of limits) subjects.map.get(owner)?.delete(name)
    },
  }
  return {
    local,
    clock,
    consume: async (...args) => local.consume(...args),
    settle: async (...args) => local.settle(...args),
    reset: async (...args) => local.reset(...args),
  }
}

/** An operation has no space in it. */
function keyOf(subject: string, operation: string): string {
  return `${operation} ${subject}`
}

function isOver({ at, restMs }: Kept<unknown>, now: number): boolean {
  return elapsedMs(at, now) >= restMs
}

/** A map that loses what is over faster than it can grow. */
interface SweptMap<Value> {
  readonly map: Map<string, Value>
  /** Adds a value, and drops the oldest one where there are too many. */
  add(key: string, value: Value): void
  /** Looks at a few more of all values, and drops those that are over. */
  sweep(now: number): void
}

const LOOKED_AT = 2

function createSweptMap<Value>(
  maxEntries: number,
  isOverAt: (value: Value, now: number) => boolean,
): SweptMap<Value> {
  const map = new Map<string, Value>()
  // Goes round and round; what is added meanwhile it comes to later.
  let hand = map.entries()
  return {
    map,
    add(key, value) {
      map.set(key, value)
      if (map.size <= maxEntries) return
      const [oldest = key] = map.keys()
      map.delete(oldest)
    },
    sweep(now) {
      for (let looked = 0; looked < LOOKED_AT; looked++) {
        const next = hand.next()
        if (next.done === true) {
          hand = map.entries()
          return
        }
        const [key, value] = next.value
        if (isOverAt(value, now)) map.delete(key)
      }
    },
  }
}
