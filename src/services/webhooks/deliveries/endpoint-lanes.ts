import type { Clock } from '../../../runtime/ports/clock.ts'
import type { RateSlots } from './rate-slots.ts'

/** Keeps endpoints that fail or dawdle from taking up this process's worker. */
export interface EndpointLanes {
  /**
   * Takes a place for one attempt.
   *
   * @param failing Whether the endpoint is known to fail
   */
  enter(endpointId: string, failing: boolean): LaneEntry
}

/** Either a place, to be given back, or how long to wait before asking again. */
export type LaneEntry =
  | { readonly entered: true; readonly leave: () => void }
  | { readonly entered: false; readonly waitMs: number }

/** How many attempts may be spent on endpoints in doubt. */
export interface EndpointLanesOptions {
  readonly clock: Clock
  /** Spaces out those who must wait. */
  readonly slots: RateSlots
  /** How many attempts this process makes at once. */
  readonly capacity: () => number
  /** An attempt that takes longer puts its endpoint in doubt, in ms. Default 500. */
  readonly slowAfterMs?: number
}

interface Place {
  readonly endpointId: string
  readonly since: number
  readonly failing: boolean
}

/** Attempts at once to an endpoint that is known to fail. */
const FAILING_PLACES = 2
/** Share of all places that endpoints in doubt may have together. */
const DOUBT_SHARE = 0.5

/**
 * An endpoint that answers in time takes as many places as it likes. One that fails gets two, and all that fail or dawdle
 * get half of the places together: the rest is kept for those that work. Whoever must wait comes back about as fast as
 * places in doubt become free, so that waiting costs the ledger no more than sending would.
 */
export function createEndpointLanes(options: EndpointLanesOptions): EndpointLanes {
  const { clock, slots, capacity, slowAfterMs = 500 } = options
  const places = new Set<Place>()
  return {
    enter(endpointId, failing) {
      const now = clock.now()
      let own = 0
      let inDoubt = 0
      let slow = false
      let oldestMs = slowAfterMs
      for (const place of places) {
        const ageMs = now - place.since
        const overdue = ageMs > slowAfterMs
        if (place.failing || overdue) {
          inDoubt++
          oldestMs = Math.max(oldestMs, ageMs)
        }
        if (place.endpointId !== endpointId) continue
        own++
        slow ||= overdue
      }
      if (failing && own >= FAILING_PLACES)
        return wait(slots, `lane ${endpointId}`, oldestMs, FAILING_PLACES)
      if ((failing || slow) && inDoubt >= capacity() * DOUBT_SHARE)
        return wait(slots, 'lanes', oldestMs, inDoubt)
      const place = { endpointId, since: now, failing }
      places.add(place)
      return { entered: true, leave: () => void places.delete(place) }
    },
  }
}

function wait(slots: RateSlots, key: string, oldestMs: number, servedAtOnce: number): LaneEntry {
  const intervalMs = oldestMs / Math.max(servedAtOnce, 1)
  return { entered: false, waitMs: Math.max(slots.next(key, intervalMs, intervalMs), 1) }
}
