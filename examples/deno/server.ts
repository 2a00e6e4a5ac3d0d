import { openOnServer } from '../gateway/open-on-server.ts'

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
}

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
  (request, connection) => gateway.fetch(request, connection),
)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  Deno.addSignalListener(signal, () => stop.abort())
await gateway.run(stop.signal)
const late = setTimeout(() => cut.abort(), GRACE_MS)
await server.shutdown()
clearTimeout(late)
gateway.close()
