import { JOB_LIMITS } from './job-limits.ts'

/** How many jobs that ended in one state may stay, and how many may go at once to get there. */
export interface KeptBound {
  readonly most: number
  readonly drops: number
}

/** Collects, over one call of a ledger, the bounds of the jobs that ended in it; see `NewJob.keepCompletedCount`. */
export class KeptBounds<State> {
  readonly #bounds = new Map<State, KeptBound>()

  /** @param most The bound of a job that has ended in `state` and is kept; `null` when it has none */
  heed(state: State, most: number | null): void {
    if (most === null) return
    const bound = this.#bounds.get(state) ?? { most, drops: JOB_LIMITS.dropped }
    this.#bounds.set(state, { most: Math.min(most, bound.most), drops: bound.drops + 1 })
  }

  /** Answers each bound once, and starts anew. */
  take(): readonly (readonly [State, KeptBound])[] {
    const bounds = [...this.#bounds]
    this.#bounds.clear()
    return bounds
  }
}
