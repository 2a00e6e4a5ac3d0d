import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'

/** What was done to a backend, in a test. */
export interface WatchedBackend extends Backend {
  /** Partitions and queues that were opened, written or not. */
  readonly opened: Set<string>
  /** Partitions and queues that were written to. */
  readonly written: Set<string>
  /** All that was written, as text. */
  readonly texts: string[]
  /** Subjects whose limits were asked for. */
  readonly subjects: Set<string>
  forget(): void
}

/** Watches what is asked of a backend. */
export function watchBackend(backend: Backend): WatchedBackend {
  const opened = new Set<string>()
  const written = new Set<string>()
  const subjects = new Set<string>()
  const texts: string[] = []

  function note(place: string, isWrite: boolean, given: unknown): void {
    opened.add(place)
    if (!isWrite) return
    written.add(place)
    texts.push(JSON.stringify(given))
  }

  const { store, jobStore, rateLimits } = backend
  return {
    ...backend,
    ...{ opened, written, texts, subjects },
    forget() {
      for (const set of [opened, written, subjects]) set.clear()
      texts.length = 0
    },
    store: {
      partition: (name) =>
        watched(store.partition(name), (method, [given]) => note(name, method === 'commit', given)),
    },
    jobStore: {
      queue: (name) =>
        watched(jobStore.queue(name), (method, [given]) =>
          note(`queue ${name}`, method === 'add', given),
        ),
    },
    rateLimits: watched(rateLimits, (_method, [subject]) => void subjects.add(String(subject))),
  }
}

/** The same object, whose calls are heard before they are made. */
function watched<Target extends object>(
  target: Target,
  onCall: (method: string, args: readonly unknown[]) => void,
): Target {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        onCall(String(name), args)
        return Reflect.apply(value, of, args)
      }
    },
  })
}
