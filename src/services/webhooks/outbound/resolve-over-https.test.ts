import { expect, test } from 'vitest'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createHttpsResolver } from './resolve-over-https.ts'

const { signal } = new AbortController()

test('createHttpsResolver() asks for both kinds of address and returns all of them', async () => {
  const asked: string[] = []
  const fetch: FetchClient = async (url, init) => {
    asked.push(url)
    expect([init.redirect, init.headers]).toEqual(['manual', { accept: 'application/dns-json' }])
    return url.endsWith('=A')
      ? answer([
          { type: 5, TTL: 60, data: 'cdn.example.net.' },
          a('192.0.2.1', 60),
          a('192.0.2.2', 60),
        ])
      : answer([{ type: 28, TTL: 60, data: '2001:db8::1' }])
  }
  const resolve = createHttpsResolver({
    fetch,
    clock: createFakeClock(),
    url: 'https://dns.example/q',
  })
  expect(await resolve('a.example', signal)).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1'])
  expect(asked).toEqual([
    'https://dns.example/q?name=a.example&type=A',
    'https://dns.example/q?name=a.example&type=AAAA',
  ])
})

test('createHttpsResolver() remembers an answer as long as it says, at most five minutes', async () => {
  const clock = createFakeClock()
  let ttl = 10
  let count = 0
  const fetch: FetchClient = async (url) => {
    count++
    return answer(url.endsWith('=A') ? [a('192.0.2.1', ttl)] : [])
  }
  const resolve = createHttpsResolver({ fetch, clock })
  await resolve('a.example', signal)
  await clock.advance(9999)
  await resolve('a.example', signal)
  expect(count).toBe(2)
  await clock.advance(1)
  ttl = 86_400
  await resolve('a.example', signal)
  expect(count).toBe(4)
  await clock.advance(300_000)
  await resolve('a.example', signal)
  expect(count).toBe(6)
})

test('createHttpsResolver() returns nothing for a name that does not exist, and asks again', async () => {
  let count = 0
  const fetch: FetchClient = async () => {
    count++
    return Response.json({ Status: 3 })
  }
  const resolve = createHttpsResolver({ fetch, clock: createFakeClock() })
  expect(await resolve('no.example', signal)).toEqual([])
  expect(await resolve('no.example', signal)).toEqual([])
  expect(count).toBe(4)
})

test.each([
  ['an error status', () => new Response('{"Status":0}', { status: 500 })],
  ['a redirect', () => new Response(null, { status: 302 })],
  ['a server failure', () => Response.json({ Status: 2 })],
  ['no JSON', () => new Response('<html>')],
  ['a list', () => Response.json([])],
  ['a malformed answer', () => Response.json({ Status: 0, Answer: 'x' })],
  ['an endless answer', () => new Response('x'.repeat(70_000))],
])('createHttpsResolver() rejects %s, so that nothing is sent', async (_what, response) => {
  const resolve = createHttpsResolver({ fetch: async () => response(), clock: createFakeClock() })
  await expect(resolve('a.example', signal)).rejects.toThrow()
})

function answer(records: readonly object[]): Response {
  return Response.json({ Status: 0, Answer: records })
}

function a(data: string, ttl: number): object {
  return { type: 1, TTL: ttl, data }
}
