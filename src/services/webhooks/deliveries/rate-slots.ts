import { createLruCache } from '../../../primitives/lru-cache.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { rampCountAt, rampSlotMs } from './recovery-ramp.ts'

/**
 * Hands out times to come back, so that deliveries that wait for a rate limit do not all ask again
 * at once.
 */
export interface RateSlots {
  /**
   * @param key Whose turn it is; those with the same one come back apart
   * @param earliestMs When one more request could pass, from now
   * @param intervalMs How far apart the limit lets requests come
   * @returns When to ask again, in ms from now
   */
  next(key: string, earliestMs: number, intervalMs: number): number
  /**
   * The same for an endpoint that is let back step by step.
   *
   * @param backSince When it came back
   */
  nextOfRamp(key: string, backSince: number): number
}

/**
 * Nobody is sent further away than this, so that a raised limit is noticed, unless the limit itself
 * says so.
 */
const MAX_WAIT_MS = 300_000

/** @param clock Tells when a slot has passed */
export function createRateSlots(clock: Clock): RateSlots {
  const lastSlots = createLruCache<{ readonly at: number }>(10_000)
  const ramps = createLruCache<{ readonly backSince: number; readonly count: number }>(10_000)
  return {
    next(key, earliestMs, intervalMs) {
      const now = clock.now()
      const last = lastSlots.get(key)?.at ?? 0
      const earliest = now + earliestMs
      const queued = last > now ? Math.max(last + intervalMs, earliest) : earliest
      const at = Math.min(queued, Math.max(earliest, now + MAX_WAIT_MS))
      lastSlots.set(key, { at })
      return Math.ceil(at - now)
    },
    nextOfRamp(key, backSince) {
      const sinceMs = clock.now() - backSince
      const before = ramps.get(key)
      const queued = before?.backSince === backSince ? before.count + 1 : 1
      // Slots that have passed are not made up for.
      const count = Math.max(queued, rampCountAt(sinceMs) + 1)
      ramps.set(key, { backSince, count })
      return Math.ceil(rampSlotMs(count) - sinceMs)
    },
  }
}
