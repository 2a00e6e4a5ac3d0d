/** When failed attempts are repeated. */
export interface RetrySchedule {
  /** The wait after each failed attempt, in ms; after the last the delivery is dead. */
  readonly delaysMs: readonly number[]
  /** How far chance moves each wait, both ways: 0.2 is ±20 %. 0 to 1. */
  readonly jitter: number
  /** The longest wait that a receiver can ask for, in ms. */
  readonly maxRetryAfterMs: number
}

/** 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: eight attempts within 28 hours. */
export const DEFAULT_RETRY_SCHEDULE: RetrySchedule = {
  delaysMs: [5000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000],
  jitter: 0.2,
  maxRetryAfterMs: 86_400_000,
}

/**
 * The wait before the next attempt.
 *
 * What the receiver asked for in `Retry-After` counts where it is longer than the planned wait,
 * however short that is, up to a day by default. Chance then adds to it, so that what was put off
 * together does not come back together.
 *
 * @param failures Attempts of the round that failed, this one included
 * @param fraction A random number in [0, 1)
 * @returns In ms, or `null` when the schedule is at its end
 */
export function nextDelayMs(
  { delaysMs, jitter, maxRetryAfterMs }: RetrySchedule,
  failures: number,
  retryAfterMs: number | null,
  fraction: number,
): number | null {
  const baseMs = delaysMs[failures - 1]
  if (baseMs === undefined) return null
  const plannedMs = baseMs * (1 - jitter + 2 * jitter * fraction)
  const askedMs = Math.min(retryAfterMs ?? 0, maxRetryAfterMs)
  if (askedMs <= plannedMs) return Math.round(plannedMs)
  return Math.round(askedMs + Math.min(baseMs, askedMs) * jitter * fraction)
}
