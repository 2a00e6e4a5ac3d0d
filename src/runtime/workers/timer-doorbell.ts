import type { Clock } from '../ports/platform/clock.ts'
import type { Doorbell } from '../ports/doorbell/doorbell.ts'

/** A {@link Doorbell} within one process: timers ring, listeners wake. For servers and tests. */
export function createTimerDoorbell(clock: Clock): Required<Doorbell> {
  const listeners = new Map<string, Set<() => void>>()

  function wakeAll(queue: string): void {
    for (const wake of [...(listeners.get(queue) ?? [])]) {
      try {
        wake()
      } catch {
        // A listener that throws must not keep the others from waking; its own loop looks again anyway.
      }
    }
  }

  return {
    async ring(queue, inMs) {
      // Without a listener there is nobody to wake: whoever comes later looks into the ledger first.
      if (!listeners.has(queue)) return
      if (inMs <= 0) wakeAll(queue)
      else clock.setTimer(() => wakeAll(queue), inMs)
    },
    listen(queue, wake) {
      const heard = (): void => wake()
      const ofQueue = listeners.get(queue) ?? new Set()
      listeners.set(queue, ofQueue.add(heard))
      return () => {
        ofQueue.delete(heard)
        if (ofQueue.size === 0 && listeners.get(queue) === ofQueue) listeners.delete(queue)
      }
    },
  }
}
