import type { Backend } from '../../src/runtime/ports/backend.ts'

/** Makes one call, or does what becomes of it. */
export type MakeCall = <Answer>(act: () => Promise<Answer>) => Promise<Answer>

/** A backend each of whose calls goes through `make`; its waker stays as it is. */
export function throughCalls(backend: Backend, make: MakeCall): Backend {
  const { store, jobStore, rateLimits } = backend
  return {
    ...backend,
    store: { partition: (name) => eachThrough(store.partition(name), make) },
    jobStore: { queue: (name) => eachThrough(jobStore.queue(name), make) },
    rateLimits: eachThrough(rateLimits, make),
  }
}

/** @param target All of whose methods answer with a promise */
function eachThrough<Target extends object>(target: Target, make: MakeCall): Target {
  return new Proxy(target, {
    get(of, name) {
      const method: unknown = Reflect.get(of, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => make(() => Reflect.apply(method, of, args) as Promise<unknown>)
    },
  })
}
