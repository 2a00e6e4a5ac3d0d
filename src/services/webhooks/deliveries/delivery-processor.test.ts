import { expect, test } from 'vitest'
import { createWebhookReceiver } from '../../../../test/support/webhook-receiver.ts'
import { createJobWorker } from '../../../runtime/workers/job-worker.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createWebhooks } from '../sending/create-webhooks.ts'
import { deliveryJob, firstTask } from './delivery-task.ts'

const url = 'https://a.example.com/'
const resolve = async (): Promise<readonly string[]> => ['93.184.216.34']

test('process() gives the job back when its worker stops in the middle of an attempt', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const arrived = Promise.withResolvers<void>()
  const receiver = createWebhookReceiver((_request, count) => {
    arrived.resolve()
    return count === 1 ? new Promise<Response>(() => undefined) : new Response()
  })
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve, clock })
  const endpoint = await webhooks.endpoints.create({ url })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  const [events, attempts] = webhooks.processors
  if (events === undefined) throw new Error('no processor')
  const jobStore = backend.jobStore.queue(events.queue)
  await createJobWorker({ processor: events, jobStore, clock }).drain()

  const [job] = (
    await backend.jobStore
      .queue('webhooks.deliveries')
      .exchange({ claim: { limit: 1, leaseMs: 1000 } })
  ).claimed
  const stop = new AbortController()
  if (attempts === undefined || job === undefined) throw new Error('no job')
  const outcome = attempts.process(job, { signal: stop.signal, progress: () => undefined })
  await arrived.promise
  stop.abort()
  expect(await outcome).toEqual({ to: 'scheduled', delayMs: 0, refund: true })
  const delivery = await webhooks.deliveries.get(`${id}:${endpoint.id}`)
  expect([delivery?.state, delivery?.attempts]).toEqual(['pending', 0])
})

test('process() draws no conclusion from an attempt that was made before the endpoint was enabled again', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const receiver = createWebhookReceiver(() => new Response(null, { status: 410 }))
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve, clock })
  const endpoint = await webhooks.endpoints.create({ url })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  expect((await webhooks.endpoints.get(endpoint.id))?.enabled).toBe(false)
  await clock.advance(1000)
  await webhooks.endpoints.enable(endpoint.id)
  // The job comes again, as it does when its worker died before it could settle it.
  const queue = backend.jobStore.queue('webhooks.deliveries')
  const job = deliveryJob(firstTask({ id: `${id}:${endpoint.id}` }))
  await queue.command({ type: 'remove', ids: [job.id ?? ''] })
  await queue.add([job])
  await webhooks.drain()
  expect((await webhooks.endpoints.get(endpoint.id))?.enabled).toBe(true)
  expect(receiver.received).toHaveLength(1)
})

test('process() completes a job whose delivery is gone', async () => {
  const backend = memory()
  const receiver = createWebhookReceiver()
  const webhooks = createWebhooks({ backend, fetch: receiver.fetch, resolve })
  const queue = backend.jobStore.queue('webhooks.deliveries')
  for (const id of ['e:ep_gone', 'nonsense', `e:ep_${'0'.repeat(30)}`])
    await queue.add([deliveryJob(firstTask({ id }))])
  await webhooks.drain()
  expect(await queue.counts()).toMatchObject({ ready: 0, scheduled: 0, active: 0, dead: 0 })
  expect(receiver.received).toHaveLength(0)
})

test('process() leaves one chain of attempts, though a crash left the delivery in both lanes', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const receiver = createWebhookReceiver(() => new Response(null, { status: 500 }))
  const webhooks = createWebhooks({
    backend,
    fetch: receiver.fetch,
    resolve,
    clock,
    retrySchedule: ['1m', '1m', '1m'],
  })
  const endpoint = await webhooks.endpoints.create({ url })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  const job = deliveryJob(firstTask({ id: `${id}:${endpoint.id}` }))
  await backend.jobStore.queue('webhooks.deliveries.slow').add([job])
  for (let time = 0; time < 10; time++) {
    await webhooks.drain()
    await clock.advance(80_000)
  }
  // Both may have made the first attempt; then one of them went on alone.
  expect(receiver.received.length).toBeLessThanOrEqual(5)
  expect((await webhooks.deliveries.get(`${id}:${endpoint.id}`))?.state).toBe('dead')
  for (const queue of webhooks.processors.map((processor) =>
    backend.jobStore.queue(processor.queue),
  ))
    expect(await queue.counts()).toMatchObject({ ready: 0, scheduled: 0, active: 0 })
})

