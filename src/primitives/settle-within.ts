/** What of a clock is needed to wait: `Clock` of the ports fits. */
export interface Timers {
  /** @returns Takes the timer back */
  setTimer(wake: () => void, delayMs: number): () => void
}

/**
 * Waits for `work`, for at most `ms`.
 *
 * @param late Says what holds when the time is over before: a value, or an error that it throws
 * @returns What `work` resolves with, or what `late` returns
 * @throws What `work` rejects with, or what `late` throws
 */
export function settleWithin<Result, Late = never>(
  timers: Timers,
  ms: number,
  work: Promise<Result>,
  late: () => Late,
): Promise<Result | Late> {
  return new Promise((resolve, reject) => {
    // First: where no timer can be set, what the work rejects with must not stay unhandled.
    const settled = work.then(resolve, reject)
    const cancel = timers.setTimer(() => {
      try {
        resolve(late())
      } catch (error) {
        // What the caller's own function throws is handed on as it is.
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors
        reject(error)
      }
    }, ms)
    void settled.finally(cancel)
  })
}
