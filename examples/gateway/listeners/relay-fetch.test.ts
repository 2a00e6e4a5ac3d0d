import type { FetchClient } from '@white-cross/reuse/infrastructure/runtime/ports'
import { expect, test } from 'vitest'
import { createListenerUrls, isListenerUrl } from './listener-urls.ts'
import { CLOSE, type CloseReason, type Listeners, type RelayOutcome } from './listeners.ts'
import { relayFetch, relayResolver } from './relay-fetch.ts'

const SECRET = 's'.repeat(32)
const urls = createListenerUrls(SECRET)
const mine = { tenant: 'acme', name: 'local' }
const POST = { method: 'POST', headers: { 'Webhook-Id': 'evt' }, body: Uint8Array.of(1, 255) }

function open(outcome: RelayOutcome, { isGood = true, isThere = true } = {}) {
  const seen: unknown[] = []
  const drops: CloseReason[] = []
  const listeners: Listeners = {
    holder: async (listener) =>
      isThere
        ? { listener, session: 's', caller: { id: 'root', tenant: null }, until: null }
        : null,
    async deliver(listener, request) {
      seen.push({ listener, ...request })
      return outcome
    },
    drop: async (_listener, reason) => void drops.push(reason),
  }
  const next: FetchClient = async (url) => new Response(url)
  const fetch = relayFetch({ listeners, urls, isGood: async () => isGood }, next)
  return { fetch, seen, drops }
}

async function codeOf(sent: Promise<Response>): Promise<unknown> {
  const error: unknown = await sent.catch((thrown: unknown) => thrown)
  return error instanceof Error && 'code' in error ? error.code : error
}

test('what is for a listener is relayed, with its headers and bytes, and answered as it has answered', async () => {
  const headers = [
    ['retry-after', '9'],
    ['not a header', 'x'],
  ] as const
  const body = new TextEncoder().encode('taken')
  const { fetch, seen } = open({ kind: 'answered', status: 201, headers, body })
  const response = await fetch(await urls.urlOf(mine), POST)
  expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
    ...[201, '9', 'taken'],
  ])
  expect(seen).toEqual([
    { listener: mine, headers: { 'webhook-id': 'evt' }, body: Uint8Array.of(1, 255) },
  ])
  const empty = open({ kind: 'answered', status: 204, headers: [], body })
  expect((await empty.fetch(await urls.urlOf(mine), POST)).status).toBe(204)
})

test('all else goes where it would go without listeners', async () => {
  const { fetch, seen } = open({ kind: 'failed', fault: 'nobody' })
  for (const url of ['https://example.com/', 'https://listen.invalid.example.com/'])
    expect(await (await fetch(url, POST)).text()).toBe(url)
  expect(seen).toEqual([])
})

test('an address that the gateway has not made is refused, whoever listens', async () => {
  const { fetch, seen } = open({ kind: 'failed', fault: 'nobody' })
  const good = await urls.urlOf(mine)
  const other = await createListenerUrls('t'.repeat(32)).urlOf(mine)
  const forged = [
    ...[other, good.replace('/acme/', '/other/'), good.replace('/local/', '/else/')],
    ...[`${good}x`, `${good}?a=b`, `${good}/`, good.slice(0, -1), good.replace('https:', 'http:')],
    ...[good.replace('.invalid', '.invalid.'), good.replace('.invalid', '.invalid:8443')],
    'https://listen.invalid/',
  ]
  for (const url of forged) {
    expect(isListenerUrl(url), url).toBe(true)
    expect(await codeOf(fetch(url, POST)), url).toBe('address_refused')
  }
  expect(seen).toEqual([])
})

test('without a listener, or with one whose credential has ended, nobody listens', async () => {
  const url = await urls.urlOf(mine)
  const nobody = open({ kind: 'failed', fault: 'nobody' }, { isThere: false })
  expect(await codeOf(nobody.fetch(url, POST))).toBe('ECONNREFUSED')
  const ended = open({ kind: 'failed', fault: 'nobody' }, { isGood: false })
  expect(await codeOf(ended.fetch(url, POST))).toBe('ECONNREFUSED')
  expect([ended.seen, ended.drops]).toEqual([[], [CLOSE.revoked]])
  const gone = open({ kind: 'failed', fault: 'nobody' })
  expect(await codeOf(gone.fetch(url, POST))).toBe('ECONNREFUSED')
  const broken = open({ kind: 'failed', fault: 'broken' })
  expect(await codeOf(broken.fetch(url, POST))).toBe('relay_broken')
})

test('what failed behind the listener is said as a proxy says it', async () => {
  const statuses: unknown[] = []
  for (const fault of ['busy', 'local_refused', 'local_late', 'local_broken'] as const) {
    const response = await open({ kind: 'failed', fault }).fetch(await urls.urlOf(mine), POST)
    statuses.push(response.status)
    expect(await response.text()).toMatch(/^The listener has/)
  }
  expect(statuses).toEqual([503, 502, 504, 502])
})

test('no address is looked up for listeners, and all others are', async () => {
  const asked: string[] = []
  const resolve = relayResolver(async (hostname) => {
    asked.push(hostname)
    return ['192.0.2.7']
  })
  const { signal } = new AbortController()
  expect(await resolve('listen.invalid', signal)).toHaveLength(1)
  expect(await resolve('listen.invalid.example.com', signal)).toEqual(['192.0.2.7'])
  expect(asked).toEqual(['listen.invalid.example.com'])
})

test('a secret is the same for a name each time, and another for each name and tenant', async () => {
  const secrets = await Promise.all(
    [mine, mine, { ...mine, name: 'b' }, { ...mine, tenant: 'b' }].map((one) => urls.secretOf(one)),
  )
  expect(secrets[0]).toBe(secrets[1])
  expect(new Set(secrets).size).toBe(3)
  expect(secrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
})
