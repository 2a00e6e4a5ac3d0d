import process from 'node:process'
import {
  MOST_FRAME_BYTES,
  openOnServer,
  type RelaySocket,
  type SocketEvents,
} from '../gateway/open-on-server.ts'

/** What a WebSocket carries along. */
interface SocketData {
  open(socket: RelaySocket): SocketEvents
  events?: SocketEvents
}

interface BunSocket {
  readonly data: SocketData
  send(text: string): number
  close(code: number, reason: string): void
}

interface BunServer {
  readonly port: number
  requestIP(request: Request): { readonly address: string } | null
  upgrade(request: Request, options: { readonly data: SocketData }): boolean
  /** @param force Cuts off what is not answered yet */
  stop(force?: boolean): Promise<void>
}

/** What is used of Bun, so that this compiles without its types. */
declare const Bun: {
  serve(options: {
    readonly port: number
    fetch(request: Request, server: BunServer): Promise<Response | undefined>
    readonly websocket: {
      readonly maxPayloadLength: number
      /** s */
      readonly idleTimeout: number
      open(socket: BunSocket): void
      message(socket: BunSocket, frame: unknown): void
      close(socket: BunSocket): void
    }
  }): BunServer
}

/** How long requests may take that have come when it is told to end. */
const GRACE_MS = 10_000

/** A WebSocket without a word for so long is closed. */
const IDLE_S = 60

const gateway = await openOnServer(process.env)
const server = Bun.serve({
  port: gateway.port,
  async fetch(request, here) {
    let isUpgraded = false
    const response = await gateway.fetch(request, here.requestIP(request) ?? undefined, (open) => {
      isUpgraded = here.upgrade(request, { data: { open } })
      return new Response('This request cannot become a WebSocket', { status: 400 })
    })
    // Bun has answered then.
    return isUpgraded ? undefined : response
  },
  websocket: {
    maxPayloadLength: MOST_FRAME_BYTES,
    idleTimeout: IDLE_S,
    open(socket) {
      socket.data.events = socket.data.open({
        id: crypto.randomUUID(),
        send: (text) => void socket.send(text),
        close: (code, reason) => socket.close(code, reason),
      })
    },
    message: ({ data }, frame) => data.events?.message(frame),
    close: ({ data }) => data.events?.closed(),
  },
})
console.log(`Gateway on http://localhost:${server.port}, kept in ${gateway.backend}`)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
await gateway.run(stop.signal)
const late = setTimeout(() => void server.stop(true), GRACE_MS)
await server.stop()
clearTimeout(late)
gateway.close()
