import type { AtomicStore } from '../../src/runtime/ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { BackendError } from '../../src/runtime/ports/backend-error.ts'
import type { JobStore } from '../../src/runtime/ports/job-store/job-store.ts'

/** A process that dies at one of its writes: nothing reaches the backend from then on. */
export interface CrashingBackend {
  readonly backend: Backend
  readonly crashed: () => boolean
}

/**
 * @param crashAt The write at which the process dies, from 1
 * @param when Whether that write still takes effect, its answer being lost
 */
export function createCrashingBackend(
  inner: Backend,
  crashAt: number,
  when: 'before' | 'after',
): CrashingBackend {
  let writes = 0
  let dead = false
  const gone = (): never => {
    throw new BackendError('backend_unavailable', 'The process died')
  }
  const read = async <Value>(act: () => Promise<Value>): Promise<Value> => (dead ? gone() : act())
  const write = async <Value>(act: () => Promise<Value>): Promise<Value> => {
    if (dead) return gone()
    writes++
    if (writes !== crashAt) return act()
    dead = true
    if (when === 'after') await act()
    return gone()
  }
  const store: AtomicStore = {
    partition(name) {
      const partition = inner.store.partition(name)
      return {
        get: (key) => read(() => partition.get(key)),
        getMany: (keys) => read(() => partition.getMany(keys)),
        list: (options) => read(() => partition.list(options)),
        commit: (change) => write(() => partition.commit(change)),
      }
    },
  }
  const jobStore: JobStore = {
    queue(name) {
      const queue = inner.jobStore.queue(name)
      return {
        add: (jobs) => write(() => queue.add(jobs)),
        exchange: (exchange) => write(() => queue.exchange(exchange)),
        command: (command) => write(() => queue.command(command)),
        get: (id) => read(() => queue.get(id)),
        list: (options) => read(() => queue.list(options)),
        find: (options) => read(() => queue.find(options)),
        children: (id) => read(() => queue.children(id)),
        counts: () => read(() => queue.counts()),
        oldestReady: () => read(() => queue.oldestReady()),
        group: (key) => read(() => queue.group(key)),
        events: (options) => read(() => queue.events(options)),
      }
    },
  }
  return { backend: { ...inner, store, jobStore }, crashed: () => dead }
}
