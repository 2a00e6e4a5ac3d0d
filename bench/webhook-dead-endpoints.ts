import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { FetchClient } from '@white-cross/reuse/infrastructure/runtime/ports'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'
import type { Comparison, Contender } from './compare.ts'

const ENDPOINTS = 1000
const DEAD = 50
const EVENTS = 24
/** So that the machine keeps up: what is compared is waiting for others, not for the processor. */
const BETWEEN_EVENTS_MS = 1500

/** How long deliveries to endpoints that work take, beside ones that never answer and without them. */
export function deadEndpoints(url: string): Comparison {
  return {
    title: 'Webhooks: endpoints that work beside dead ones',
    setting: `${ENDPOINTS} endpoints on memory, an event to all of them each ${BETWEEN_EVENTS_MS} ms, ${EVENTS} events, the default concurrency of 128. From publishing to the receiver's answer, the 99th percentile over the endpoints that work. ${DEAD} dead ones take the request and never answer; nothing is known of them before the first event.`,
    unit: 'ms, p99',
    better: 'less',
    contenders: [delays(`${DEAD} of ${ENDPOINTS} dead`, url, DEAD), delays('none dead', url, 0)],
    target: 1.2,
    rounds: 5,
  }
}

function delays(name: string, url: string, dead: number): Contender {
  return {
    name,
    async round() {
      const published = new Map<string, number>()
      const waits: number[] = []
      const wanted = (ENDPOINTS - dead) * EVENTS
      const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
      const timed: FetchClient = async (to, init) => {
        const response = await fetch(to, init)
        const id = new Headers(init.headers).get('webhook-id') ?? ''
        waits.push(performance.now() - (published.get(id) ?? Number.NaN))
        if (waits.length === wanted) finish()
        return response
      }
      const webhooks = createWebhooks({
        backend: memory(),
        fetch: timed,
        outbound: { allowPrivateNetworks: 'for local development' },
      })
      for (let index = 0; index < ENDPOINTS; index++)
        await webhooks.endpoints.create({
          url: `${url}/${index < dead ? 'dead' : 'live'}/${index}`,
        })
      const stop = new AbortController()
      const running = webhooks.run({ signal: stop.signal, grace: 0 })
      for (let event = 0; event < EVENTS; event++) {
        const id = `event-${event}`
        published.set(id, performance.now())
        await webhooks.publish({ id, type: 'order.paid', data: { event } })
        await new Promise((resolve) => setTimeout(resolve, BETWEEN_EVENTS_MS))
      }
      await finished
      stop.abort()
      await running
      return waits.toSorted((a, b) => a - b)[Math.ceil(wanted * 0.99) - 1] ?? Number.NaN
    },
  }
}
