import type { Clock } from '../runtime/ports/platform/clock.ts'

/** A clock that stands still until told to move. */
export interface FakeClock extends Required<Clock> {
  /**
   * Moves on by `ms`, firing every timer due by then at its own time, and lets promises settle in
   * between.
   */
  advance(ms: number): Promise<void>
  /**
   * Sets the wall clock forward or back, as a person or a time server does: no time passes by it.
   */
  step(ms: number): void
  /**
   * Lets time pass while nothing runs, as where a long computation blocks the event loop: timers
   * are late.
   */
  block(ms: number): void
}

/**
 * @param start ms since 1970; default 2026-01-01T00:00:00Z
 * @param settle Resolves when what a timer has woken has come to rest. Default: lets chains of
 *   promises run to their end, which does not wait for answers from outside
 *
 * @example
 * const clock = createFakeClock()
 * const backend = memory({ clock })
 * await clock.advance(60_000)
 */
export function createFakeClock(
  start = 1_767_225_600_000,
  settle: () => Promise<void> = settlePromises,
): FakeClock {
  let elapsed = 0
  let wall = start
  const timers = new Set<{ readonly at: number; readonly wake: () => void }>()
  return {
    now: () => wall + elapsed,
    elapsed: () => elapsed,
    setTimer(wake, delayMs) {
      const timer = { at: elapsed + Math.max(delayMs, 0), wake }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    step(ms) {
      wall += ms
    },
    block(ms) {
      elapsed += ms
    },
    async advance(ms) {
      const end = elapsed + ms
      await settle()
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        timers.delete(next)
        elapsed = Math.max(elapsed, next.at)
        next.wake()
        await settle()
      }
      elapsed = Math.max(elapsed, end)
      await settle()
    },
  }
}

/**
 * Lets chains of already settled promises run to their end; a chain longer than this is not one a
 * test should wait for.
 */
async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
