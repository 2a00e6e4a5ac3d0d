import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
import { AddressRefusedError } from '../../../runtime/platforms/node/address-refused-error.ts'
import { createOutbound, type OutboundResult } from './outbound.ts'

/** With the platform's own fetch and real sockets; the laws that run everywhere use streams. */
const outbound = createOutbound({
  fetch: systemFetch,
  clock: systemClock,
  resolve: null,
  policy: { allowPrivateNetworks: 'for local development' },
})

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

test('send() gets the answer of a receiver that works', async () => {
  const bodies: string[] = []
  const url = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk))
    request.on('end', () => response.writeHead(202, { 'retry-after': '7' }).end('thanks'))
  })
  expect(await send(url)).toMatchObject({
    kind: 'answered',
    status: 202,
    body: 'thanks',
    bodyTruncated: false,
    retryAfter: '7',
  })
  expect(bodies).toEqual(['hello'])
})

test('send() gives up on a receiver that never answers', async () => {
  const url = await serve(() => undefined)
  expect(await send(url, 200)).toMatchObject({ kind: 'failed', code: 'timeout' })
})

test('send() gives up on an answer that drips for ever, and keeps its status', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200)
    const drip = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(drip))
  })
  const result = await send(url, 300)
  expect(result).toMatchObject({ kind: 'answered', status: 200, bodyTruncated: true })
  expect(result.durationMs).toBeLessThan(2000)
})

test('send() reads no more of an endless answer than it keeps, and closes the connection', async () => {
  const closed = Promise.withResolvers<number>()
  const url = await serve((_request, response) => {
    let written = 0
    const flood = (): void => {
      while (response.write('x'.repeat(65_536))) written += 65_536
    }
    response.on('drain', flood).on('close', () => closed.resolve(written))
    flood()
  })
  const result = await send(url, 5000)
  expect(result).toMatchObject({ kind: 'answered', status: 200, bodyTruncated: true })
  expect(result.kind === 'answered' && result.body.length).toBe(1000)
  expect(await closed.promise).toBeLessThan(50_000_000)
})

test('send() survives a header of a megabyte', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'x-large': 'x'.repeat(1_000_000) }).end()
  })
  expect(await send(url)).toMatchObject({ kind: 'failed', code: 'connect_failed' })
})

test('send() does not follow a redirect', async () => {
  let followed = 0
  const target = await serve((_request, response) => {
    followed++
    response.end('secret')
  })
  const url = await serve((_request, response) => {
    response.writeHead(307, { location: target }).end('elsewhere')
  })
  expect(await send(url)).toMatchObject({ kind: 'answered', status: 307, body: 'elsewhere' })
  expect(followed).toBe(0)
})

test('send() tells a connection that breaks from one that is refused, and from bad TLS', async () => {
  const url = await serve((request) => request.socket.destroy())
  expect(await send(url)).toMatchObject({ kind: 'failed', code: 'connect_failed' })
  const secure = url.replace('http:', 'https:')
  expect(await send(secure)).toMatchObject({ kind: 'failed', code: 'tls_failed' })
  const [server] = servers
  await new Promise((resolve) => server?.close(resolve))
  expect(await send(url)).toMatchObject({ kind: 'failed', code: 'connection_refused' })
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/hook`
}

function send(url: string, timeoutMs = 5000): Promise<OutboundResult> {
  return outbound.send({
    url,
    headers: { 'content-type': 'text/plain' },
    body: new TextEncoder().encode('hello'),
    timeoutMs,
    responseBytes: 1000,
  })
}

test('send() says that an address was refused when the client finds so as it connects', async () => {
  const refusing = createOutbound({
    fetch: async () => {
      throw new AddressRefusedError('loopback')
    },
    clock: systemClock,
    resolve: null,
    policy: {},
  })
  const result = await refusing.send({
    url: 'https://example.com/',
    headers: {},
    body: new Uint8Array(),
    timeoutMs: 1000,
    responseBytes: 0,
  })
  expect(result).toMatchObject({
    code: 'address_blocked',
    message: 'The connection would have led to an address that is not public',
  })
})
