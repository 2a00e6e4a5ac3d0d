import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { refusedRange } from '../../../services/webhooks/outbound/public-address.ts'
import type { LookUpHost } from './look-up-host.ts'
import { pinnedFetch } from './pinned-fetch.ts'

const LOOPBACK = { address: '127.0.0.1', family: 4 }
const METADATA = { address: '169.254.169.254', family: 4 }

interface Receiver {
  readonly port: number
  readonly server: Server
  readonly connections: () => number
}

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function receive(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Receiver> {
  const server = createServer((request, response) => void answer(request, response))
  let connections = 0
  server.on('connection', () => connections++)
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, server, connections: () => connections }
}

/** A resolver that says something else each time, as one that rebinds does. */
function inTurn(...answers: readonly (readonly (typeof LOOPBACK)[])[]): LookUpHost {
  let asked = 0
  return async () => answers[Math.min(asked++, answers.length - 1)] ?? []
}

const allow = [LOOPBACK.address]

test('pinnedFetch() connects to none but the addresses that were judged, however often the name is bound anew', async () => {
  const { port } = await receive((_request, response) => response.end('ok'))
  const judged: string[] = []
  const fetch = pinnedFetch({
    refusedRange(address) {
      judged.push(address)
      return refusedRange(address)
    },
    allow,
    lookUp: inTurn([LOOPBACK], [METADATA]),
    idleTimeout: 0,
  })
  const first = await fetch(`http://rebinding.test:${port}/`, {})
  expect(await first.text()).toBe('ok')
  await expect(fetch(`http://rebinding.test:${port}/`, {})).rejects.toMatchObject({
    code: 'address_refused',
    message:
      'Cannot connect: the host has a refused address (linkLocal), allowed ones alone expected',
  })
  expect(judged).toEqual([METADATA.address])
})

test('pinnedFetch() refuses a host when one of its addresses is refused, and sends nothing', async () => {
  const { port, connections } = await receive((_request, response) => response.end())
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK, METADATA] })
  await expect(fetch(`http://both.test:${port}/`, {})).rejects.toMatchObject({
    code: 'address_refused',
  })
  expect(connections()).toBe(0)
})

test('pinnedFetch() judges literal addresses too, in every spelling', async () => {
  const { port, connections } = await receive((_request, response) => response.end())
  const fetch = pinnedFetch({ refusedRange })
  for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]'])
    await expect(fetch(`http://${host}:${port}/`, {}), host).rejects.toMatchObject({
      code: 'address_refused',
    })
  expect(connections()).toBe(0)
})

test('pinnedFetch() keeps a connection, which stays where it was judged to lead', async () => {
  const { port, connections } = await receive((_request, response) => response.end('ok'))
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: inTurn([LOOPBACK], [METADATA]) })
  for (let count = 0; count < 3; count++)
    expect(await (await fetch(`http://kept.test:${port}/`, {})).text()).toBe('ok')
  expect(connections()).toBe(1)
})

test('pinnedFetch() follows no redirect, and hands on status and headers', async () => {
  const { port } = await receive((_request, response) =>
    response
      .writeHead(302, { location: 'http://169.254.169.254/', 'set-cookie': ['a=1', 'b=2'] })
      .end(),
  )
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK] })
  const response = await fetch(`http://redirect.test:${port}/`, { redirect: 'follow' })
  expect(response.status).toBe(302)
  expect(response.headers.get('location')).toBe('http://169.254.169.254/')
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
})

test('pinnedFetch() sends text, bytes, forms and streams, and its own framing headers alone', async () => {
  const { port } = await receive(async (request, response) => {
    const chunks: string[] = []
    for await (const chunk of request.setEncoding('utf8')) chunks.push(String(chunk))
    const { host, 'content-type': type, 'content-length': length } = request.headers
    response.end(
      JSON.stringify([request.method, host, type ?? null, length ?? null, chunks.join('')]),
    )
  })
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK] })
  const send = async (body: BodyInit): Promise<unknown> => {
    const headers = { host: 'other.test', 'content-length': '1' }
    const init = { method: 'POST', headers, body, duplex: 'half' as const }
    return (await fetch(`http://bodies.test:${port}/`, init)).json()
  }
  const host = `bodies.test:${port}`
  const text = 'text/plain;charset=UTF-8'
  expect(await send('hé')).toEqual(['POST', host, text, '3', 'hé'])
  expect(await send(new Uint8Array([104, 105]))).toEqual(['POST', host, null, '2', 'hi'])
  const form = 'application/x-www-form-urlencoded;charset=UTF-8'
  expect(await send(new URLSearchParams({ a: '1' }))).toEqual(['POST', host, form, null, 'a=1'])
  const parts = new Blob(['x'.repeat(100_000), 'y']).stream()
  expect(await send(parts)).toEqual(['POST', host, null, null, `${'x'.repeat(100_000)}y`])
})

test('pinnedFetch() reads an answer as it comes, and no further than its reader wants', async () => {
  let sent = 0
  let closed = (): void => undefined
  const ended = new Promise<void>((resolve) => (closed = resolve))
  const { port } = await receive((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) sent++
    }
    response.on('drain', more).on('close', closed)
    more()
  })
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK] })
  const { body } = await fetch(`http://endless.test:${port}/`, {})
  const reader = body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  expect(value?.[0]).toBe(120)
  await reader?.cancel()
  await ended
  expect(sent).toBeLessThan(1000)
})

test('pinnedFetch() ends a request by its signal: before, while waiting, and while its answer is read', async () => {
  const { port } = await receive((request, response) => {
    if (request.url === '/body') response.write('begun')
  })
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK] })
  const reason = new Error('enough')
  const aborted = AbortSignal.abort(reason)
  await expect(fetch(`http://slow.test:${port}/`, { signal: aborted })).rejects.toBe(reason)

  const waiting = new AbortController()
  const pending = fetch(`http://slow.test:${port}/`, { signal: waiting.signal })
  waiting.abort(reason)
  await expect(pending).rejects.toBe(reason)

  const reading = new AbortController()
  const { body } = await fetch(`http://slow.test:${port}/body`, { signal: reading.signal })
  const reader = body?.getReader()
  await reader?.read()
  reading.abort(reason)
  await expect(reader?.read()).rejects.toBe(reason)
})

test('pinnedFetch() rejects when the connection breaks, before the answer and within it', async () => {
  const { port } = await receive((request, response) => {
    if (request.url === '/body') response.writeHead(200, { 'content-length': '100' }).write('begun')
    setImmediate(() => request.socket.destroy())
  })
  const fetch = pinnedFetch({ refusedRange, allow, lookUp: async () => [LOOPBACK] })
  await expect(fetch(`http://broken.test:${port}/`, {})).rejects.toThrow('socket hang up')
  const cut = await fetch(`http://broken.test:${port}/body`, {})
  await expect(cut.text()).rejects.toThrow('Cannot read body: the connection broke off')
})

test('pinnedFetch() refuses other schemes and options out of range', async () => {
  await expect(pinnedFetch({ refusedRange })('ftp://example.com/', {})).rejects.toThrow(
    'Cannot fetch: the scheme is unknown, http or https expected',
  )
  expect(() => pinnedFetch({ refusedRange, idleTimeout: -1 })).toThrow(RangeError)
  expect(() => pinnedFetch({ refusedRange, idleConnections: 0 })).toThrow(RangeError)
})
