import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { StorageError } from '../storage-error.ts'

/**
 * Makes calls of a driver, again where that is safe.
 *
 * @param act Is told whether an earlier try may have happened unseen
 * @param safe Whether doing it twice is the same as doing it once
 * @throws The last error, or the signal's reason
 */
export type DriverCalls = <Result>(
  signal: AbortSignal | undefined,
  act: (signal: AbortSignal, again: boolean) => Promise<Result>,
  safe?: boolean,
) => Promise<Result>

/** What {@link createDriverCalls} is told. */
export interface DriverCallsOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** Tries in all, from 1. */
  readonly attempts: number
}

const FIRST_DELAY_MS = 200
const MAX_DELAY_MS = 5000
/** A store that asks for more patience than this is not waited for. */
const MAX_RETRY_AFTER_MS = 20_000

export function createDriverCalls({ clock, random, attempts }: DriverCallsOptions): DriverCalls {
  const never = new AbortController().signal
  return async (signal = never, act, safe = true) => {
    let unseen = false
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        return await act(signal, unseen)
      } catch (error) {
        // What a client throws when it is aborted is its own business.
        signal.throwIfAborted()
        if (!(error instanceof StorageError && error.retryable) || attempt >= attempts) throw error
        const { mayHaveHappened, retryAfterMs } = error
        if ((mayHaveHappened && !safe) || (retryAfterMs ?? 0) > MAX_RETRY_AFTER_MS) throw error
        unseen ||= mayHaveHappened
        const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS)
        await waitFor(clock, Math.max(delayMs * random.fraction(), retryAfterMs ?? 0), signal)
      }
    }
  }
}
