import { openOnServer } from '../gateway/open-on-server.ts'

/** What is used of Deno, so that this compiles without its types. */
declare const Deno: {
  readonly env: { toObject(): Record<string, string> }
  addSignalListener(signal: 'SIGTERM' | 'SIGINT', listener: () => void): void
  serve(
    options: { readonly port: number; onListen(address: { readonly port: number }): void },
    fetch: (request: Request) => Promise<Response> | Response,
  ): { shutdown(): Promise<void> }
}

const gateway = await openOnServer(Deno.env.toObject())
const server = Deno.serve(
  {
    port: gateway.port,
    onListen: ({ port }) =>
      console.log(`Gateway on http://localhost:${port}, kept in ${gateway.backend}`),
  },
  gateway.fetch,
)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  Deno.addSignalListener(signal, () => stop.abort())
await gateway.run(stop.signal)
await server.shutdown()
gateway.close()
