import type { Clock } from './clock.ts'

/** A span of elapsed time that ends by itself, whatever is done to the wall clock. */
export interface Deadline {
  /**
   * Whether its time is over: also where the event loop was blocked when it should have ended, on a
   * clock that tells elapsed time. Then `onOver` has been called when this answers.
   */
  isOver(): boolean
  /** Lets it never end, if it has not yet. */
  cancel(): void
}

/** @param onOver Called once, when the time is over */
export function startDeadline(clock: Clock, ms: number, onOver: () => void): Deadline {
  const elapsedMs = startStopwatch(clock)
  let state: 'running' | 'over' | 'cancelled' = 'running'

  function end(): void {
    if (state !== 'running') return
    state = 'over'
    cancelTimer()
    onOver()
  }

  const cancelTimer = clock.setTimer(end, ms)
  return {
    isOver() {
      if (state === 'running' && clock.elapsed !== undefined && elapsedMs() >= ms) end()
      return state === 'over'
    },
    cancel() {
      cancelTimer()
      if (state === 'running') state = 'cancelled'
    },
  }
}

/**
 * Measures elapsed time. On a clock that cannot tell it, the wall clock's steps back count as no
 * time.
 *
 * @returns How many ms have passed since the call
 */
export function startStopwatch(clock: Clock): () => number {
  const start = clock.elapsed?.()
  if (start !== undefined) return () => (clock.elapsed?.() ?? start) - start
  let last = clock.now()
  let total = 0
  return () => {
    const now = clock.now()
    total += Math.max(now - last, 0)
    last = now
    return total
  }
}
