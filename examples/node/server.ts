import { serve } from '@hono/node-server'
import type { Server } from 'node:http'
import { openOnServer } from '../gateway/open-on-server.ts'
import { boundedClose } from './bounded-close.ts'
import { serveSockets } from './serve-sockets.ts'

/** How long requests may take that have come when it is told to end. */
const GRACE_MS = 10_000

const gateway = await openOnServer(process.env)
const server = serve(
  {
    fetch: (request, { incoming }) => gateway.fetch(request, incoming.socket),
    port: gateway.port,
  },
  ({ port }) => console.log(`Gateway on http://localhost:${port}, kept in ${gateway.backend}`),
)
// Without certificates it is one of `node:http`.
const close = boundedClose(server as Server, GRACE_MS)
serveSockets(server as Server, gateway)
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
await gateway.run(stop.signal)
await close()
gateway.close()
