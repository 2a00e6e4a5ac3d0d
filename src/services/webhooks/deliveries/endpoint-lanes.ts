import type { Clock } from '../../../runtime/ports/clock.ts'

/** Keeps endpoints that fail or dawdle from taking up this process's worker. */
export interface EndpointLanes {
  /**
   * Takes a place for one attempt.
   *
   * @param failing Whether the endpoint is known to fail
   * @returns Gives the place back; `null` when the endpoint must wait
   */
  enter(endpointId: string, failing: boolean): (() => void) | null
}

/** How many attempts may be spent on endpoints in doubt. */
export interface EndpointLanesOptions {
  readonly clock: Clock
  /** An attempt that takes longer puts its endpoint in doubt, in ms. Default 1,000. */
  readonly slowAfterMs?: number
  /** Attempts at once to one endpoint in doubt. Default 2. */
  readonly perEndpoint?: number
  /** Attempts at once to all endpoints in doubt. Default 16. */
  readonly total?: number
}

interface Place {
  readonly endpointId: string
  readonly since: number
  readonly failing: boolean
}

/** An endpoint that answers in time takes as many places as it likes; one that fails or dawdles only a few of them. */
export function createEndpointLanes(options: EndpointLanesOptions): EndpointLanes {
  const { clock, slowAfterMs = 1000, perEndpoint = 2, total = 16 } = options
  const places = new Set<Place>()
  return {
    enter(endpointId, failing) {
      const now = clock.now()
      const inDoubt = [...places].filter(
        (place) => place.failing || now - place.since > slowAfterMs,
      )
      const doubtful = failing || inDoubt.some((place) => place.endpointId === endpointId)
      if (doubtful) {
        const own = [...places].filter((place) => place.endpointId === endpointId).length
        if (own >= perEndpoint || inDoubt.length >= total) return null
      }
      const place = { endpointId, since: now, failing }
      places.add(place)
      return () => void places.delete(place)
    },
  }
}
