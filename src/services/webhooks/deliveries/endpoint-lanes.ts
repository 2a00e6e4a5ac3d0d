import { createLruCache } from '../../../primitives/lru-cache.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'

/** Keeps endpoints that fail or dawdle out of the way of those that work. */
export interface EndpointLanes {
  /**
   * Takes a slot among the attempts that this process makes for endpoints that work.
   *
   * @param failing Whether the endpoint is known to fail
   * @returns Gives the slot back and says whether the attempt succeeded (`null`: none was made);
   *   `null` when the endpoint is in doubt, and its delivery goes to the slow lane
   */
  enter(endpointId: string, failing: boolean): ((succeeded: boolean | null) => void) | null
}

/** An attempt that takes longer puts its endpoint in doubt. */
const SLOW_AFTER_MS = 1000
/** For so long after a success an endpoint is trusted. */
const PROVEN_MS = 300_000
const PROVEN_ENDPOINTS = 10_000
/** Attempts at once to an endpoint of which nothing is known: all that a dead one can hold up. */
const UNPROVEN_SLOTS = 1

/**
 * An endpoint that has answered well of late, and does so in time, takes as many slots as it likes;
 * one of which nothing is known takes one. One that is known to fail, or is overdue with an answer,
 * takes none.
 */
export function createEndpointLanes(clock: Clock): EndpointLanes {
  const running = new Map<string, Set<{ readonly since: number }>>()
  const successes = createLruCache<{ readonly at: number }>(PROVEN_ENDPOINTS)
  return {
    enter(endpointId, failing) {
      if (failing) return null
      const now = clock.now()
      const own = running.get(endpointId) ?? new Set()
      for (const { since } of own) if (now - since > SLOW_AFTER_MS) return null
      const proven = now - (successes.get(endpointId)?.at ?? -Infinity) < PROVEN_MS
      if (!proven && own.size >= UNPROVEN_SLOTS) return null
      const slot = { since: now }
      running.set(endpointId, own.add(slot))
      return (succeeded) => {
        own.delete(slot)
        if (own.size === 0 && running.get(endpointId) === own) running.delete(endpointId)
        if (succeeded !== null)
          successes.set(endpointId, { at: succeeded ? clock.now() : -Infinity })
      }
    },
  }
}
