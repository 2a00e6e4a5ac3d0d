import type { Backend, StoreChange } from '@white-cross/reuse/infrastructure/runtime/ports'

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
  const { store, jobStore, rateLimits } = backend
  return {
    ...backend,
    ...{ opened, written, texts, subjects },
    forget() {
      for (const set of [opened, written, subjects]) set.clear()
      texts.length = 0
    },
    store: {
      partition(name) {
        const partition = store.partition(name)
        const seen = (): void => void opened.add(name)
        return {
          get: (key) => (seen(), partition.get(key)),
          getMany: (keys) => (seen(), partition.getMany(keys)),
          list: (options) => (seen(), partition.list(options)),
          commit(change: StoreChange) {
            seen()
            written.add(name)
            texts.push(JSON.stringify(change.set ?? []))
            return partition.commit(change)
          },
        }
      },
    },
    jobStore: {
      queue(name) {
        const queue = jobStore.queue(name)
        const seen = (): void => void opened.add(`queue ${name}`)
        return {
          ...queue,
          add(jobs) {
            seen()
            written.add(`queue ${name}`)
            texts.push(JSON.stringify(jobs))
            return queue.add(jobs)
          },
          command(command) {
            seen()
            return queue.command(command)
          },
          get: (id) => (seen(), queue.get(id)),
          list: (options) => (seen(), queue.list(options)),
          counts: () => (seen(), queue.counts()),
          exchange: (exchange) => (seen(), queue.exchange(exchange)),
          children: (id) => (seen(), queue.children(id)),
          oldestReady: () => (seen(), queue.oldestReady()),
          group: (key) => (seen(), queue.group(key)),
          events: (options) => (seen(), queue.events(options)),
        }
      },
    },
    rateLimits: {
      ...rateLimits,
      consume(subject, limits, options) {
        subjects.add(subject)
        return rateLimits.consume(subject, limits, options)
      },
      settle: (subject, limits, operation) => rateLimits.settle(subject, limits, operation),
      reset: (subject, limits) => rateLimits.reset(subject, limits),
    },
  }
}
