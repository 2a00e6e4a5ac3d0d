import { expect, test } from 'vitest'
import { createWebhookReceiver } from '../../../../test/support/webhook-receiver.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type {
  AtomicStore,
  StorePartition,
} from '../../../runtime/ports/atomic-store/atomic-store.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createWebhooks, type Webhooks } from './create-webhooks.ts'

/** What one act costs: reads of the store, entries in their answers, and commits. */
interface ReadCosts {
  calls: number
  entries: number
  commits: number
}

function counted(store: AtomicStore, costs: ReadCosts): AtomicStore {
  const count = <Answer>(answer: Answer, entries: (answer: Answer) => number): Answer => {
    costs.calls++
    costs.entries += entries(answer)
    return answer
  }
  return {
    partition(name): StorePartition {
      const partition = store.partition(name)
      return {
        ...partition,
        get: async (key) => count(await partition.get(key), () => 1),
        getMany: async (keys) => count(await partition.getMany(keys), ({ length }) => length),
        list: async (options) =>
          count(await partition.list(options), ({ entries }) => entries.length),
        commit(change) {
          costs.commits++
          return partition.commit(change)
        },
      }
    },
  }
}

function open(): {
  readonly webhooks: Webhooks
  costOf(act: () => Promise<unknown>): Promise<ReadCosts>
} {
  const clock = createFakeClock()
  const backend = memory({ clock })
  const costs: ReadCosts = { calls: 0, entries: 0, commits: 0 }
  const webhooks = createWebhooks({
    backend: { ...backend, store: counted(backend.store, costs) },
    fetch: createWebhookReceiver().fetch,
    resolve: async () => ['93.184.216.34'],
    maxEndpoints: 20_000,
    clock,
  })
  return {
    webhooks,
    async costOf(act) {
      const before = { ...costs }
      await act()
      return {
        calls: costs.calls - before.calls,
        entries: costs.entries - before.entries,
        commits: costs.commits - before.commits,
      }
    },
  }
}

const addEndpoints = async (
  webhooks: Webhooks,
  count: number,
  eventsOf: (index: number) => readonly string[],
): Promise<void> => {
  for (let index = 0; index < count; index++)
    await webhooks.endpoints.create({
      url: `https://r.example.com/${index}`,
      events: eventsOf(index),
    })
}

test('an event costs by the endpoints that want it, however many others there are', async () => {
  const costs: ReadCosts[] = []
  for (const others of [200, 2000]) {
    const { webhooks, costOf } = open()
    await addEndpoints(webhooks, others, (index) => [`other.${index}`, `customer.${index}.*`])
    await addEndpoints(
      webhooks,
      3,
      (index) => [['order.paid'], ['order.*'], ['*.paid']][index] ?? [],
    )
    costs.push(
      await costOf(async () => {
        await webhooks.publish({ type: 'order.paid', data: 1 })
        await webhooks.drain()
      }),
    )
    const { deliveries } = await webhooks.deliveries.page()
    expect(deliveries).toHaveLength(3)
  }
  expect(costs[1]).toEqual(costs[0])
  expect(costs[0]?.calls).toBeLessThanOrEqual(15)
})

test('a page of an event’s deliveries costs two reads, however many there are', async () => {
  for (const endpoints of [150, 1500]) {
    const { webhooks, costOf } = open()
    await addEndpoints(webhooks, endpoints, () => ['*'])
    const { id: eventId } = await webhooks.publish({ type: 'a', data: 1 })
    await webhooks.drain()
    const found = new Set<string>()
    for (const query of [{ eventId }, {}]) {
      let cursor: string | null = null
      do {
        const costs = await costOf(async () => {
          const page = await webhooks.deliveries.page({
            ...query,
            limit: 50,
            ...(cursor !== null && { cursor }),
          })
          for (const { id } of page.deliveries) found.add(id)
          cursor = page.cursor
        })
        expect(costs.calls).toBeLessThanOrEqual(2)
        expect(costs.entries).toBeLessThanOrEqual(70)
      } while (cursor !== null)
    }
    expect(found.size).toBe(endpoints)
  }
})

test('endpoints that come and go all at once take a few commits each, however many', async () => {
  for (const count of [50, 500]) {
    const { webhooks, costOf } = open()
    let ids: readonly string[] = []
    const coming = await costOf(async () => {
      const made = Array.from({ length: count }, (_, index) =>
        webhooks.endpoints.create({ url: `https://r.example.com/${index}`, events: ['a.b'] }),
      )
      ids = (await Promise.all(made)).map(({ id }) => id)
    })
    expect(new Set(ids).size).toBe(count)
    const going = await costOf(() => Promise.all(ids.map((id) => webhooks.endpoints.delete(id))))
    expect((await webhooks.endpoints.page()).endpoints).toEqual([])
    expect(coming.commits + going.commits).toBeLessThanOrEqual(12 * count)
  }
})
