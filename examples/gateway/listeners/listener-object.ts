import { DurableObject } from 'cloudflare:workers'
import { systemClock, systemRandom } from '@white-cross/reuse/infrastructure/runtime/ports'
import { PING, PONG, READY } from './frames.ts'
import {
  CLOSE,
  type CloseReason,
  type ListenerConnection,
  type RelayedRequest,
  type RelayOutcome,
  type RelaySocket,
} from './listeners.ts'
import { IDLE_MS } from './local-listeners.ts'
import { CONNECTION_HEADER } from './object-listeners.ts'
import { createRelay, type Relay } from './relay.ts'

/** What a WebSocket keeps while its object sleeps. */
interface Attachment {
  readonly id: string
  readonly connection: ListenerConnection
  /** ms since 1970. */
  readonly openedAt: number
}

/** The longest an attempt may take by the service's own limits. */
const ANSWER_WITHIN_MS = 300_000

/**
 * The connection of one listener. It sleeps while nothing is relayed: the platform keeps the
 * WebSocket and answers its pings.
 */
export class ListenerObject extends DurableObject<Cloudflare.Env> {
  readonly #relay: Relay

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env)
    const timeoutMs = Number(env.ATTEMPT_TIMEOUT_MS ?? 15_000)
    this.#relay = createRelay({
      ...{ clock: systemClock, random: systemRandom },
      answerWithinMs: Math.min(timeoutMs, ANSWER_WITHIN_MS),
    })
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
  }

  /** Takes a connection that the gateway has let through; nobody else can call this. */
  override fetch(request: Request): Response {
    const text = request.headers.get(CONNECTION_HEADER) ?? 'null'
    // Only `connectObject()` writes it.
    const connection = JSON.parse(text) as ListenerConnection
    const { 0: client, 1: server } = new WebSocketPair()
    const open = this.#open()
    this.ctx.acceptWebSocket(server)
    server.serializeAttachment({
      ...{ id: crypto.randomUUID(), connection, openedAt: systemClock.now() },
    } satisfies Attachment)
    if (open !== null && attachmentOf(open).connection.session !== connection.session)
      server.close(CLOSE.inUse.code, CLOSE.inUse.reason)
    else {
      if (open !== null) this.#relay.close(relaySocket(open), CLOSE.replaced)
      server.send(READY)
    }
    return new Response(null, { status: 101, webSocket: client })
  }

  holder(): ListenerConnection | null {
    const open = this.#open()
    return open === null ? null : attachmentOf(open).connection
  }

  async deliver(request: RelayedRequest): Promise<RelayOutcome> {
    const open = this.#open()
    if (open === null) return { kind: 'failed', fault: 'nobody' }
    return this.#relay.deliver(relaySocket(open), request)
  }

  drop(reason: CloseReason): void {
    const open = this.#open()
    if (open !== null) this.#relay.close(relaySocket(open), reason)
  }

  override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
    this.#relay.take(relaySocket(socket), frame)
  }

  override webSocketClose(socket: WebSocket): void {
    this.#relay.lost(relaySocket(socket))
  }

  override webSocketError(socket: WebSocket): void {
    this.#relay.lost(relaySocket(socket))
  }

  /** @returns The connection, once those of which nothing was heard are closed */
  #open(): WebSocket | null {
    let found: WebSocket | null = null
    for (const socket of this.ctx.getWebSockets()) {
      if (socket.readyState !== WebSocket.READY_STATE_OPEN) continue
      const pingedAt = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0
      const seenAt = Math.max(pingedAt, attachmentOf(socket).openedAt)
      if (systemClock.now() - seenAt >= IDLE_MS) this.#relay.close(relaySocket(socket), CLOSE.idle)
      else found = socket
    }
    return found
  }
}

function attachmentOf(socket: WebSocket): Attachment {
  // Set as the connection was taken, and by nobody else.
  return socket.deserializeAttachment() as Attachment
}

function relaySocket(socket: WebSocket): RelaySocket {
  return {
    id: attachmentOf(socket).id,
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  }
}
