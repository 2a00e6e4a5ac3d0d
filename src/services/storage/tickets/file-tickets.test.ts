import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/index.ts'
import { memoryBlobs } from '../providers/memory/memory-blobs.ts'
import { createFileTickets, type TicketOptions } from './file-tickets.ts'

const SECRET = 'a secret of some length'

function stage() {
  const clock = createFakeClock()
  const store = memoryBlobs({ clock }).bucket('b')
  const options = { store, url: 'https://files.example/t', clock }
  const tickets = createFileTickets({ ...options, secret: SECRET })
  const send = (
    key: string,
    ticket: TicketOptions,
    init: RequestInit = {},
    change: (url: string) => string = (url) => url,
  ): Promise<Response> => {
    const { url, method, headers } = tickets.sign(key, ticket)
    return tickets.handle(new Request(change(url), { method, headers, ...init }))
  }
  return { clock, store, options, tickets, send }
}

test('a ticket to write takes a body, streamed, and one to read serves it', async () => {
  const { send, store } = stage()
  const body = new Blob(['hello ', 'world']).stream()
  const write = { method: 'PUT', maxBytes: 11, contentType: 'text/plain' } as const
  const init = { body, duplex: 'half' } as RequestInit
  const stored = await send('a b/ü.txt', write, init)
  expect([stored.status, await stored.json()]).toMatchObject([201, { key: 'a b/ü.txt', size: 11 }])
  expect((await store.head('a b/ü.txt'))?.contentType).toBe('text/plain')
  const read = await send(
    'a b/ü.txt',
    { filename: 'x.txt', disposition: 'attachment' },
    {
      headers: { range: 'bytes=-5' },
    },
  )
  expect([read.status, await read.text(), read.headers.get('content-disposition')]).toEqual([
    206,
    'world',
    'attachment; filename="x.txt"',
  ])
})

test.for<[string, number, TicketOptions, RequestInit, ((url: string) => string)?]>([
  ['more than its bytes', 413, { method: 'PUT', maxBytes: 3 }, { body: 'four' }],
  [
    'more than its bytes, as a stream',
    413,
    { method: 'PUT', maxBytes: 3 },
    { body: new Blob(['four']).stream(), duplex: 'half' } as RequestInit,
  ],
  [
    'two types, of which the second is meant',
    415,
    { method: 'PUT', maxBytes: 3, contentType: 'image/' },
    { body: 'x', headers: { 'content-type': 'image/png, text/html' } },
  ],
  [
    'a type that no store can keep',
    415,
    { method: 'PUT', maxBytes: 3 },
    { body: 'x', headers: { 'content-type': 'image/\u00e9' } },
  ],
  [
    'another type',
    415,
    { method: 'PUT', maxBytes: 3, contentType: 'image/' },
    { body: 'x', headers: { 'content-type': 'text/html' } },
  ],
  ['what is there already', 412, { method: 'PUT', maxBytes: 3, ifNoneMatch: '*' }, { body: 'x' }],
  ['another method', 405, {}, { method: 'PUT', body: 'x' }],
  ['a change of it', 403, {}, {}, (url) => url.replace(/\/t\/./, '/t/f')],
  ['another signature', 403, {}, {}, (url) => `${url}A`],
])('a ticket refuses %s', async ([, status, ticket, init, change]) => {
  const { send, store } = stage()
  await store.put('a', 'old')
  const response = await send('a', ticket, init, change)
  expect(response.status).toBe(status)
  expect(await (await store.get('a'))?.text()).toBe('old')
})

test('a ticket expires, is of one bucket, and lasts while secrets are replaced', async () => {
  const { clock, tickets, options } = stage()
  await options.store.put('a', 'text')
  const { url, expiresAt } = tickets.sign('a', { expiresIn: '1m' })
  expect(expiresAt).toBe(clock.now() + 60_000)
  const rotated = createFileTickets({ ...options, secret: ['another secret, long', SECRET] })
  expect((await rotated.handle(new Request(url))).status).toBe(200)
  const other = createFileTickets({
    ...options,
    store: memoryBlobs().bucket('other'),
    secret: SECRET,
  })
  expect((await other.handle(new Request(url))).status).toBe(403)
  await clock.advance(60_000)
  expect((await tickets.handle(new Request(url))).status).toBe(403)
})

test('tickets of a window are the same', async () => {
  const { clock, tickets } = stage()
  const ticket = { expiresIn: '5m', window: '1h' } as const
  const first = tickets.sign('a', ticket).url
  await clock.advance(3_599_000)
  expect(tickets.sign('a', ticket).url).toBe(first)
  await clock.advance(1000)
  expect(tickets.sign('a', ticket).url).not.toBe(first)
})

test('sign() refuses keys that no store has, and options that mean nothing', () => {
  const { tickets, options } = stage()
  expect(() => tickets.sign('../a')).toThrow('segment')
  expect(() => tickets.sign('a', { method: 'PUT' })).toThrow('maxBytes is missing')
  expect(() => tickets.sign('a', { maxBytes: 1 })).toThrow('maxBytes')
  expect(() => tickets.sign('a', { expiresIn: '8d' })).toThrow(RangeError)
  expect(() => createFileTickets({ ...options, secret: 'short' })).toThrow(RangeError)
})

test('what no browser could be told is refused when it is signed', () => {
  const { tickets } = stage()
  for (const wrong of [
    { filename: 5 },
    { filename: {} },
    { filename: 'x'.repeat(1025) },
    { disposition: 'x\r\ny: z' },
    { disposition: 'Inline' },
    { method: 'PUT', maxBytes: 1, filename: 'x' },
  ])
    expect(() => tickets.sign('k', wrong as TicketOptions)).toThrow(TypeError)
})

test('the longest ticket can be used', async () => {
  const { tickets, store } = stage()
  const key = '"'.repeat(1024)
  await store.put(key, 'x')
  const { url } = tickets.sign(key, { filename: '\ud800'.repeat(1024), disposition: 'attachment' })
  expect((await tickets.handle(new Request(url))).status).toBe(200)
  const contentType = `a/b;c="${'\\\\'.repeat(500)}"`
  const put = tickets.sign(key, { method: 'PUT', maxBytes: 9, contentType })
  const { method, headers } = put
  const stored = await tickets.handle(new Request(put.url, { method, headers, body: 'x' }))
  expect(stored.status).toBe(201)
})
