/** Tells the time and wakes its caller later. Everything below the composition root takes one as an argument. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /**
   * Calls `wake` once, `delayMs` from now, unless the returned function was called before.
   *
   * @returns Cancels the timer; calling it twice or late does nothing
   */
  setTimer(wake: () => void, delayMs: number): () => void
}

/** The longest delay one platform timer carries (2³¹−1 ms); a longer one fires at once on every runtime. */
const MAX_TIMER_MS = 2_147_483_647

/** The platform's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(wake, delayMs) {
    let timer: ReturnType<typeof setTimeout>
    const start = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS)
      timer = setTimeout(() => (leftMs > stepMs ? start(leftMs - stepMs) : wake()), stepMs)
    }
    start(Math.max(delayMs, 0))
    return () => clearTimeout(timer)
  },
}
