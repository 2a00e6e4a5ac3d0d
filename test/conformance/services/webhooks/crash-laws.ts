import { expectEqual, expectTrue } from '../../../../src/runtime/ports/conformance.ts'
import { createCrashingBackend } from '../../../support/crashing-backend.ts'
import { createWebhookReceiver } from '../../../support/webhook-receiver.ts'
import {
  collect,
  webhooksOn,
  drainFor,
  busy,
  URL_A,
  type WebhookSendingLaw,
  type WebhookSendingHarness,
} from './sending-fixture.ts'

const LEASE_MS = 10_000

/** What is left of a fan-out when its process dies. */
export const crashLaws: readonly WebhookSendingLaw[] = [
  {
    name: 'a fan-out that a crash cut short leaves no delivery waiting for ever, though its endpoints have changed since',
    async run(harness) {
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1; crashAt <= 6; crashAt++) {
          const backend = await harness.open()
          const receiver = createWebhookReceiver()
          const dying = createCrashingBackend(backend, crashAt, when)
          const first = webhooksOn(dying.backend, harness, receiver)
          const second = webhooksOn(backend, harness, receiver)
          const { id } = await second.endpoints.create({ url: URL_A })
          try {
            await first.publish({ type: 'a', data: 1 })
            await first.drain()
          } catch {
            // The process is dead.
          }
          await second.endpoints.update(id, { events: ['something.else'] })
          await drainFor(harness, second, 2, LEASE_MS)
          const states = (await collect(second.deliveries.list())).map(({ state }) => state)
          const at = `crash ${when} write ${crashAt}`
          expectEqual(
            states.filter((state) => state !== 'delivered'),
            [],
            at,
          )
          expectEqual(await busy(backend), [], at)
        }
      }
    },
  },
  {
    name: 'sweep() takes back what a dead process held, and wakes for what waits, though every wake before was lost',
    async run(harness) {
      const backend = await harness.open()
      const receiver = createWebhookReceiver()
      const wakes: string[] = []
      const waker = {
        async wake(queue: string, inMs: number): Promise<void> {
          wakes.push(`${queue} ${inMs}`)
          throw new Error('This wake is lost')
        },
      }
      const webhooks = webhooksOn({ ...backend, waker }, harness, receiver)
      await webhooks.endpoints.create({ url: URL_A })
      await webhooks.sweep()
      expectEqual(wakes, [])
      await webhooks.publish({ type: 'a', data: 1 })
      const events = backend.jobStore.queue('webhooks.events')
      await events.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })
      await harness.advance(LEASE_MS)
      wakes.length = 0
      await webhooks.sweep()
      expectEqual(wakes, ['webhooks.events 0'])
      expectEqual((await events.counts()).ready, 1)
      await webhooks.drain()
      expectEqual(receiver.received.length, 1)
    },
  },
  {
    name: 'a process that dies at any write of a fan-out to 50 endpoints loses nothing, and receivers can drop duplicates by webhook-id',
    async run(harness) {
      const stride = harness.crashStride ?? 9
      for (const when of ['before', 'after'] as const) {
        for (let crashAt = 1, crashed = true; crashed; crashAt += stride)
          crashed = await surviveCrash(harness, crashAt, when)
      }
    },
  },
]

/** @returns Whether the process died, or had finished before */
async function surviveCrash(
  harness: WebhookSendingHarness,
  crashAt: number,
  when: 'before' | 'after',
): Promise<boolean> {
  const backend = await harness.open()
  // Every tenth endpoint fails at first, so that crashes hit retries, too.
  const receiver = createWebhookReceiver(
    ({ url }, count) =>
      new Response(null, { status: url.endsWith('0') && count === 1 ? 500 : 200 }),
  )
  const settled = webhooksOn(backend, harness, receiver, { shards: 3 })
  const urls = Array.from({ length: 50 }, (_, index) => `https://r.example.com/${index}`)
  for (const url of urls) await settled.endpoints.create({ url })

  const dying = createCrashingBackend(backend, crashAt, when)
  const first = webhooksOn(dying.backend, harness, receiver, { shards: 3 })
  const event = { id: 'order-1', type: 'order.paid', data: { total: 7 } }
  try {
    await first.publish(event)
    await drainFor(harness, first, 2, 6000)
  } catch {
    // The process is dead; what the crash left is looked at below.
  }
  const crashed = dying.crashed()
  // Its publisher, not having had an answer, asks again.
  await settled.publish(event)
  await drainFor(harness, settled, 4, LEASE_MS)

  const at = `crash ${when} write ${crashAt}`
  for (const url of urls) {
    const requests = receiver.to(url)
    expectTrue(requests.length > 0, `${at}: ${url} to have got the event`)
    expectEqual([...new Set(requests.map(({ id }) => id))], ['order-1'], at)
    expectEqual(new Set(requests.map(({ body }) => body)).size, 1, at)
  }
  const states = (await collect(settled.deliveries.list())).map(({ state }) => state)
  expectEqual([states.length, ...new Set(states)], [50, 'delivered'], at)
  expectEqual(await busy(backend), [], at)
  // What was on its way at the moment of the crash, once more.
  expectTrue(
    receiver.received.length <= 2 * 55,
    `${at}: ${receiver.received.length} requests are too many`,
  )
  return crashed
}
