import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { Hono } from 'hono'
import { composeGateway } from '../examples/gateway/compose-gateway.ts'
import { VARIABLES } from './gateway-variables.ts'

/** A process that serves a bare app and the gateway, as `bench/gateway.ts` asks for it. */

const bare = new Hono()
bare.get('/v1/sagas', (c) => c.json({ sagas: [{ name: 'http' }] }))
const own = sqlite(':memory:')
const ports = {
  bare: await serve(bare),
  memory: await serve(composeGateway({ ...own, rateLimits: memory().rateLimits }, VARIABLES).app),
  sqlite: await serve(composeGateway(own, VARIABLES).app),
}
// Whoever measures may be stopped by force.
process.once('disconnect', () => process.exit())
process.send?.({ ports })

async function serve(app: Hono): Promise<number> {
  const listener = getRequestListener(app.fetch)
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}
