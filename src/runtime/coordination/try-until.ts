import { retryDelayMs } from '../../primitives/retry-delay.ts'
import type { Clock } from '../ports/platform/clock.ts'
import { startStopwatch } from '../ports/platform/deadline.ts'
import type { RandomSource } from '../ports/platform/random-source.ts'
import { waitFor } from './wait-for.ts'

/** How {@link tryUntil} waits. */
export interface TryUntilOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** How long to go on trying; 0 tries once. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Tries until something is gained, pausing between 50 ms and a second, each pause half left to
 * chance.
 *
 * @returns What was gained, or `null` when the time is over
 * @throws The signal's reason when it aborts
 */
export async function tryUntil<Gain>(
  attempt: () => Promise<Gain | null>,
  options: TryUntilOptions,
): Promise<Gain | null> {
  const { clock, random, waitMs, signal } = options
  const elapsedMs = startStopwatch(clock)
  let waitedMs = 0
  for (let count = 1; ; count++) {
    signal?.throwIfAborted()
    const gain = await attempt()
    if (gain !== null) return gain
    // A clock that cannot tell elapsed time may jump back, so the pauses are counted as well.
    const leftMs = waitMs - Math.max(elapsedMs(), waitedMs)
    if (leftMs <= 0) return null
    const delay = { type: 'exponential', delayMs: 50, maxMs: 1000, jitter: 0.5 } as const
    const pauseMs = Math.min(retryDelayMs(delay, count, random.fraction()), leftMs)
    await waitFor(clock, pauseMs, signal)
    waitedMs += pauseMs
  }
}
