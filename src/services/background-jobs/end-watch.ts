import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'

/** Who waits in this process for jobs of one queue to end. */
export interface EndWatch {
  /** @returns Stops listening */
  listen(id: string, listener: () => void): () => void
  /** Says that a job may have ended. */
  tell(id: string): void
}

type OnEnds = QueueStore['onEnds']

/** By backend and queue, so that several queue objects of one program hear of each other. */
const watches = new WeakMap<object, Map<string, EndWatch>>()

/**
 * @param jobStore Of the queue: what it pushes is heard while somebody waits
 */
export function endWatchOf(
  backend: object,
  queue: string,
  jobStore: Pick<QueueStore, 'onEnds'>,
): EndWatch {
  const ofBackend = watches.get(backend) ?? new Map<string, EndWatch>()
  watches.set(backend, ofBackend)
  const watch = ofBackend.get(queue) ?? createEndWatch(jobStore.onEnds)
  ofBackend.set(queue, watch)
  return watch
}

function createEndWatch(onEnds: OnEnds): EndWatch {
  const listeners = new Map<string, Set<() => void>>()
  let stopHearing: (() => void) | undefined

  function tell(id: string): void {
    for (const listener of [...(listeners.get(id) ?? [])]) listener()
  }

  return {
    listen(id, listener) {
      const ofJob = listeners.get(id) ?? new Set()
      const heard = (): void => listener()
      listeners.set(id, ofJob.add(heard))
      stopHearing ??= onEnds?.((ids) => (ids ?? [...listeners.keys()]).forEach(tell))
      return () => {
        ofJob.delete(heard)
        if (ofJob.size === 0 && listeners.get(id) === ofJob) listeners.delete(id)
        if (listeners.size > 0) return
        stopHearing?.()
        stopHearing = undefined
      }
    },
    tell,
  }
}
