import process from 'node:process'
import { openOnServer } from '../gateway/open-on-server.ts'

/** What is used of Bun, so that this compiles without its types. */
declare const Bun: {
  serve(options: {
    readonly port: number
    fetch(request: Request): Promise<Response> | Response
  }): { readonly port: number; stop(): Promise<void> }
}

const gateway = await openOnServer(process.env)
const server = Bun.serve({ port: gateway.port, fetch: gateway.fetch })
console.log(`Gateway on http://localhost:${server.port}, kept in ${gateway.backend}`)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
await gateway.run(stop.signal)
await server.stop()
gateway.close()
