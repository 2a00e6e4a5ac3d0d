import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { rateLimit } from '@white-cross/reuse/infrastructure/rate-limiting/hono'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { Hono } from 'hono'

/** A thread that serves a bare and a limited app, and says how much CPU it has used. */

const bare = new Hono()
const limited = new Hono()
limited.use(
  rateLimit({
    backend: memory(),
    ...{ limit: 1_000_000, window: '1h', key: 'ip' },
    clientAddress: { trustedHeader: 'x-real-ip' },
  }),
)
const labelled = new Hono()
labelled.use(async (c, next) => {
  await next()
  c.res.headers.set('ratelimit-policy', '"default";q=1000000;w=3600')
  c.res.headers.set('ratelimit', '"default";r=999999;t=1')
})
for (const app of [bare, limited, labelled]) app.get('/', (c) => c.json({ ok: true }))

const ports = {
  bare: await serve(bare),
  limited: await serve(limited),
  labelled: await serve(labelled),
}
parentPort?.on('message', () => {
  const { user, system } = process.threadCpuUsage()
  parentPort?.postMessage(user + system)
})
parentPort?.postMessage({ ports })

async function serve(app: Hono): Promise<number> {
  const server = createServer((incoming, outgoing) => void answer(app, incoming, outgoing))
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  return (server.address() as AddressInfo).port
}

async function answer(
  app: Hono,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    if (typeof value === 'string') headers.set(name, value)
  const url = `http://127.0.0.1${incoming.url ?? '/'}`
  const response = await app.fetch(new Request(url, { headers }))
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(await response.text())
}
