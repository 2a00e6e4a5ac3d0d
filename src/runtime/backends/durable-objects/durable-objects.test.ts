import { expect, test } from 'vitest'
import { durableObjects } from './durable-objects.ts'

const namespace = { getByName: () => ({}) }

test('durableObjects() refuses options out of range', () => {
  for (const options of [
    { queueShards: 0 },
    { queueShards: 1.5 },
    { queueShards: 257 },
    { rateLimitShards: 4097 },
    { prefix: 'x'.repeat(129) },
  ])
    expect(() => durableObjects(namespace, options)).toThrow(RangeError)
})

test('durableObjects() says that a binding is missing', () => {
  const none = undefined as unknown as typeof namespace
  expect(() => durableObjects(none)).toThrow(/binding/)
  expect(() => durableObjects(none)).toThrow(TypeError)
})

test('durableObjects() refuses bad input without a call', async () => {
  const unreachable = {
    getByName(): object {
      throw new Error('called')
    },
  }
  const { store, jobStore, rateLimits } = durableObjects(unreachable)
  const queue = jobStore.queue('q')
  const limit = { algorithm: 'gcra', name: 'l', limit: 0, windowMs: 1 } as const
  await expect(store.partition('p').get('')).rejects.toThrow(RangeError)
  await expect(store.partition('p').list({ limit: 0 })).rejects.toThrow(RangeError)
  await expect(store.partition('p').commit({ delete: [''] })).rejects.toThrow(RangeError)
  await expect(queue.add([{ name: '', data: 1 }])).rejects.toThrow(RangeError)
  await expect(queue.exchange({ claim: { limit: 0, leaseMs: 1 } })).rejects.toThrow(RangeError)
  await expect(rateLimits.consume('s', [limit])).rejects.toThrow(RangeError)
  expect(() => jobStore.queue('a b')).toThrow(RangeError)
})

test('ready() says that the object does not answer, without an address', async () => {
  const failing = {
    getByName: () => ({
      getEntry: () => Promise.reject(new Error('Durable Object storage is not there')),
    }),
  }
  const [fault] = await durableObjects(failing).ready()
  expect(fault?.code).toBe('unreachable')
  const answering = { getByName: () => ({ getEntry: async () => 'null' }) }
  expect(await durableObjects(answering).ready()).toEqual([])
})
