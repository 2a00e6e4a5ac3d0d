import process from 'node:process'
import { openOnServer } from '../gateway/open-on-server.ts'

interface BunServer {
  readonly port: number
  requestIP(request: Request): { readonly address: string } | null
  /** @param force Cuts off what is not answered yet */
  stop(force?: boolean): Promise<void>
}

/** What is used of Bun, so that this compiles without its types. */
declare const Bun: {
  serve(options: {
    readonly port: number
    fetch(request: Request, server: BunServer): Promise<Response> | Response
  }): BunServer
}

/** How long requests may take that have come when it is told to end. */
const GRACE_MS = 10_000

const gateway = await openOnServer(process.env)
const server = Bun.serve({
  port: gateway.port,
  fetch: (request, here) => gateway.fetch(request, here.requestIP(request) ?? undefined),
})
console.log(`Gateway on http://localhost:${server.port}, kept in ${gateway.backend}`)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
await gateway.run(stop.signal)
const late = setTimeout(() => void server.stop(true), GRACE_MS)
await server.stop()
clearTimeout(late)
gateway.close()
