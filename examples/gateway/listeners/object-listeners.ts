import type {
  CloseReason,
  ListenerConnection,
  ListenerName,
  Listeners,
  RelayedRequest,
  RelayOutcome,
} from './listeners.ts'

/** A binding of `ListenerObject`. */
export interface ListenerNamespaceLike {
  getByName(name: string): ListenerStub
}

/** What is called of an object. */
export interface ListenerStub {
  fetch(url: string, init: { readonly headers: Record<string, string> }): Promise<Response>
  holder(): Promise<ListenerConnection | null>
  deliver(request: RelayedRequest): Promise<RelayOutcome>
  drop(reason: CloseReason): Promise<void>
}

/** Says to an object whose connection it is given. */
export const CONNECTION_HEADER = 'x-listener-connection'

/** Finds listeners in Durable Objects, one each; wherever a delivery is made, it gets there. */
export function objectListeners(namespace: ListenerNamespaceLike): Listeners {
  return {
    holder: (listener) => stubOf(namespace, listener).holder(),
    async deliver(listener, request, signal) {
      const answer = stubOf(namespace, listener).deliver(request)
      if (signal === undefined) return answer
      // The object gives up by itself, a little later.
      const late = Promise.withResolvers<RelayOutcome>()
      const giveUp = (): void => late.resolve({ kind: 'failed', fault: 'late' })
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await Promise.race([answer, late.promise])
      } finally {
        signal.removeEventListener('abort', giveUp)
        answer.catch(() => undefined)
      }
    },
    drop: (listener, reason) => stubOf(namespace, listener).drop(reason),
  }
}

/** Hands a request that a route has let through to the object. @returns Its 101 */
export function connectObject(
  namespace: ListenerNamespaceLike,
  connection: ListenerConnection,
): Promise<Response> {
  // Nothing of the request goes along: its key is none of the object's business.
  return stubOf(namespace, connection.listener).fetch('https://listener.invalid/', {
    headers: { upgrade: 'websocket', [CONNECTION_HEADER]: JSON.stringify(connection) },
  })
}

/** Neither name holds a slash. */
function stubOf(namespace: ListenerNamespaceLike, { tenant, name }: ListenerName): ListenerStub {
  return namespace.getByName(`${tenant}/${name}`)
}
