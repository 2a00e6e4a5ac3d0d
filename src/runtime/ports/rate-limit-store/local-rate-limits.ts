import type { Clock } from '../platform/clock.ts'
import { elapsedMs } from './algorithms/algorithm.ts'
import {
  decideRateLimits,
  decisionOf,
  isStale,
  settleRateLimits,
  type OperationRecord,
  type RateLimitVerdict,
  type StoredLimit,
} from './decide-rate-limits.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import { createLocalSubjects, type LocalSubjects } from './local-subjects.ts'
import { checkConsumeOptions, checkLimitNames, checkSettlement } from './rate-limit-limits.ts'
import type { LocalRateLimits, RateLimitDecision } from './rate-limit-store.ts'
import { createSweptMap } from './swept-map.ts'

/** The record of an operation, and how long it is kept. */
interface KeptRecord {
  readonly value: OperationRecord
  readonly at: number
  readonly restMs: number
}

/**
 * Keeps rate limits in this process's memory: the pure deciders with a map around them.
 *
 * @param maxSubjects Subjects kept at once of each prefix, and operations: one over it makes room
 *   by forgetting the oldest
 */
export function createLocalRateLimits(clock: Clock, maxSubjects: number): LocalRateLimits {
  const operations = createSweptMap<KeptRecord>(maxSubjects, isPast)
  const root = createLocalSubjects(maxSubjects)
  const spaces = new Map<string, LocalSubjects>()

  const readClock = (): number => {
    const now = clock.now()
    return now > 0 ? Math.floor(now) : 0
  }

  /** Where a whole subject is kept, and as what. */
  function placeOf(subject: string): readonly [LocalSubjects, string] {
    for (const [prefix, space] of spaces)
      if (subject.startsWith(prefix)) return [space, subject.slice(prefix.length)]
    return [root, subject]
  }

  function storedOf(subject: string, limit: FullRateLimit): StoredLimit {
    const [space, owner] = placeOf(limit.subject ?? subject)
    return { limit, state: space.find(owner, limit.name)?.state ?? null }
  }

  function write(subject: string, { writes }: RateLimitVerdict): void {
    for (const { limit, state, restMs } of writes) {
      const [space, owner] = placeOf(limit.subject ?? subject)
      space.put(owner, limit.name, state, restMs)
    }
  }

  function recordOf(key: string, now: number): KeptRecord | null {
    const known = operations.map.get(key)
    return known === undefined || isPast(known, now) ? null : known
  }

  /** @param own Where subjects of the prefix are kept, without it */
  function openWithin(prefix: string, own: LocalSubjects): LocalRateLimits {
    return {
      now: readClock,

      consumeOne(subject, limit, now) {
        if (limit.subject === null && own !== root) return consumeOne(own, subject, limit, now)
        const [space, owner] = placeOf(limit.subject ?? prefix + subject)
        return consumeOne(space, owner, limit, now)
      },

      consume(subject, { full }, options = {}) {
        const whole = prefix + subject
        const rememberMs = checkConsumeOptions(full, options)
        const { operation = '', look = false } = options
        const now = readClock()
        const key = keyOf(whole, operation)
        const record = operation === '' ? null : (recordOf(key, now)?.value ?? null)
        const verdict = decideRateLimits(
          full.map((limit) => storedOf(whole, limit)),
          { now, operation, look, record },
        )
        write(whole, verdict)
        if (verdict.record !== null) {
          operations.add(key, { value: verdict.record, at: now, restMs: rememberMs })
          operations.sweep(now)
        }
        return verdict.decisions
      },

      settle(subject, { full }, operation) {
        checkSettlement(full, operation)
        const whole = prefix + subject
        const now = readClock()
        const key = keyOf(whole, operation)
        const known = recordOf(key, now)
        const verdict = settleRateLimits(
          full.map((limit) => storedOf(whole, limit)),
          { now, operation, record: known?.value ?? null },
        )
        if (verdict === null) return null
        write(whole, verdict)
        if (verdict.record?.size === 0) operations.map.delete(key)
        else if (verdict.record !== null && known !== null)
          operations.map.set(key, { ...known, value: verdict.record })
        return verdict.decisions
      },

      reset(subject, limits) {
        const whole = prefix + subject
        checkLimitNames(whole, limits)
        for (const { name, subject: other = whole } of limits) {
          const [space, owner] = placeOf(other)
          space.drop(owner, name)
        }
      },

      within(inner) {
        const whole = prefix + inner
        if (whole === '') return openWithin('', root)
        const known = spaces.get(whole)
        const space = known ?? createLocalSubjects(maxSubjects)
        if (known === undefined) {
          root.moveTo(space, whole)
          spaces.set(whole, space)
        }
        return openWithin(whole, space)
      },
    }
  }

  return openWithin('', root)
}

/** {@link decideRateLimits} for one limit without an operation, of which most requests are. */
function consumeOne(
  space: LocalSubjects,
  subject: string,
  limit: FullRateLimit,
  now: number,
): RateLimitDecision {
  const { rule, name } = limit
  const kept = space.find(subject, name)
  const before = kept === undefined ? null : kept.state
  const state = rule.advance(limit, before, now)
  const admits = rule.admits(limit, state, '')
  const charges = admits && limit.cost > 0
  const after = charges ? rule.charge(limit, state, '') : state
  const restMs = rule.restMs(limit, after)
  if (charges || (before !== null && isStale(limit, before, now))) {
    if (kept !== undefined && restMs > 0) space.replace(kept, after, restMs)
    else space.put(subject, name, after, restMs)
  }
  return decisionOf(limit, after, admits, charges, restMs)
}

function isPast({ at, restMs }: KeptRecord, now: number): boolean {
  return elapsedMs(at, now) >= restMs
}

/** An operation has no space in it. */
function keyOf(subject: string, operation: string): string {
  return `${operation} ${subject}`
}
