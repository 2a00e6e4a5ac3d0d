import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { createInFlight } from '../../../../test/support/in-flight.ts'
import { createWebhookReceiver } from '../../../../test/support/webhook-receiver.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { BackendError } from '../../../runtime/ports/backend-error.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { createWebhooks } from './create-webhooks.ts'

const URL_A = 'https://a.example.com/hook'
const resolve = async (): Promise<readonly string[]> => ['93.184.216.34']

test('createWebhooks() signs so that the libraries of Standard Webhooks and Svix verify', async () => {
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({ backend: memory(), fetch: receiver.fetch, resolve })
  const { secret } = await webhooks.endpoints.create({ url: URL_A })
  await webhooks.publish({ type: 'order.paid', data: { total: 12.5, note: 'ü😀' } })
  await webhooks.drain()
  const body = receiver.received[0]?.body ?? ''
  const headers = Object.fromEntries(receiver.received[0]?.headers ?? [])
  const event = { type: 'order.paid', data: { total: 12.5, note: 'ü😀' } }
  expect(new StandardWebhook(secret).verify(body, headers)).toMatchObject(event)
  expect(new SvixWebhook(secret).verify(body, headers)).toMatchObject(event)
})

test('run() delivers what is published while it runs, and ends with its signal', async () => {
  const clock = createFakeClock()
  const receiver = createWebhookReceiver()
  const stop = new AbortController()
  const webhooks = createWebhooks({
    backend: memory({ clock }),
    fetch: receiver.fetch,
    resolve,
    clock,
  })
  await webhooks.endpoints.create({ url: URL_A })
  const running = webhooks.run({ signal: stop.signal })
  await clock.advance(10)
  await webhooks.publish({ type: 'a', data: 1 })
  // The waker wakes it: nothing has to wait for the next look.
  await clock.advance(0)
  await clock.advance(0)
  expect(receiver.received).toHaveLength(1)
  stop.abort()
  await clock.advance(0)
  await running
  await webhooks.publish({ type: 'a', data: 2 })
  await clock.advance(60_000)
  expect(receiver.received).toHaveLength(1)
})

test('run() keeps delivering to the living while many endpoints hang', async () => {
  // WebCrypto takes as long as the machine does: no time passes meanwhile.
  const clock = createFakeClock(undefined, createInFlight().quiet)
  const receiver = createWebhookReceiver(({ url }) =>
    url.includes('dead') ? new Promise<Response>(() => undefined) : new Response(),
  )
  const stop = new AbortController()
  const webhooks = createWebhooks({
    backend: memory({ clock }),
    fetch: receiver.fetch,
    resolve,
    clock,
  })
  for (let index = 0; index < 40; index++)
    await webhooks.endpoints.create({ url: `https://dead-${index}.example.com/` })
  for (let index = 0; index < 10; index++)
    await webhooks.endpoints.create({ url: `https://live-${index}.example.com/` })
  const running = webhooks.run({ signal: stop.signal, concurrency: 64 })
  let live = 0
  for (let second = 0; second < 45; second++) {
    await webhooks.publish({ type: 'a', data: second })
    await clock.advance(1000)
    live += 10
    const delivered = receiver.received.filter(({ url }) => url.includes('live')).length
    expect(live - delivered, `behind after ${second} s`).toBeLessThanOrEqual(10)
  }
  // And the dead are not asked again and again: their circuits are open.
  const dead = receiver.received.filter(({ url }) => url.includes('dead-0')).length
  expect(dead).toBeLessThanOrEqual(20)
  stop.abort()
  await clock.advance(20_000)
  await running
})

test('an endpoint to which a hundred attempts fail at once keeps every one of them', async () => {
  const clock = createFakeClock()
  const receiver = createWebhookReceiver(() => new Response(null, { status: 500 }))
  const webhooks = createWebhooks({
    backend: memory({ clock }),
    fetch: receiver.fetch,
    resolve,
    clock,
  })
  const { id } = await webhooks.endpoints.create({ url: URL_A })
  for (let index = 0; index < 100; index++) await webhooks.publish({ type: 'a', data: index })
  await webhooks.drain({ concurrency: 128 })
  const page = await webhooks.deliveries.page({ endpointId: id })
  const attempted = page.deliveries.filter(({ attempts }) => attempts === 1)
  expect(receiver.received.length).toBe(attempted.length)
  expect(page.deliveries.every(({ state }) => state === 'pending' || state === 'retrying')).toBe(
    true,
  )
})

