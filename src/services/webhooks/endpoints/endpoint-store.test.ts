import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { createEndpointId } from './endpoint-id.ts'
import { createEndpointStore } from './endpoint-store.ts'
import type { EndpointRecord } from './endpoint.ts'

const record: EndpointRecord = {
  id: createEndpointId({ tenant: 'default', shard: 0 }, systemRandom),
  tenant: 'default',
  url: 'https://example.com/',
  description: '',
  events: ['*'],
  filter: null,
  headers: {},
  secrets: [],
  transform: null,
  rateLimit: null,
  enabled: true,
  disabledReason: null,
  verifiedAt: null,
  createdAt: 0,
  updatedAt: 0,
}
const disable = (before: EndpointRecord): EndpointRecord => ({ ...before, enabled: false })

test('recent() knows at once what this process changed, and within a second what another did', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const [here, elsewhere] = [1, 2].map(() => createEndpointStore(store, clock, 10))
  if (here === undefined || elsewhere === undefined) throw new Error('Two stores were made')
  await here.insert(record)
  expect((await here.recent(record.id))?.enabled).toBe(true)
  expect((await elsewhere.recent(record.id))?.enabled).toBe(true)

  await here.change(record.id, disable)
  expect((await here.recent(record.id))?.enabled).toBe(false)
  await clock.advance(999)
  expect((await elsewhere.recent(record.id))?.enabled).toBe(true)
  await clock.advance(1)
  expect((await elsewhere.recent(record.id))?.enabled).toBe(false)

  await here.remove(record.id)
  expect(await here.recent(record.id)).toBe(null)
})

test('recent() does not keep what it read while the record was changed', async () => {
  const clock = createFakeClock()
  const { store } = memory({ clock })
  const held = Promise.withResolvers<void>()
  let holds = false
  const endpoints = createEndpointStore(
    {
      partition(name) {
        const partition = store.partition(name)
        return {
          ...partition,
          async get(key) {
            const waits = holds
            const entry = await partition.get(key)
            if (waits) await held.promise
            return entry
          },
        }
      },
    },
    clock,
    10,
  )
  await endpoints.insert(record)
  holds = true
  const late = endpoints.recent(record.id)
  holds = false
  await endpoints.change(record.id, disable)
  held.resolve()
  await late
  expect((await endpoints.recent(record.id))?.enabled).toBe(false)
})
