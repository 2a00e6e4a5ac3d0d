import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { boundedClose } from './bounded-close.ts'

const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'
/** As good as never, for a test. */
const LONG_MS = 60_000

interface Opened {
  readonly server: Server
  readonly close: () => Promise<boolean>
  connection(): Promise<Socket>
}

async function open(answers: boolean, graceMs = LONG_MS): Promise<Opened> {
  const server = createServer((_request, response) => {
    if (answers) response.end('ok')
  })
  // Nobody is cut off for being slow by node itself.
  server.keepAliveTimeout = LONG_MS
  const close = boundedClose(server, graceMs)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address of this form.
  const { port } = server.address() as AddressInfo
  return {
    ...{ server, close },
    async connection() {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
  }
}

test('boundedClose() closes connections on which nothing is asked at once', async () => {
  const { close, connection } = await open(true)
  const [silent, answered] = [await connection(), await connection()]
  const ends = [once(silent, 'close'), once(answered, 'close')]
  answered.write(REQUEST)
  await once(answered, 'data')
  expect(await close()).toBe(true)
  await Promise.all(ends)
})

test('boundedClose() lets what was asked be answered, and closes the connection then', async () => {
  const { server, close, connection } = await open(false)
  const socket = await connection()
  const asked = once(server, 'request')
  socket.write(REQUEST)
  const [, response] = await asked
  const closed = close()
  response.end('late')
  const [data] = await once(socket, 'data')
  expect(String(data)).toContain('late')
  expect(await closed).toBe(true)
})

test('boundedClose() cuts off what is not answered within the grace', async () => {
  const { server, close, connection } = await open(false, 20)
  const socket = await connection()
  const [asked, ended] = [once(server, 'request'), once(socket, 'close')]
  socket.write(REQUEST)
  await asked
  expect(await close()).toBe(false)
  await ended
})
