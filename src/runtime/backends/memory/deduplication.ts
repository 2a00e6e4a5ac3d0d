/** Who holds which deduplication id of a queue. */
export interface Deduplication {
  /** The hold on `id` that counts now, if any. */
  find(id: string, now: number): DeduplicationHold | null
  /** @param until When the hold ends, ms since 1970; `null` while the job has not finished */
  hold(id: string, jobId: string, until: number | null, now: number): void
  /** Ends what `jobId` holds until it has finished. */
  release(id: string, jobId: string): void
}

export interface DeduplicationHold {
  readonly jobId: string
  readonly until: number | null
}

/** Holds looked at on each new one, so that those whose time is over go faster than others come. */
const PRUNED_A_HOLD = 2

export function createDeduplication(): Deduplication {
  const holds = new Map<string, DeduplicationHold>()

  function prune(now: number): void {
    let looked = 0
    for (const [id, hold] of holds) {
      if (looked++ === PRUNED_A_HOLD) return
      holds.delete(id)
      // One still in use goes to the end of the line, so that the next calls look at others.
      if (hold.until === null || hold.until > now) holds.set(id, hold)
    }
  }

  return {
    find(id, now) {
      const hold = holds.get(id)
      return hold === undefined || (hold.until !== null && hold.until <= now) ? null : hold
    },
    hold(id, jobId, until, now) {
      prune(now)
      holds.set(id, { jobId, until })
    },
    release(id, jobId) {
      const hold = holds.get(id)
      if (hold?.jobId === jobId && hold.until === null) holds.delete(id)
    },
  }
}
