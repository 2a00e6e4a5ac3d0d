import { isInstance } from '../../../primitives/read-thrown.ts'
import { retryDelayMs } from '../../../primitives/retry-delay.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'

const MOST_ATTEMPTS = 8

/**
 * Changes what many change at once, as when much happens to one user: whoever has lost too many
 * races waits for a moment, half of it chance, and tries again. Within about four seconds.
 *
 * @param act Has changed nothing when it is overloaded
 */
export async function outlastOthers<Result>(
  { clock, random }: { readonly clock: Clock; readonly random: RandomSource },
  act: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      const isLost = isInstance(error, BackendError) && error.code === 'backend_overloaded'
      if (!isLost || attempt === MOST_ATTEMPTS) throw error
      const delay = { type: 'exponential', delayMs: 50, maxMs: 1000, jitter: 0.5 } as const
      await waitFor(clock, retryDelayMs(delay, attempt, random.fraction()))
    }
  }
}