test('process() moves deliveries to an endpoint that fails into the slow lane, and they are made there', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  let up = false
  const receiver = createWebhookReceiver(() => new Response(null, { status: up ? 200 : 500 }))
  const webhooks = createWebhooks({
    backend,
    fetch: receiver.fetch,
    resolve,
    clock,
    retryJitter: 0,
  })
  await webhooks.endpoints.create({ url })
  await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  const [, main, slow] = webhooks.processors.map(({ queue }) => backend.jobStore.queue(queue))
  expect([(await main?.counts())?.scheduled, (await slow?.counts())?.scheduled]).toEqual([1, 0])
  await clock.advance(5000)
  await webhooks.drain()
  expect([(await main?.counts())?.scheduled, (await slow?.counts())?.scheduled]).toEqual([0, 1])
  up = true
  await clock.advance(300_000)
  await webhooks.drain()
  const [delivery] = (await webhooks.deliveries.page()).deliveries
  expect([delivery?.state, delivery?.lane, receiver.received.length]).toEqual([
    'delivered',
    'slow',
    3,
  ])
})

test('process() begins anew what the job store has given up in the slow lane', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const receiver = createWebhookReceiver(
    (_request, count) => new Response(null, { status: count === 1 ? 500 : 200 }),
  )
  const webhooks = createWebhooks({
    backend,
    fetch: receiver.fetch,
    resolve,
    clock,
    retryJitter: 0,
  })
  const endpoint = await webhooks.endpoints.create({ url })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  const job = deliveryJob({ ...firstTask({ id: `${id}:${endpoint.id}` }), attempts: 1 })
  const slow = backend.jobStore.queue('webhooks.deliveries.slow')
  await slow.add([job])
  const { claimed } = await slow.exchange({ claim: { limit: 1, leaseMs: 1000 } })
  await slow.exchange({
    settle: claimed.map((one) => ({ ...one, outcome: { to: 'dead', error: 'lease_lost' } })),
  })
  await clock.advance(5000)
  await webhooks.drain()
  expect((await webhooks.deliveries.get(`${id}:${endpoint.id}`))?.state).toBe('delivered')
})

test.for(['ready', 'active'] as const)(
  'process() loses no delivery to a job in the slow lane that is behind and %s, as a worker left it that had lost its claim',
  async (state) => {
    const clock = createFakeClock()
    const backend = memory({ clock })
    const receiver = createWebhookReceiver(
      (_request, count) => new Response(null, { status: count === 1 ? 500 : 200 }),
    )
    const options = { backend, fetch: receiver.fetch, resolve, clock, retryJitter: 0 }
    const webhooks = createWebhooks(options)
    const endpoint = await webhooks.endpoints.create({ url })
    const { id } = await webhooks.publish({ type: 'a', data: 1 })
    await webhooks.drain()
    const slow = backend.jobStore.queue('webhooks.deliveries.slow')
    const behind = deliveryJob(firstTask({ id: `${id}:${endpoint.id}` }))
    await slow.add([behind])
    const claim = { limit: state === 'active' ? 1 : 0, leaseMs: 600_000 }
    const { claimed } = await slow.exchange(claim.limit > 0 ? { claim } : {})
    const [, main, inSlowLane] = webhooks.processors
    if (main === undefined || inSlowLane === undefined) throw new Error('no processor')
    const jobStore = backend.jobStore.queue(main.queue)
    const control = { signal: new AbortController().signal, progress: () => undefined }
    // What runs there has read the record before the next attempt is due here.
    const outcomes = await Promise.all(
      claimed.map(async (job) => ({ ...job, outcome: await inSlowLane.process(job, control) })),
    )
    await clock.advance(5000)
    await createJobWorker({ processor: main, jobStore, clock }).drain()
    await slow.exchange({ settle: outcomes })
    for (let time = 0; time < 3; time++) {
      await clock.advance(60_000)
      await webhooks.drain()
    }
    expect((await webhooks.deliveries.get(`${id}:${endpoint.id}`))?.state).toBe('delivered')
  },
)

test('process() tells of a disabled endpoint again when a crash may have kept it from being told', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const told: string[] = []
  const receiver = createWebhookReceiver(() => new Response(null, { status: 410 }))
  const webhooks = createWebhooks({
    backend,
    fetch: receiver.fetch,
    resolve,
    clock,
    onOperationalEvent: ({ type }) => void told.push(type),
  })
  const endpoint = await webhooks.endpoints.create({ url })
  const { id } = await webhooks.publish({ type: 'a', data: 1 })
  await webhooks.drain()
  const queue = backend.jobStore.queue('webhooks.deliveries')
  const job = deliveryJob(firstTask({ id: `${id}:${endpoint.id}` }))
  await queue.command({ type: 'remove', ids: [job.id ?? ''] })
  await queue.add([job])
  await webhooks.drain()
  const once = ['webhook.endpoint.disabled', 'webhook.delivery.dead']
  expect(told).toEqual([...once, ...once])
})
