import type { ListenerConnection } from './listeners.ts'

const connections = new WeakMap<Request, ListenerConnection>()

/**
 * Lets a request become a WebSocket. Who serves the app does what the platform needs for it: what a
 * platform answers then is nothing that headers could be added to on the way out.
 */
export function letThrough(request: Request, connection: ListenerConnection): void {
  connections.set(request, connection)
}

/** @returns What a route has let through, once it has answered; `undefined` for other requests */
export function connectionOf(request: Request): ListenerConnection | undefined {
  return connections.get(request)
}
