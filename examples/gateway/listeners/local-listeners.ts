import type { Clock, RandomSource } from '@white-cross/reuse/infrastructure/runtime/ports'
import { READY } from './frames.ts'
import {
  CLOSE,
  type CloseReason,
  type ListenerConnection,
  type ListenerName,
  type Listeners,
  type RelaySocket,
  type SocketEvents,
} from './listeners.ts'
import { createRelay, type Relay } from './relay.ts'

/** Those whose connections are this process's own. */
export interface LocalListeners extends Listeners {
  /** Takes a connection that a route has let through. @returns What is to be told of its socket */
  connect(connection: ListenerConnection, socket: RelaySocket): SocketEvents
  /** Ends all connections: the process stops. */
  close(): void
}

/** What {@link createLocalListeners} is given. */
export interface LocalListenersOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** How long an answer is waited for, ms. */
  readonly answerWithinMs: number
}

/** A listener sends a ping every 20 s; after so long without anything it is gone. */
export const IDLE_MS = 60_000
/** Connections of one process. */
export const MOST_LISTENERS = 1000
/** Of one tenant. */
export const MOST_OF_TENANT = 50

interface Open {
  readonly connection: ListenerConnection
  readonly socket: RelaySocket
  readonly relay: Relay
  seenAt: number
  stopWatching(): void
}

/** Keeps the connections of a server. Other processes of the same backend have their own. */
export function createLocalListeners(options: LocalListenersOptions): LocalListeners {
  const { clock } = options
  const open = new Map<string, Open>()
  const now = (): number => (clock.elapsed ?? clock.now)()

  function end(one: Open, reason: CloseReason): void {
    forget(one)
    one.relay.close(one.socket, reason)
  }

  function forget(one: Open): void {
    one.stopWatching()
    const key = keyOf(one.connection.listener)
    if (open.get(key) === one) open.delete(key)
  }

  /** Looks after it until nothing was heard for {@link IDLE_MS}. */
  function watch(one: Open): void {
    one.stopWatching = clock.setTimer(
      () => {
        if (now() - one.seenAt >= IDLE_MS) end(one, CLOSE.idle)
        else watch(one)
      },
      Math.max(one.seenAt + IDLE_MS - now(), 1),
    )
  }

  function refusalOf({ listener, session }: ListenerConnection): CloseReason | null {
    const known = open.get(keyOf(listener))
    if (known !== undefined) return known.connection.session === session ? null : CLOSE.inUse
    if (open.size >= MOST_LISTENERS) return CLOSE.full
    let own = 0
    for (const one of open.values()) if (one.connection.listener.tenant === listener.tenant) own++
    return own < MOST_OF_TENANT ? null : CLOSE.full
  }

  return {
    async holder(listener) {
      return open.get(keyOf(listener))?.connection ?? null
    },
    async deliver(listener, request, signal) {
      const one = open.get(keyOf(listener))
      if (one === undefined) return { kind: 'failed', fault: 'nobody' }
      return one.relay.deliver(one.socket, request, signal)
    },
    async drop(listener, reason) {
      const one = open.get(keyOf(listener))
      if (one !== undefined) end(one, reason)
    },
    connect(connection, socket) {
      const refusal = refusalOf(connection)
      if (refusal !== null) {
        socket.close(refusal.code, refusal.reason)
        return { message: () => undefined, closed: () => undefined }
      }
      const key = keyOf(connection.listener)
      const before = open.get(key)
      if (before !== undefined) end(before, CLOSE.replaced)
      const relay = createRelay(options)
      const one: Open = {
        ...{ connection, socket, relay, seenAt: now() },
        stopWatching: () => undefined,
      }
      open.set(key, one)
      watch(one)
      socket.send(READY)
      return {
        message(frame) {
          // What comes after we have closed it is nobody's.
          if (open.get(key) !== one) return
          one.seenAt = now()
          relay.take(socket, frame)
        },
        closed() {
          forget(one)
          relay.lost(socket)
        },
      }
    },
    close() {
      for (const one of open.values()) end(one, CLOSE.goingAway)
    },
  }
}

function keyOf({ tenant, name }: ListenerName): string {
  return `${tenant}/${name}`
}
