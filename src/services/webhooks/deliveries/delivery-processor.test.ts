import { expect, test } from 'vitest'
import { createWebhookReceiver } from '../../../../test/support/webhook-receiver.ts'
import { createJobWorker } from '../../../runtime/coordination/job-worker.ts'
import { memory } from '../../../runtime/memory/index.ts'
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
  const ledger = backend.ledger.queue(events.queue)
  await createJobWorker({ processor: events, ledger, clock }).drain()

  const [job] = (
    await backend.ledger
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
  const queue = backend.ledger.queue('webhooks.deliveries')
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
  const queue = backend.ledger.queue('webhooks.deliveries')
  for (const id of ['e:ep_gone', 'nonsense', `e:ep_${'0'.repeat(30)}`])
    await queue.add([deliveryJob(firstTask({ id }))])
  await webhooks.drain()
  expect(await queue.counts()).toMatchObject({ ready: 0, scheduled: 0, active: 0, dead: 0 })
  expect(receiver.received).toHaveLength(0)
})
