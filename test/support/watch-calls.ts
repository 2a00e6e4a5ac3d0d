import type { Backend } from '../../src/runtime/ports/backend.ts'

/** A backend, and the calls that are made of its store and job store: each is one round trip. */
export function watchCalls(backend: Backend): {
  readonly backend: Backend
  /** `jobs emails.counts`, `store jobs:emails:log.get`, …, in their order. */
  readonly calls: string[]
} {
  const calls: string[] = []
  const watched = <Part extends object>(what: string, part: Part): Part =>
    new Proxy(part, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          calls.push(`${what}.${String(name)}`)
          return Reflect.apply(value, of, args)
        }
      },
    })
  return {
    calls,
    backend: {
      ...backend,
      store: {
        partition: (name) => watched(`store ${name}`, backend.store.partition(name)),
      },
      jobStore: { queue: (name) => watched(`jobs ${name}`, backend.jobStore.queue(name)) },
    },
  }
}
