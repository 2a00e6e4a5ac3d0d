import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createHttpClient } from './http-client.ts'

test('createHttpClient() keeps a body in memory once, and says how long it is', async () => {
  const { promise: arrived, resolve: onArrived } = Promise.withResolvers<IncomingMessage>()
  const server = createServer((request, response) => {
    request.on('end', () => response.end(said(request.headers)))
    onArrived(request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const { send } = createHttpClient({})
  const body = new Uint8Array(64 * 1_048_576)
  const before = process.memoryUsage().arrayBuffers
  const request = { method: 'PUT', url: `http://127.0.0.1:${port}/`, headers: {}, body }
  const answer = send(request, new AbortController().signal)
  const received = await arrived
  // Nothing of it is read yet, so that all there is of it is the client's.
  const more = process.memoryUsage().arrayBuffers - before
  let length = 0
  received.on('data', (piece: Uint8Array) => void (length += piece.length))
  expect(await (await answer).text()).toBe(`${body.length} undefined`)
  expect([length, more < body.length / 4]).toEqual([body.length, true])
  server.close()
})

function said(headers: NodeJS.Dict<string | string[]>): string {
  return `${String(headers['content-length'])} ${String(headers['transfer-encoding'])}`
}