test('publish() reaches more endpoints than one commit or one add can hold', async () => {
  const clock = createFakeClock()
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({
    backend: memory({ clock }),
    fetch: receiver.fetch,
    resolve,
    clock,
    maxEndpoints: 1500,
    shards: 2,
  })
  for (let index = 0; index < 1100; index++)
    await webhooks.endpoints.create({ url: `https://r.example.com/${index}` })
  await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  expect(new Set(receiver.received.map(({ url }) => url)).size).toBe(1100)
})

test('publish() takes the largest event, and the receiver gets its exact bytes', async () => {
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({
    backend: memory(),
    fetch: receiver.fetch,
    resolve,
    maxEventBytes: 400_000,
  })
  await webhooks.endpoints.create({ url: URL_A })
  // Each quotation mark takes two bytes in the body and four where the body is kept as JSON.
  const data = '"'.repeat(199_900)
  await webhooks.publish({ type: 'a', data })
  await webhooks.drain()
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ data })
  const [delivery] = (await webhooks.deliveries.page()).deliveries
  expect(delivery?.state).toBe('delivered')
})

test('publish() resolves though the waker fails', async () => {
  const receiver = createWebhookReceiver()
  const backend = {
    ...memory(),
    waker: { wake: () => Promise.reject(new BackendError('backend_failed', 'no waker')) },
  }
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve })
  await webhooks.endpoints.create({ url: URL_A })
  await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  expect(receiver.received).toHaveLength(1)
})

test('a delivery waits, and is never dead, while the store cannot be reached', async () => {
  const clock = createFakeClock()
  const receiver = createWebhookReceiver()
  const inner = memory({ clock })
  let down = false
  const backend = {
    ...inner,
    store: {
      partition(name: string) {
        if (down) throw new BackendError('backend_unavailable', 'down')
        return inner.store.partition(name)
      },
    },
  }
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve, clock })
  await webhooks.endpoints.create({ url: URL_A })
  await webhooks.publish({ type: 'a', data: 1 })
  down = true
  for (let time = 0; time < 50; time++) {
    await webhooks.drain()
    await clock.advance(10_000)
  }
  expect(receiver.received).toHaveLength(0)
  down = false
  await webhooks.drain()
  expect(receiver.received).toHaveLength(1)
})

test('a job of a name that this version does not know is left to others, without an attempt spent', async () => {
  const backend = memory()
  const webhooks = createWebhooks({ backend })
  const queue = backend.jobStore.queue('webhooks.events')
  await queue.add([{ id: 'later', name: 'from-a-later-version', data: 1 }])
  await webhooks.drain()
  const { state, attempt, lastError } = (await queue.get('later')) ?? {}
  expect([state, attempt]).toEqual(['scheduled', 0])
  expect(lastError).toMatchObject({ code: 'unknown_job' })
})

test.each([
  { retrySchedule: [-1] },
  { retrySchedule: [NaN] },
  { retrySchedule: [0.5] },
  { retrySchedule: '5s' as never },
  { retrySchedule: Array.from({ length: 51 }, () => 1) },
  { retryJitter: 1.1 },
  { retryJitter: NaN },
  { retryJitter: '0.1' as never },
  { maxRetryAfter: '31d' as const },
  { timeout: 0 },
  { timeout: '1h' as const },
  { responseBytes: 70_000 },
  { responseBytes: 0.5 },
  { retention: '59s' as const },
  { retention: '367d' as const },
  { disableAfter: 1 },
  { maxEventBytes: 500_000 },
  { maxEndpoints: 0 },
  { maxEndpoints: 1.5 },
  { maxEndpoints: '5' as never },
  { shards: 0 },
  { shards: 1.5 },
  { shards: 257 },
  { idempotencyWindow: '31d' as const },
  { idempotencyWindow: Infinity },
  { idempotencyWindow: 'soon' as never },
])('createWebhooks() refuses an option out of range: %j', (options) => {
  expect(() => createWebhooks({ backend: memory(), ...options })).toThrow(RangeError)
})

