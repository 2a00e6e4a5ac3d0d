import type { Clock } from '../../../runtime/ports/platform/clock.ts'

/** Hands on a promise that is to be waited for, or leaves it to itself. */
export type WaitUntil = (promise: Promise<unknown>) => void

/**
 * Makes a flush that happens at most once in a time: at once, or as soon as the time is over.
 *
 * @param flush Never rejects
 */
export function createSpacedFlush(
  flush: () => Promise<unknown>,
  apartMs: number,
  clock: Clock,
): (waitUntil: WaitUntil) => void {
  let flushedAt = -Infinity
  let plannedAt = -Infinity
  const act = (): Promise<unknown> => {
    flushedAt = clock.now()
    plannedAt = -Infinity
    return flush()
  }
  return (waitUntil) => {
    const passedMs = Math.abs(clock.now() - flushedAt)
    if (passedMs >= apartMs) {
      waitUntil(act())
      return
    }
    // On Workers a timer dies with its request: one that is overdue is set again.
    if (Math.abs(clock.now() - plannedAt) < 2 * apartMs) return
    plannedAt = clock.now()
    waitUntil(new Promise((done) => void clock.setTimer(() => done(act()), apartMs - passedMs)))
  }
}
