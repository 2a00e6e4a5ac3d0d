import type { Clock } from '../ports/platform/clock.ts'
import type { Waker } from '../ports/waker/waker.ts'

/** A {@link Waker} within one process: timers wake, listeners wake. For servers and tests. */
export function createTimerWaker(clock: Clock): Required<Waker> {
  const listeners = new Map<string, Set<() => void>>()

  function wakeAll(queue: string): void {
    for (const listener of [...(listeners.get(queue) ?? [])]) {
      try {
        listener()
      } catch {
        // A listener that throws must not keep the others from waking; its own loop looks again
        // anyway.
      }
    }
  }

  return {
    async wake(queue, inMs) {
      // Without a listener there is nobody to wake: whoever comes later looks into the job store
      // first.
      if (!listeners.has(queue)) return
      if (inMs <= 0) wakeAll(queue)
      else clock.setTimer(() => wakeAll(queue), inMs)
    },
    onWake(queue, listener) {
      const heard = (): void => listener()
      const ofQueue = listeners.get(queue) ?? new Set()
      listeners.set(queue, ofQueue.add(heard))
      return () => {
        ofQueue.delete(heard)
        if (ofQueue.size === 0 && listeners.get(queue) === ofQueue) listeners.delete(queue)
      }
    },
  }
}
