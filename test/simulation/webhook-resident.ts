import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { createWebhooks, type Webhooks } from '../../src/services/webhooks/index.ts'
import { insist } from './insist.ts'
import type { Resident, ResidentParts } from './resident.ts'
import type { UnreliableProcess } from './unreliable-process.ts'

const QUEUES = ['webhooks.events', 'webhooks.deliveries', 'webhooks.deliveries.slow']
const RECEIVERS = ['a', 'b'] as const
/** So many that one which mends itself is reached. */
const RETRIES = Array.from({ length: 30 }, (_, index) => Math.min(500 * 2 ** index, 60_000))
/** Events of one world. */
const MOST = 12

/** Two receivers, one of which wants some events only, and a client that publishes. */
export function createWebhookResident(parts: ResidentParts): Resident {
  const { observer, chance, tell, object } = parts
  const published = new Map<string, string>()
  const bodies = new Map<string, string>()
  const taken = new Set<string>()
  let endpoints: Promise<void> | undefined

  /** The network's other end: a receiver that fails now and then. */
  function receive(url: string, init: RequestInit): Response {
    const id = new Headers(init.headers).get('webhook-id') ?? ''
    // Senders give the bytes they have signed.
    const body = new TextDecoder().decode(init.body as Uint8Array<ArrayBuffer>)
    const type = published.get(id)
    const to = url.includes('//a.') ? 'a' : 'b'
    if (type === undefined) object(`no delivery of ${id}, which nobody published`)
    if (to === 'b' && type !== 'order.paid') object(`no ${type} to who wants order.paid`)
    const before = bodies.get(id) ?? body
    bodies.set(id, before)
    if (before !== body) object(`the same body of ${id} in each attempt`)
    const status = chance.pick([204, 204, 204, 500, 429])
    tell(`webhook: ${to} answers ${status}`)
    if (status === 204) taken.add(`${id} ${to}`)
    return new Response(null, { status })
  }

  function webhooksIn(process: UnreliableProcess, seed: number): Webhooks {
    return createWebhooks({
      backend: process.backend,
      clock: process.clock,
      random: createSeededRandom(seed),
      fetch: (url, init) => process.call(async () => receive(url, init)),
      resolve: async () => ['93.184.216.34'],
      retrySchedule: RETRIES,
      report: () => undefined,
    })
  }

  /** Both stand before anything is published, which they would not get. */
  async function createEndpoints(client: UnreliableProcess): Promise<void> {
    const { endpoints } = webhooksIn(client, 1)
    const wanted = { a: ['*'], b: ['order.paid'] }
    for (const uid of RECEIVERS) {
      const url = `https://${uid}.example.com/hook`
      await insist(client, () => endpoints.create({ url, uid, events: wanted[uid] }))
    }
  }

  return {
    work(process, { seed, ...terms }) {
      void webhooksIn(process, seed).run({ ...terms, concurrency: 4 })
    },
    async ask(client) {
      if (published.size === MOST) return
      const type = chance.pick(['order.paid', 'order.sent'])
      const number = published.size
      const id = `e${number}`
      published.set(id, type)
      const webhooks = webhooksIn(client, number)
      endpoints ??= createEndpoints(client)
      await endpoints
      await insist(client, () => webhooks.publish({ id, type, data: { number } }))
      tell('webhook: an event is accepted')
    },
    stoodStill: () => undefined,
    async left() {
      let left = 0
      for (const queue of QUEUES) {
        const { ready, scheduled, active, held } = await observer.backend.jobStore
          .queue(queue)
          .counts()
        left += ready + scheduled + active + held
      }
      return left
    },
    async audit() {
      const { deliveries } = webhooksIn(observer, 1)
      for (const [id, type] of published)
        for (const to of RECEIVERS) {
          if (to === 'b' && type !== 'order.paid') continue
          if (!taken.has(`${id} ${to}`)) object(`${id} to arrive at ${to}`)
        }
      for await (const { id, state } of deliveries.list())
        if (state !== 'delivered') object(`${id} to be delivered, not ${state}`)
    },
  }
}
