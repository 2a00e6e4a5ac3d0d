import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { MOST_FRAME_BYTES, type ServerGateway } from '../gateway/open-on-server.ts'

/** Lets requests become WebSockets that the gateway lets through, and answers others as it says. */
export function serveSockets(server: Server, { fetch }: Pick<ServerGateway, 'fetch'>): void {
  const sockets = new WebSocketServer({
    ...{ noServer: true, perMessageDeflate: false, maxPayload: MOST_FRAME_BYTES },
  })
  server.on('upgrade', (incoming, stream, head) => {
    // What breaks off meanwhile is nobody's error.
    stream.on('error', () => stream.destroy())
    answer(incoming, stream, head).catch(() => stream.destroy())
  })

  async function answer(incoming: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    let isUpgraded = false
    const response = await fetch(requestOf(incoming), incoming.socket, (open) => {
      isUpgraded = true
      sockets.handleUpgrade(incoming, stream, head, (socket) => {
        const events = open({
          id: randomUUID(),
          send: (text) => socket.send(text),
          close: (code, reason) => socket.close(code, reason),
        })
        socket.on('message', (data, isBinary) =>
          events.message(isBinary ? data : data.toString('utf8')),
        )
        socket.on('close', () => events.closed())
        // Whatever it was, the connection is closed after it.
        socket.on('error', () => socket.terminate())
      })
      return new Response(null, { status: 204 })
    })
    if (!isUpgraded) await write(stream, response)
  }
}

/** @throws TypeError when its address is none */
function requestOf({ method, url = '/', headers, rawHeaders }: IncomingMessage): Request {
  const given = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    given.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  return new Request(`http://${headers.host ?? 'localhost'}${url}`, {
    method: method ?? 'GET',
    headers: given,
  })
}

/** Writes an answer where the server has given the connection away, and ends it. */
async function write(stream: Duplex, response: Response): Promise<void> {
  const { status } = response
  const body = Buffer.from(await response.arrayBuffer())
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...[...response.headers].map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    `content-length: ${body.length}`,
  ]
  stream.end(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]))
}
