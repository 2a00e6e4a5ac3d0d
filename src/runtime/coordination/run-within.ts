import type { Clock } from '../ports/platform/clock.ts'

/**
 * Runs `work` for at most `ms`.
 *
 * When the time is over its signal aborts and nobody waits for it any longer, whether it obeys or not.
 *
 * @param signal Aborts the work's signal too
 * @throws What `work` throws, or `late()` when the time is over
 */
export function runWithin<Result>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeout = new AbortController()
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(() => {
      const error = late()
      timeout.abort(error)
      reject(error)
    }, ms)
    work(AbortSignal.any([signal, timeout.signal]))
      .then(resolve, reject)
      .finally(cancel)
  })
}
