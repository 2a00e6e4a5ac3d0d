import { settleWithin, type Timers } from './settle-within.ts'

/**
 * Runs `work` for at most `ms`.
 *
 * When the time is over its signal aborts and nobody waits for it any longer, whether it obeys or
 * not.
 *
 * @param signal Aborts the work's signal too
 * @throws What `work` throws, or `late()` when the time is over
 */
export function runWithin<Result>(
  timers: Timers,
  ms: number,
  signal: AbortSignal | undefined,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<Result> | Result,
): Promise<Result> {
  const timeout = new AbortController()
  const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
  const running = async (): Promise<Result> => work(either)
  return settleWithin(timers, ms, running(), () => {
    const error = late()
    timeout.abort(error)
    throw error
  })
}
