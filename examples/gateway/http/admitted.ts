import type { Caller } from '../access/caller.ts'

const callers = new WeakMap<Request, Caller>()

/**
 * Says on whose behalf a route makes this request of another one: its caller was found out and
 * counted already. What the caller may do is still asked there. Nothing that comes from outside is
 * such a request: it is known by being this very object.
 */
export function admit(request: Request, caller: Caller): void {
  callers.set(request, caller)
}

/** @returns Who makes a request that a route of the gateway itself has made, or `undefined` */
export function admittedCaller(request: Request): Caller | undefined {
  return callers.get(request)
}