test.each<[string, object]>([
  ['retentionMs', { retentionMs: 1 }],
  ['backend', { backend: undefined }],
  ['rateLimits', { backend: { ...memory(), rateLimits: undefined } }],
  ['fetch', { fetch: 'https://example.com/' }],
  ['onOperationalEvent', { onOperationalEvent: 1 }],
  ['report', { report: console }],
  ['resolve', { resolve: 'unchecked' }],
  ['"allowPrivate"', { outbound: { allowPrivate: true } }],
  ['verification', { verification: true }],
  ['userAgent', { userAgent: 'a\r\nb' }],
  ['operationalTenant', { operationalTenant: 'a/b' }],
])('createWebhooks() refuses by name what is no option or not of its type: %s', (name, options) => {
  const create = (): unknown => createWebhooks({ backend: memory(), ...options })
  expect(create).toThrow(TypeError)
  expect(create).toThrow(name)
})

test.each([
  { concurrency: 1.5 },
  { concurrency: 0 },
  { lease: 'x' },
  { lease: NaN },
  { grace: -1 },
])('run() and drain() refuse %j at the call', async (options) => {
  const webhooks = createWebhooks({ backend: memory() })
  const signal = AbortSignal.abort()
  await expect(webhooks.run({ signal, ...options } as never)).rejects.toThrow(RangeError)
  await expect(webhooks.drain(options as never)).rejects.toThrow(RangeError)
})

test('run() and drain() refuse options that they do not know', async () => {
  const webhooks = createWebhooks({ backend: memory() })
  const signal = AbortSignal.abort()
  await expect(webhooks.run({ signal, leaseMs: 1 } as never)).rejects.toThrow(TypeError)
  await expect(webhooks.run({} as never)).rejects.toThrow('signal is missing')
  await expect(webhooks.drain({ signal } as never)).rejects.toThrow(TypeError)
})

test('run() reports a store that cannot be reached, where nobody else listens', async () => {
  const clock = createFakeClock()
  const inner = memory({ clock })
  const down = new BackendError('backend_unavailable', 'down')
  const jobStore = {
    queue: (name: string) => ({
      ...inner.jobStore.queue(name),
      exchange: () => Promise.reject(down),
    }),
  }
  const reports: unknown[] = []
  const webhooks = createWebhooks({
    backend: { ...inner, jobStore },
    clock,
    report: (message, cause) => void reports.push([message, cause]),
  })
  const stop = new AbortController()
  const running = webhooks.run({ signal: stop.signal })
  await clock.advance(5000)
  expect(reports).toEqual([['A worker of webhooks is in trouble and goes on trying', down]])
  stop.abort()
  await clock.advance(60_000)
  await running
})

test('sweep() takes up what was published while no runner had the webhooks', async () => {
  const backend = memory()
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve })
  await webhooks.endpoints.create({ url: URL_A })
  await webhooks.publish({ type: 'a', data: 1 })
  const queue = backend.jobStore.queue('webhooks.events')
  const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 1000 } })
  const outcome = { to: 'parked', error: { code: 'no_runner', message: '' } } as const
  await queue.exchange({ settle: claimed.map(({ id, token }) => ({ id, token, outcome })) })
  const parked = async (): Promise<number | undefined> =>
    (await webhooks.readMetrics()).find(
      ({ labels }) => labels['queue'] === 'webhooks.events' && labels['state'] === 'parked',
    )?.value
  expect([receiver.received.length, await parked()]).toEqual([0, 1])
  await webhooks.sweep()
  await webhooks.drain()
  expect([receiver.received.length, await parked()]).toEqual([1, 0])
})

