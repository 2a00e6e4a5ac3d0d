/** Who waits in this process for jobs of one queue to end. */
export interface EndWatch {
  /** @returns Stops listening */
  listen(id: string, listener: () => void): () => void
  /** Says that a job may have ended. */
  tell(id: string): void
}

/** By backend and queue, so that several queue objects of one program hear of each other. */
const watches = new WeakMap<object, Map<string, EndWatch>>()

export function endWatchOf(backend: object, queue: string): EndWatch {
  const ofBackend = watches.get(backend) ?? new Map<string, EndWatch>()
  watches.set(backend, ofBackend)
  const watch = ofBackend.get(queue) ?? createEndWatch()
  ofBackend.set(queue, watch)
  return watch
}

function createEndWatch(): EndWatch {
  const listeners = new Map<string, Set<() => void>>()
  return {
    listen(id, listener) {
      const ofJob = listeners.get(id) ?? new Set()
      const heard = (): void => listener()
      listeners.set(id, ofJob.add(heard))
      return () => {
        ofJob.delete(heard)
        if (ofJob.size === 0 && listeners.get(id) === ofJob) listeners.delete(id)
      }
    },
    tell(id) {
      for (const listener of [...(listeners.get(id) ?? [])]) listener()
    },
  }
}
