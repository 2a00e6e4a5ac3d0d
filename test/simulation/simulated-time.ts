import type { Clock } from '../../src/runtime/ports/platform/clock.ts'

/** The time of a simulated world: nothing happens in it unless it moves. */
export interface SimulatedTime extends Clock {
  /** Moves on by `ms`, firing every timer at its own time and letting what it wakes come to rest. */
  advance(ms: number): Promise<void>
  /** Moves the job store's clock while every process stands still; timers that fell due fire late, in their order. */
  freeze(ms: number): Promise<void>
}

/** Timers that fire at one instant: more than any world has use for. */
const MOST_AT_ONCE = 1000

/**
 * @param storeClock The clock of the job store, which is moved along
 * @param quiet Resolves when nothing is under way any more
 */
export function createSimulatedTime(
  storeClock: { readonly clock: Clock; advance(ms: number): Promise<void> },
  quiet: () => Promise<void>,
): SimulatedTime {
  const timers = new Set<{ readonly at: number; readonly wake: () => void }>()
  const { now } = storeClock.clock

  async function moveTo(instant: number): Promise<void> {
    if (instant > now()) await storeClock.advance(instant - now())
  }

  async function advance(ms: number): Promise<void> {
    const end = now() + ms
    await quiet()
    for (let [instant, fired] = [now(), 0]; ;) {
      const next = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      await moveTo(next.at)
      fired = instant === now() ? fired + 1 : 0
      instant = now()
      if (fired > MOST_AT_ONCE)
        throw new Error('Expected time to pass, and somebody is always busy')
      timers.delete(next)
      next.wake()
      await quiet()
    }
    await moveTo(end)
    await quiet()
  }

  return {
    now,
    setTimer(wake, delayMs) {
      const timer = { at: now() + Math.ceil(Math.max(delayMs, 0)), wake }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance,
    async freeze(ms) {
      await quiet()
      await moveTo(now() + ms)
      await advance(0)
    },
  }
}