test('createWebhooks() makes requests whose addresses are judged as they connect, by default', async () => {
  vi.stubGlobal('fetch', () => {
    throw new Error('The platform’s own fetch was asked')
  })
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const delivery = {
      url: `http://127.0.0.1:${port}/`,
      payload: 1,
      secret: 'whsec_' + 'A'.repeat(32),
    }
    const local = { allowPrivateNetworks: 'for local development' } as const
    const webhooks = createWebhooks({ backend: memory(), outbound: local })
    expect(await webhooks.deliver(delivery)).toMatchObject({ ok: true, status: 200 })
    const refused = await createWebhooks({
      backend: memory(),
      outbound: { schemes: ['http'], ports: [port] },
    }).deliver(delivery)
    expect(refused).toMatchObject({ ok: false, error: { code: 'url_blocked' } })
  } finally {
    server.close().closeAllConnections()
  }
})

test('createWebhooks() tells no name to a DNS service where the client judges addresses', async () => {
  const asked: string[] = []
  const answer = async (url: string): Promise<Response> => {
    asked.push(new URL(url).host)
    return new Response()
  }
  const delivery = { url: URL_A, payload: 1, secret: 'whsec_' + 'A'.repeat(32) }
  const pinned = Object.assign((url: string) => answer(url), { judgesAddresses: true })
  await createWebhooks({ backend: memory(), fetch: pinned }).deliver(delivery)
  expect(asked).toEqual(['a.example.com'])
  await createWebhooks({ backend: memory(), fetch: answer }).deliver(delivery)
  expect(new Set(asked.slice(1))).toEqual(new Set(['cloudflare-dns.com']))
})

test('createWebhooks() does nothing at all until something is asked of it', () => {
  let calls = 0
  const count = <Result>(result: Result): Result => {
    calls++
    return result
  }
  const clock = { ...systemClock, setTimer: () => count(() => undefined) }
  createWebhooks({
    backend: memory({ clock }),
    clock,
    random: createSeededRandom(),
    fetch: async () => count(new Response()),
  })
  expect(calls).toBe(0)
})

test('drain() also does the work that its own work makes', async () => {
  const receiver = createWebhookReceiver(
    ({ url }) => new Response(null, { status: url === URL_A ? 410 : 200 }),
  )
  const webhooks = createWebhooks({
    backend: memory(),
    fetch: receiver.fetch,
    resolve,
    operationalTenant: 'ops',
  })
  await webhooks.endpoints.create({ url: 'https://ops.example.com/', tenant: 'ops' })
  await webhooks.endpoints.create({ url: URL_A })
  await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  expect(receiver.received).toHaveLength(3)
})

test('publishing costs one write, and an attempt one commit', async () => {
  const calls: string[] = []
  const inner = memory()
  const backend = {
    ...inner,
    store: {
      partition(name: string) {
        const partition = inner.store.partition(name)
        return watched(partition, (method) => calls.push(`store.${method}`))
      },
    },
    jobStore: {
      queue: (name: string) =>
        watched(inner.jobStore.queue(name), (method) => calls.push(`${name}.${method}`)),
    },
  }
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve })
  await webhooks.endpoints.create({ url: URL_A })
  calls.length = 0
  await webhooks.publish({ type: 'a', data: 1 })
  expect(calls).toEqual(['webhooks.events.add'])
  const [events, attempts] = webhooks.processors
  for (const processor of [events, attempts]) {
    if (processor === undefined) throw new Error('no processor')
    const { claimed } = await inner.jobStore
      .queue(processor.queue)
      .exchange({ claim: { limit: 1, leaseMs: 1000 } })
    const [job] = claimed
    if (job === undefined) throw new Error('no job')
    calls.length = 0
    await processor.process(job, {
      signal: new AbortController().signal,
      progress: () => undefined,
    })
    expect(calls).toEqual(
      processor === events
        ? ['store.list', 'store.commit', 'webhooks.deliveries.add']
        : ['store.getMany', 'store.get', 'store.commit'],
    )
  }
})

function watched<Target extends object>(target: Target, onCall: (method: string) => void): Target {
  return new Proxy(target, {
    get(of, name) {
      onCall(String(name))
      return Reflect.get(of, name) as unknown
    },
  })
}
