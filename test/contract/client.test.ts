import { expect, test } from 'vitest'
import { createClient, GatewayError } from '@white-cross/reuse/infrastructure/client'
import type { Clock } from '@white-cross/reuse/infrastructure/runtime/ports'
import type { ComposeOptions } from '../../examples/gateway/compose-gateway.ts'
import { openTestGateway } from '../../examples/gateway/test-gateway.ts'
import { OPERATIONS } from '../../src/client/api/operations.ts'

/** Wakes at once from the wait between two attempts, and never for what takes too long. */
function impatientClock(): Clock {
  return {
    now: () => 0,
    setTimer(wake, delayMs) {
      if (delayMs < 30_000) wake()
      return () => undefined
    },
  }
}

async function open(options: ComposeOptions = {}) {
  const gateway = await openTestGateway({}, options)
  const requests: string[] = []
  const clientOf = (apiKey: string) =>
    createClient({
      ...{ baseUrl: 'https://gateway.example', apiKey },
      fetch: async (url, init) => {
        requests.push(`${init.method} ${url.replace('https://gateway.example', '')}`)
        return gateway.app.request(url, init)
      },
    })
  return { ...gateway, requests, clientOf, client: clientOf('root') }
}

test('a client publishes an event and reads what came of it, page by page', async () => {
  const { client, drain, requests } = await open()
  for (let index = 0; index < 3; index++)
    await client.webhooks.endpoints.create({
      url: `https://r.example.com/${index}`,
      events: ['order.*'],
    })
  const { id } = await client.events.publish({ type: 'order.paid', data: { total: 120 } })
  await drain()
  requests.length = 0
  const states: string[] = []
  for await (const { state } of client.webhooks.deliveries.list({ event: id, limit: 2 }))
    states.push(state)
  expect(states).toEqual(['delivered', 'delivered', 'delivered'])
  expect(requests.length).toBe(2)
  const [first] = (await client.webhooks.deliveries.list({ event: id })).deliveries
  const details = await client.webhooks.deliveries.get({ id: first?.id ?? '' })
  expect(details.attemptLog).toEqual([expect.objectContaining({ status: 200 })])
})

test('a client says what the gateway refuses, by its code', async () => {
  const { client, clientOf } = await open()
  const { key } = await client.keys.create({ label: 'reader', scopes: ['webhooks:read'] })
  const refused = await clientOf(key)
    .events.publish({ type: 'a', data: 1 })
    .catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(GatewayError)
  expect(refused).toMatchObject({ code: 'missing_scope', status: 403, attempts: 1 })
  await expect(clientOf('nobody').keys.list()).rejects.toMatchObject({ status: 401 })
})

test('a client whose answer is lost does what it asks for once', async () => {
  const gateway = await openTestGateway()
  let lost = 1
  const client = createClient({
    ...{ baseUrl: 'https://gateway.example/', apiKey: 'root' },
    fetch: async (url, init) => {
      const answer = await gateway.app.request(url, init)
      if (lost-- > 0) throw new TypeError('The connection was lost')
      return answer
    },
    clock: impatientClock(),
  })
  const { secret } = await client.webhooks.endpoints.create({ url: 'https://r.example.com' })
  expect(secret).toMatch(/^whsec_/)
  expect((await client.webhooks.endpoints.list()).endpoints.length).toBe(1)
})

test('a client puts and gets a file whose key has slashes and odd signs', async () => {
  const { client } = await open()
  const key = 'a b/ü/100%/file?.txt'
  await client.files.put({ key, body: 'hello', contentType: 'text/plain' })
  const response = await client.files.get({ key })
  expect(await response.text()).toBe('hello')
  const keys: string[] = []
  for await (const file of client.files.list({ prefix: 'a b/' })) keys.push(file.key)
  expect(keys).toEqual([key])
  await client.files.delete({ key })
  await expect(client.files.get({ key })).rejects.toMatchObject({ status: 404 })
})

test('a client of an operator acts for whom it names', async () => {
  const { client } = await open()
  await client.webhooks.endpoints.create({ url: 'https://r.example.com' }, { tenant: 'acme' })
  const of = async (tenant: string): Promise<number> =>
    (await client.webhooks.endpoints.list({}, { tenant })).endpoints.length
  expect([await of('acme'), await of('other')]).toEqual([1, 0])
})

test('every operation has its place in the client', () => {
  const client = createClient({ baseUrl: 'https://gateway.example' })
  for (const name of Object.keys(OPERATIONS)) {
    let found: unknown = client
    for (const part of name.split('.'))
      found = typeof found === 'object' && found !== null ? Reflect.get(found, part) : undefined
    expect(found, name).toBeTypeOf('function')
  }
})

test.each([
  ['gateway.example', 'baseUrl is no address of a gateway, as https://gateway.example expected'],
  [
    'https://gateway.example?a=1',
    'baseUrl is no address of a gateway, as https://gateway.example expected',
  ],
  ['https://u:p@gateway.example', 'baseUrl holds a credential, give it as apiKey'],
])('createClient() refuses %s', (baseUrl, message) => {
  expect(() => createClient({ baseUrl })).toThrow(`Cannot create client: ${message}`)
})

test('createClient() refuses options that mean nothing', () => {
  const baseUrl = 'https://gateway.example'
  for (const options of [{ attempts: 1.5 }, { attempts: 0 }, { timeout: NaN }, { timeout: -1 }])
    expect(() => createClient({ baseUrl, ...options })).toThrow(RangeError)
  const misspelt = { baseUrl, apikey: 'x' }
  expect(() => createClient(misspelt)).toThrow(TypeError)
})
