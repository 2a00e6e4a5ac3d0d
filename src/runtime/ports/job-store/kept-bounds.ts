import { JOB_LIMITS } from './job-limits.ts'
import type { JobState } from './job-state.ts'

/**
 * Collects, over one call of a job store, the bounds of the jobs that ended in it; see
 * `NewJob.keepCompletedCount`.
 */
export interface KeptBounds {
  /**
   * @param counts The bounds of a job that has ended in `state` and is kept; `null` where it has
   *   none
   */
  heed(state: JobState, counts: KeptCounts): void
  /** Answers each bound once, and starts anew. */
  take(): readonly KeptBound[]
}

/** How many jobs may stay that ended as one did: a part of what it was added with. */
export interface KeptCounts {
  readonly keepCompletedCount: number | null
  readonly keepDeadCount: number | null
}

/** How many jobs that ended in one state may stay, and how many may go at once to get there. */
export interface KeptBound {
  readonly state: JobState
  readonly most: number
  readonly drops: number
}

export function createKeptBounds(): KeptBounds {
  let bounds: KeptBound[] = []
  return {
    heed(state, { keepCompletedCount, keepDeadCount }) {
      const count = state === 'completed' ? keepCompletedCount : keepDeadCount
      if (count === null) return
      const known = bounds.find((bound) => bound.state === state)
      const { most, drops } = known ?? { most: count, drops: JOB_LIMITS.dropped }
      const bound = { state, most: Math.min(most, count), drops: drops + 1 }
      bounds = [...bounds.filter((other) => other !== known), bound]
    },
    take() {
      const taken = bounds
      bounds = []
      return taken
    },
  }
}
