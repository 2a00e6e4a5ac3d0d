import { Redis as UpstashRedis } from '@upstash/redis'
import { Cluster, Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { redis } from './redis.ts'
import { subscriberOf, type RedisSubscriber } from './subscriber.ts'

const connection = { call: async () => [] }
const noReply = async (): Promise<unknown> => []

/** Notes what it was told, and remembers who listens to what. */
function createFake() {
  const told: string[] = []
  const listeners = new Map<string, (...given: string[]) => void>()
  return {
    told,
    listeners,
    async subscribe(channel: string, listener?: (message: string) => void) {
      told.push(`subscribe ${channel}`)
      if (listener !== undefined) listeners.set(channel, listener)
    },
    async unsubscribe(channel: string) {
      told.push(`unsubscribe ${channel}`)
    },
    on(event: string, listener: (...given: string[]) => void) {
      listeners.set(event, listener)
    },
  }
}

test('subscribe() hears messages of its channel through ioredis', async () => {
  const fake = createFake()
  // As ioredis does, this one has a sendCommand that takes something else.
  const client = { ...fake, call: noReply, sendCommand: () => expect.unreachable() }
  const { subscribe, unsubscribe, onReady } = subscriberOf(client, connection)
  const heard: string[] = []
  let ready = 0
  onReady(() => ready++)
  await subscribe('a', (message) => heard.push(`a ${message}`))
  await subscribe('b', (message) => heard.push(`b ${message}`))
  for (const channel of ['a', 'b', 'c']) fake.listeners.get('message')?.(channel, '0')
  fake.listeners.get('ready')?.()
  await unsubscribe('a')
  expect(heard).toEqual(['a 0', 'b 0'])
  expect(ready).toBe(1)
  expect(fake.told).toEqual(['subscribe a', 'subscribe b', 'unsubscribe a'])
})

test('subscribe() hands its listener to node-redis', async () => {
  const fake = createFake()
  const client = { ...fake, sendCommand: noReply }
  const { subscribe, unsubscribe, onReady } = subscriberOf(client, connection)
  const heard: string[] = []
  let ready = 0
  onReady(() => ready++)
  await subscribe('a', (message) => heard.push(message))
  fake.listeners.get('a')?.('0', 'a')
  fake.listeners.get('ready')?.()
  await unsubscribe('a')
  expect([heard, ready]).toEqual([['0'], 1])
  expect(fake.told).toEqual(['subscribe a', 'unsubscribe a'])
})

test('subscribe() takes off what Bun has kept of a lost subscription, and leaves onconnect working', async () => {
  const { told, listeners, subscribe, unsubscribe } = createFake()
  const connected: unknown[] = []
  const client = {
    subscribe,
    unsubscribe,
    send: noReply,
    onconnect: ((...given: unknown[]) => void connected.push(given)) as () => void,
  }
  const bun = subscriberOf(client, connection)
  const heard: string[] = []
  bun.onReady(() => connected.push('ours'))
  await bun.subscribe('a', (message) => heard.push(message))
  Reflect.apply(client.onconnect, client, ['first'])
  await bun.subscribe('a', (message) => heard.push(message))
  listeners.get('a')?.('0')
  await bun.unsubscribe('a')
  await bun.subscribe('a', (message) => heard.push(message))
  expect(heard).toEqual(['0'])
  expect(connected).toEqual(['ours', ['first']])
  expect(told).toEqual([
    'subscribe a',
    'unsubscribe a',
    'subscribe a',
    'unsubscribe a',
    'subscribe a',
  ])
})

test('redis() accepts the clients of ioredis as a subscriber by type', () => {
  const accepts = (subscriber: RedisSubscriber): RedisSubscriber => subscriber
  for (const client of [new Redis({ lazyConnect: true }), new Cluster([], { lazyConnect: true })])
    expect(redis(connection, { subscriber: accepts(client) }).waker).toBeDefined()
})

test('redis() refuses a subscriber that cannot subscribe', () => {
  const upstash = new UpstashRedis({ url: 'http://127.0.0.1:1', token: 't' })
  const { subscribe, unsubscribe } = createFake()
  for (const wrong of [
    upstash,
    connection,
    {},
    { subscribe, unsubscribe },
    { call: noReply, subscribe, unsubscribe },
  ])
    expect(() => redis({ call: noReply }, { subscriber: wrong as RedisSubscriber })).toThrow(
      new TypeError(
        'Cannot use Redis subscriber: it cannot subscribe, a client of ioredis, node-redis or Bun expected',
      ),
    )
  const both = { ...createFake(), call: noReply }
  expect(() => redis(both, { subscriber: both })).toThrow(TypeError)
})
