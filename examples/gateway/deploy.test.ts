import { createClient } from '@white-cross/reuse/infrastructure/client'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import {
  BackendError,
  systemClock,
  systemRandom,
  type Backend,
  type Json,
  type StorePartition,
} from '@white-cross/reuse/infrastructure/runtime/ports'
import { SANDBOX_METHODS } from '@white-cross/reuse/infrastructure/payments/sandbox'
import { expect, test } from 'vitest'
import { openTestGateway, type TestGateway } from './test-gateway.ts'

const amount = { amount: '49.90', currency: 'EUR' }
/** Where records are written anew that another version may have written last. */
const CHANGED = [
  'audit:gateway.default',
  'notifications:messages',
  'payments',
  'storage:uploads:files',
  'webhooks:endpoints:default',
]
const NEWER = { since: '9.0.0' }

test('records of a newer deployment are read, and what is not known of them is kept', async () => {
  const { backend, lost, changed } = amongNewer(memory())
  const gateway = await openTestGateway(
    {},
    {
      ...{ backend, clock: systemClock, random: systemRandom },
      notifications: { from: 'shop@example.com' },
    },
  )
  await tellAll(gateway)
  // What this version wrote anew had fields of the newer one.
  expect([...lost]).toEqual([])
  expect([...changed].toSorted()).toEqual(CHANGED)
})

test('what an object of an earlier deployment cannot do yet is 503, and the client asks again', async () => {
  const own = memory()
  let calls = 0
  const backend: Backend = {
    ...own,
    jobStore: {
      queue: (name) => ({
        ...own.jobStore.queue(name),
        async counts() {
          // As `durableObjects()` says it.
          if (++calls <= 2) throw new BackendError('backend_unavailable', 'It has no such method')
          return own.jobStore.queue(name).counts()
        },
      }),
    },
  }
  const { app, call } = await openTestGateway({}, { backend })
  expect(await call('GET', '/v1/jobs/queues/default')).toMatchObject({
    status: 503,
    body: { code: 'backend_unavailable' },
  })
  const client = createClient({
    ...{ baseUrl: 'https://gateway.example.com', apiKey: 'root' },
    fetch: async (url, init) => app.request(url, init),
    // The wait between two tries is over at once, that for an answer is not.
    clock: {
      now: systemClock.now,
      setTimer: (wake, delayMs) => systemClock.setTimer(wake, delayMs < 10_000 ? 0 : delayMs),
    },
  })
  const { counts } = await client.jobs.queues.get({ queue: 'default' })
  expect([counts.ready, calls]).toEqual([0, 3])
})

/** Each service does something, changes it, and reads it. */
async function tellAll({ call, drain }: TestGateway): Promise<void> {
  async function ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Readonly<Record<string, unknown>>> {
    const answer = await call(method, path, body)
    expect([path, answer.status < 300, answer.body]).toEqual([path, true, answer.body])
    return answer.body
  }

  const endpoint = await ask('POST', '/v1/webhooks/endpoints', {
    url: 'https://shop.example.com/',
  })
  await ask('PATCH', `/v1/webhooks/endpoints/${String(endpoint['id'])}`, { description: 'Shop' })
  await ask('POST', '/v1/events', { type: 'order.paid', data: { order: 42 } })
  await drain()
  const { deliveries } = await ask('GET', '/v1/deliveries?state=delivered')
  expect(deliveries).toHaveLength(1)

  const mail = {
    ...{ channel: 'email', to: 'ann@example.com' },
    ...{ subject: 'Paid', text: 'Thank you', queued: true },
  }
  const sent = await ask('POST', '/v1/notifications', mail)
  await drain()
  expect(await ask('GET', String(sent['message']))).toMatchObject({ status: 'sent' })

  const paid = await ask('POST', '/v1/payments', {
    ...{ operationId: 'order-42', amount, capture: 'manual', confirm: true },
    paymentMethod: SANDBOX_METHODS.success,
  })
  const path = `/v1/payments/${String(paid['id'])}`
  await ask('POST', `${path}/capture`, { operationId: 'order-42-c' })
  await ask('POST', '/v1/refunds', { payment: paid['id'], amount, operationId: 'order-42-r' })
  expect(await ask('GET', path)).toMatchObject({ refundable: { amount: '0.00' } })

  const tus = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' }
  const begun = await call('POST', '/v1/uploads', undefined, {
    ...tus,
    'upload-length': '6',
    'upload-metadata': `key ${btoa('a.txt')}`,
  })
  const place = String(begun.headers.get('location'))
  for (const offset of ['0', '3']) {
    const part = await call('PATCH', place, 'abc', { ...tus, 'upload-offset': offset })
    expect(part.status).toBe(204)
  }

  const queue = '/v1/jobs/queues/default'
  await ask('POST', `${queue}/jobs`, {
    name: 'deliver',
    data: { url: 'https://shop.example.com/', payload: 1 },
  })
  await ask('GET', queue)
  const key = await ask('POST', '/v1/keys', { label: 'shop' })
  await ask('GET', '/v1/keys')
  await ask('DELETE', `/v1/keys/${String(key['id'])}`)
  await ask('GET', '/v1/audit')
}

/** A backend whose records another, newer version has written last: each object in it has one field more. */
function amongNewer(backend: Backend): {
  readonly backend: Backend
  /** Partitions and keys whose records lost that field when they were written anew. */
  readonly lost: ReadonlySet<string>
  /** Partitions with records that were written anew. */
  readonly changed: ReadonlySet<string>
} {
  const lost = new Set<string>()
  const changed = new Set<string>()
  const seen = new Set<string>()

  function partition(name: string): StorePartition {
    const own = backend.store.partition(name)
    const newer = <Entry extends { readonly key: string; readonly value: Json }>(
      entry: Entry,
    ): Entry => {
      const { key, value } = entry
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return entry
      seen.add(`${name} ${key}`)
      return { ...entry, value: { ...value, newer: NEWER } }
    }
    return {
      async get(key) {
        const entry = await own.get(key)
        return entry && newer(entry)
      },
      getMany: async (keys) =>
        (await own.getMany(keys)).map((entry) => (entry === null ? null : newer(entry))),
      async list(options) {
        const page = await own.list(options)
        return { ...page, entries: page.entries.map(newer) }
      },
      async commit(change) {
        for (const { key, value } of change.set ?? []) {
          if (!seen.has(`${name} ${key}`)) continue
          changed.add(name.replace(/:\d+$/, ''))
          const isKept = typeof value === 'object' && value !== null && 'newer' in value
          if (!isKept) lost.add(`${name} ${key}`)
        }
        const result = await own.commit(change)
        return result.ok || result.current === null
          ? result
          : { ...result, current: newer(result.current) }
      },
    }
  }
  return { backend: { ...backend, store: { partition } }, lost, changed }
}
