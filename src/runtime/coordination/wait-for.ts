import type { Clock } from '../ports/platform/clock.ts'

/**
 * Waits `ms` on the clock.
 *
 * @throws The signal's reason when it aborts before
 */
export function waitFor(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = (): void => {
      cancel()
      // The reason is the caller's own value, passed on as `throwIfAborted` does.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal?.reason)
    }
    const cancel = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
