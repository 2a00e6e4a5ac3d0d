import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import type { Backend, FetchClient } from '@white-cross/reuse/infrastructure/runtime/ports'
import { pinnedFetch } from '@white-cross/reuse/infrastructure/runtime/node'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { createWebhooks, refusedRange } from '@white-cross/reuse/infrastructure/webhooks'
import { rateOf, type Contender, type Comparisons } from './compare.ts'
import { deadEndpoints } from './webhook-dead-endpoints.ts'
import { startReceiver } from './webhook-receiver.ts'

const ENDPOINTS = 20
const EVENTS = 150
const DELIVERIES = ENDPOINTS * EVENTS
const CONCURRENCY = 64
/** Each round has a tenant of its own. */
let tenants = 0
const DATA = { note: 'x'.repeat(480) }

export async function setUp(): Promise<Comparisons> {
  const receiver = await startReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'reuse-bench-'))
  const file = sqlite(join(folder, 'webhooks.db'))
  const pinned = pinnedFetch({ refusedRange, allow: ['127.0.0.1'] })
  const setting = (kept: string): string =>
    `${EVENTS} events of about 600 bytes to each of ${ENDPOINTS} endpoints, published before; from the events' fan-out to the last delivery's record. Each request is signed and its attempt kept: ${kept} The bare loop posts a body of the same size with the same number of requests at once, unsigned, and keeps nothing. The receiver, a process of its own on this machine, answers 204. Concurrency ${CONCURRENCY} on both sides.`
  return {
    comparisons: [
      {
        title: 'Webhooks: delivery on memory against a bare fetch loop',
        setting: setting('in this process.'),
        contenders: [
          deliver('Webhooks on memory, pinnedFetch', memory(), pinned, receiver.url),
          loop(receiver.url),
          deliver('Webhooks on memory, fetch', memory(), fetch, receiver.url),
        ],
        target: 0.8,
      },
      {
        title: 'Webhooks: delivery on SQLite against a bare fetch loop',
        setting: setting('in a file (WAL, synchronous=FULL).'),
        contenders: [
          deliver('Webhooks on SQLite, pinnedFetch', file, pinned, receiver.url),
          loop(receiver.url),
          deliver('Webhooks on SQLite, fetch', file, fetch, receiver.url),
        ],
        target: 0.8,
      },
      deadEndpoints(receiver.url),
    ],
    async tearDown() {
      file.close()
      rmSync(folder, { recursive: true, force: true })
      await receiver.stop()
    },
  }
}

function deliver(name: string, backend: Backend, client: FetchClient, url: string): Contender {
  return {
    name,
    async round() {
      const tenant = `tenant-${tenants++}`
      const webhooks = createWebhooks({
        backend,
        fetch: client,
        outbound: { allowPrivateNetworks: 'for local development' },
      })
      for (let index = 0; index < ENDPOINTS; index++)
        await webhooks.endpoints.create({ tenant, url: `${url}/${index}` })
      // The first attempt tells that an endpoint works.
      await webhooks.publish({ tenant, type: 'order.paid', data: DATA })
      await webhooks.drain({ concurrency: CONCURRENCY })
      for (let event = 0; event < EVENTS; event++)
        await webhooks.publish({ tenant, type: 'order.paid', data: DATA })
      const rate = await rateOf(DELIVERIES, async () => {
        await webhooks.drain({ concurrency: CONCURRENCY })
      })
      let delivered = 0
      for await (const { attempts } of webhooks.deliveries.list({ tenant, state: 'delivered' }))
        delivered += attempts
      if (delivered !== DELIVERIES + ENDPOINTS)
        throw new Error(`${delivered} of ${DELIVERIES + ENDPOINTS} deliveries were made at once`)
      return rate
    },
  }
}

function loop(url: string): Contender {
  const body = new TextEncoder().encode(
    JSON.stringify({ type: 'order.paid', timestamp: new Date().toISOString(), data: DATA }),
  )
  const headers = { 'content-type': 'application/json' }
  return {
    name: 'fetch in a loop',
    async round() {
      let left = DELIVERIES
      async function post(): Promise<void> {
        while (left-- > 0) {
          const response = await fetch(`${url}/loop`, { method: 'POST', headers, body })
          if (response.status !== 204) throw new Error(`The receiver answered ${response.status}`)
        }
      }
      return rateOf(DELIVERIES, async () => {
        await Promise.all(Array.from({ length: CONCURRENCY }, post))
      })
    },
  }
}
