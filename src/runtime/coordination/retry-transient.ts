import { isInstance } from '../../primitives/read-thrown.ts'
import { retryDelayMs } from '../../primitives/retry-delay.ts'
import type { Clock } from '../ports/platform/clock.ts'
import { BackendError } from '../ports/backend-error.ts'
import type { RandomSource } from '../ports/platform/random-source.ts'
import { waitFor } from './wait-for.ts'

/** Options of {@link retryTransient}. */
export interface RetryTransientOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** Tries in all. Default 4. */
  readonly attempts?: number
  /** Stops trying; the rejection is then its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Repeats `act` while the backend is unavailable or overloaded, within about a second.
 *
 * @param act Is told whether a try before it failed, and so may have taken effect unseen
 * @throws What `act` threw last
 */
export async function retryTransient<Result>(
  act: (again: boolean) => Promise<Result>,
  options: RetryTransientOptions,
): Promise<Result> {
  const { clock, random, attempts = 4, signal } = options
  for (let attempt = 1; ; attempt++) {
    try {
      return await act(attempt > 1)
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error
      const delay = { type: 'exponential', delayMs: 100, maxMs: 1000 } as const
      await waitFor(clock, retryDelayMs(delay, attempt, random.fraction()), signal)
    }
  }
}

function isTransient(error: unknown): boolean {
  return (
    isInstance(error, BackendError) &&
    (error.code === 'backend_unavailable' || error.code === 'backend_overloaded')
  )
}
