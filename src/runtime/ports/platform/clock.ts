/**
 * Tells the time and wakes its caller later. Everything below the composition root takes one as an
 * argument.
 */
export interface Clock {
  /**
   * Milliseconds since 1970-01-01T00:00:00Z. A person or a time server may set it forward or back.
   */
  now(): number
  /**
   * Calls `wake` once, `delayMs` from now, unless the returned function was called before. The
   * delay is elapsed time: nobody who sets the clock changes it.
   *
   * @returns Cancels the timer; calling it twice or late does nothing
   */
  setTimer(wake: () => void, delayMs: number): () => void
  /**
   * Milliseconds that have passed since some moment: it never goes back, and moves on with time
   * alone, whatever is done to `now()`. Where a platform has none, timers alone tell elapsed time.
   */
  elapsed?(): number
}

/** The longest delay one platform timer carries; longer ones fire at once on every runtime. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What the platform's clock says, for whoever needs no timers: they are not in its bundle then. */
export function systemNow(): number {
  return Date.now()
}

/**
 * The platform's own clock. A timer of more than 24.8 days wakes then already: whoever waits so
 * long looks again, as the workers do.
 */
export const systemClock: Required<Clock> = {
  now: systemNow,
  setTimer(wake, delayMs) {
    const timer = setTimeout(wake, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    return () => clearTimeout(timer)
  },
  elapsed: () => performance.now(),
}
