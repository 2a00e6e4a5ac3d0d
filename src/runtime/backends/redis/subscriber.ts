import type {
  CallingConnection,
  CommandingConnection,
  RedisConnection,
  SendingConnection,
} from './connection.ts'

/**
 * A connection of the caller's choice that is used for nothing but subscribing: ioredis, node-redis
 * or Bun's `RedisClient`. `@upstash/redis` speaks HTTP and cannot be one.
 */
export type RedisSubscriber = CallingSubscriber | CommandingSubscriber | SendingSubscriber

/** ioredis: `Redis` and `Cluster`. */
export interface CallingSubscriber extends CallingConnection {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
  on(event: 'ready', listener: () => void): unknown
}

/** node-redis: what `createClient` makes. */
export interface CommandingSubscriber extends CommandingConnection {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'ready', listener: () => void): unknown
}

/** Bun: `RedisClient`. Its `onconnect` is called as before, after ours. */
export interface SendingSubscriber extends SendingConnection {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  onconnect: ((this: never) => void) | null
}

/** One way to subscribe, whatever the client. */
export interface ChannelSubscriber {
  subscribe(channel: string, onMessage: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Calls `listener` each time the connection is up, also for the first time. */
  onReady(listener: () => void): void
}

/**
 * Finds out how `subscriber` is told to listen.
 *
 * @throws TypeError when it is none of {@link RedisSubscriber}, or the connection itself
 */
export function subscriberOf(
  subscriber: RedisSubscriber,
  connection: RedisConnection,
): ChannelSubscriber {
  if (subscriber === connection)
    throw new TypeError(
      'Cannot use Redis subscriber: it is the connection itself, a second one expected, for one that subscribes can do nothing else',
    )
  if (has(subscriber, 'getSlotMaster') || has(subscriber, 'getSentinelNode'))
    throw new TypeError(
      'Cannot use Redis subscriber: it is a cluster or sentinel client of node-redis, which does not say when it is connected again, a client of createClient to any node expected',
    )
  if (has(subscriber, 'subscribe', 'unsubscribe')) {
    // ioredis has a sendCommand of its own kind, so `call` is asked for first.
    if ('call' in subscriber && has(subscriber, 'on')) return emitterOf(subscriber)
    if ('sendCommand' in subscriber && has(subscriber, 'on')) return listenerOf(subscriber)
    if ('send' in subscriber) return reconnectingOf(subscriber)
  }
  throw new TypeError(
    'Cannot use Redis subscriber: it cannot subscribe, a client of ioredis, node-redis or Bun expected',
  )
}

function emitterOf(subscriber: CallingSubscriber): ChannelSubscriber {
  const handlers = new Map<string, (message: string) => void>()
  subscriber.on('message', (channel, message) => handlers.get(channel)?.(message))
  return {
    subscribe(channel, onMessage) {
      handlers.set(channel, onMessage)
      return subscriber.subscribe(channel)
    },
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    onReady: (listener) => void subscriber.on('ready', listener),
  }
}

function listenerOf(subscriber: CommandingSubscriber): ChannelSubscriber {
  return {
    subscribe: (channel, onMessage) => subscriber.subscribe(channel, onMessage),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    onReady: (listener) => void subscriber.on('ready', listener),
  }
}

/**
 * Bun's client connects again but keeps a lost subscription's listener, so each is taken off before
 * the next.
 */
function reconnectingOf(subscriber: SendingSubscriber): ChannelSubscriber {
  const channels = new Set<string>()
  return {
    async subscribe(channel, onMessage) {
      if (channels.has(channel)) await subscriber.unsubscribe(channel)
      channels.add(channel)
      return subscriber.subscribe(channel, onMessage)
    },
    unsubscribe(channel) {
      channels.delete(channel)
      return subscriber.unsubscribe(channel)
    },
    onReady(listener) {
      const before = subscriber.onconnect
      subscriber.onconnect = (...given: unknown[]) => {
        listener()
        if (typeof before === 'function') Reflect.apply(before, subscriber, given)
      }
    },
  }
}

function has(client: object, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof Reflect.get(Object(client), method) === 'function')
}
