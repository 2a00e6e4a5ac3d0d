import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

/** A web server on loopback. */
export interface FetchServer {
  readonly url: string
  stop(): Promise<void>
}

/** Serves what answers a Request, on a free port. */
export async function serveFetch(
  handle: (request: Request) => Promise<Response>,
): Promise<FetchServer> {
  const server = createServer((incoming, outgoing) => {
    // A client that breaks off is no concern of the test's program.
    incoming.on('error', () => undefined)
    const answering = async (): Promise<void> => {
      const response = await handle(requestOf(incoming)).catch(
        (error: unknown) => new Response(String(error), { status: 500 }),
      )
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      outgoing.end(new Uint8Array(await response.arrayBuffer()))
    }
    answering().catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Listening, so that it has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function requestOf(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers } = incoming
  const withBody = method !== 'GET' && method !== 'HEAD'
  return new Request(`http://127.0.0.1${url}`, {
    method,
    // Node gives lists only for headers that are not sent here.
    headers: headers as Record<string, string>,
    ...(withBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
  })
}
