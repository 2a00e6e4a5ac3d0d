import type { Clock } from '../runtime/ports/platform/clock.ts'

/** A clock that stands still until told to move. */
export interface FakeClock extends Clock {
  /** Moves on by `ms`, firing every timer due by then at its own time, and lets promises settle in between. */
  advance(ms: number): Promise<void>
}

/**
 * @param start ms since 1970; default 2026-01-01T00:00:00Z
 * @param settle Resolves when what a timer has woken has come to rest. Default: lets chains of promises run to their end,
 * which does not wait for answers from outside
 */
export function createFakeClock(
  start = 1_767_225_600_000,
  settle: () => Promise<void> = settlePromises,
): FakeClock {
  let now = start
  const timers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => now,
    setTimer(wake, delayMs) {
      const timer = { at: now + Math.max(delayMs, 0), wake }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.wake()
        await settle()
      }
      now = end
      await settle()
    },
  }
}

/** Lets chains of already settled promises run to their end; a chain longer than this is not one a test should wait for. */
async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
