import { serve } from '@hono/node-server'
import { openOnServer } from '../gateway/open-on-server.ts'

const gateway = await openOnServer(process.env)
const server = serve({ fetch: gateway.fetch, port: gateway.port }, ({ port }) => {
  console.log(`Gateway on http://localhost:${port}, kept in ${gateway.backend}`)
})
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
await gateway.run(stop.signal)
await new Promise((done) => server.close(done))
gateway.close()
