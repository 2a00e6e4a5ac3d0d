import { openOnServer } from '../gateway/open-on-server.ts'

/** A WebSocket of the web's standard. */
interface DenoSocket {
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: (() => void) | null
  send(text: string): void
  close(code: number, reason: string): void
}

/** What is used of Deno, so that this compiles without its types. */
declare const Deno: {
  readonly env: { toObject(): Record<string, string> }
  addSignalListener(signal: 'SIGTERM' | 'SIGINT', listener: () => void): void
  serve(
    options: {
      readonly port: number
      readonly signal: AbortSignal
      onListen(address: { readonly port: number }): void
    },
    fetch: (
      request: Request,
      connection: { readonly remoteAddr: { readonly hostname?: string } },
    ) => Promise<Response> | Response,
  ): { shutdown(): Promise<void> }
  upgradeWebSocket(
    request: Request,
    options: { readonly idleTimeout: number },
  ): { readonly socket: DenoSocket; readonly response: Response }
}

/** s without a word on a WebSocket before Deno asks whether the other side is there. */
const IDLE_S = 60

/** How long requests may take that have come when it is told to end. */
const GRACE_MS = 10_000

const gateway = await openOnServer(Deno.env.toObject())
const cut = new AbortController()
const server = Deno.serve(
  {
    port: gateway.port,
    signal: cut.signal,
    onListen: ({ port }) =>
      console.log(`Gateway on http://localhost:${port}, kept in ${gateway.backend}`),
  },
  (request, connection) =>
    gateway.fetch(request, connection, (open) => {
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_S })
      socket.onopen = () => {
        const events = open({
          id: crypto.randomUUID(),
          send: (text) => socket.send(text),
          close: (code, reason) => socket.close(code, reason),
        })
        socket.onmessage = ({ data }) => events.message(data)
        socket.onclose = () => events.closed()
      }
      return response
    }),
)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  Deno.addSignalListener(signal, () => stop.abort())
await gateway.run(stop.signal)
const late = setTimeout(() => cut.abort(), GRACE_MS)
await server.shutdown()
clearTimeout(late)
gateway.close()
