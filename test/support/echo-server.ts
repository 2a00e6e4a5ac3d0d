import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EchoedRequest } from '../../src/runtime/ports/platform/fetch-client.conformance.ts'

/** The server that the laws of `FetchClient` ask. */
export interface EchoServer {
  readonly url: string
  /** Where nobody listens. */
  readonly deadUrl: string
  stop(): Promise<void>
}

/** Starts the laws' server on a free loopback port. */
export async function startEchoServer(): Promise<EchoServer> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const url = await listen(server)
  const dead = createServer()
  const deadUrl = await listen(dead)
  await close(dead)
  return { url, deadUrl, stop: () => close(server) }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = []
  // A request without an encoding yields bytes.
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  const path = request.url ?? ''
  const status = /^\/status\/(\d{3})$/.exec(path)?.[1]
  if (status !== undefined) {
    response.writeHead(Number(status), { 'retry-after': '7' }).end('sorry')
  } else if (path === '/redirect') {
    response.writeHead(302, { location: '/echo' }).end()
  } else if (path !== '/never') {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
    const echo: EchoedRequest = {
      method: request.method ?? '',
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: Buffer.concat(chunks).toString('hex'),
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(echo))
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}
