import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { CheckedBackend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { createTimerWaker } from '../../workers/timer-waker.ts'
import { createRedisAtomicStore } from './atomic-store.ts'
import { createChannels } from './channels.ts'
import { createRedisClient, refusingEviction } from './client.ts'
import { clockOffset } from './clock-offset.ts'
import type { RedisConnection } from './connection.ts'
import { askWhatIsMissing } from './ready.ts'
import { createRedisWaker } from './waker.ts'
import { createRedisJobStore } from './job-store.ts'
import { channelOf, createKeysOf } from './keys.ts'
import { createRedisRateLimitStore } from './rate-limit-store.ts'
import { subscriberOf, type RedisSubscriber } from './subscriber.ts'

/** Options of {@link redis}. */
export interface RedisOptions {
  /**
   * What every key starts with, so that several applications share one Redis: 1 to 64 characters of
   * `A–Z a–z 0–9 . _ : / -`. Default `reuse`.
   */
  readonly prefix?: string
  /**
   * Longest wait for one reply, 1 ms to 10 min; after it the call fails as `backend_unavailable`.
   * Default 10 s.
   */
  readonly timeout?: Duration
  /**
   * A second connection, for this backend alone, on which workers hear within milliseconds of what
   * other processes add, and `finished()` of what they end. Default: none, workers find it when
   * they next look (`maxWait`, 5 s), `finished()` within a second.
   */
  readonly subscriber?: RedisSubscriber
  /**
   * What becomes of calls to a server that drops keys when its memory is full (`maxmemory` is set,
   * `maxmemory-policy` is not `noeviction`): `refused` fails them with a `BackendError`, since
   * a dropped key is a lost job or lock; `accepted` loses them. Rate limits alone are served by
   * any. Default `refused`.
   */
  readonly eviction?: 'refused' | 'accepted'
  /**
   * Slots of a cluster over which each queue is spread, 1 to 256, for a queue that is too busy for
   * one master. Priority, order and the atomicity of `add` then hold within a shard only, and each
   * step of a worker asks all: where one master does not answer, it fails. It may be raised, never
   * lowered, and all processes have the same; while it is raised, jobs with ids or deduplication
   * ids of their own may be added twice, and groups exceed their limit. With more than one, a job
   * has only one of an id, a deduplication id and a group; those of a flow are kept together by
   * its root's id, have no deduplication id and no group, and are found by the ids that `add`
   * answered. Default 1.
   */
  readonly queueShards?: number
  /**
   * Times the waits and wakes the waker; what is stored goes by the server's own clock. Default:
   * the platform's clock.
   */
  readonly clock?: Clock
  /** Makes the ids of jobs. Default: the platform's cryptographic generator. */
  readonly random?: RandomSource
  /** For tests only: how far the server's clock is moved, in ms. Default 0. */
  readonly [clockOffset]?: () => number
}

const ORIGIN_BYTES = 6
const OPTION_NAMES = [
  'prefix',
  'timeout',
  'subscriber',
  'eviction',
  'queueShards',
  'clock',
  'random',
] as const

/** A backend whose waker can be listened to: what a worker on a server needs. */
export type RedisBackend = CheckedBackend & { readonly waker: Required<Waker> }

/**
 * Keeps everything in Redis 6.2 or newer, Valkey or Upstash, alone or as a cluster, through a
 * client of the caller's choice.
 *
 * An acknowledged write survives what the server's persistence survives; a failover may lose the
 * last ones, since replicas follow later. Versions and tokens go on growing all the same, as long
 * as the servers' clocks differ by less than an hour and by less than lies between two failovers.
 * A server that evicts keys is refused at the first call. The waker wakes within this process, and
 * with a `subscriber` also for what others add; it leaves both connections for the caller to close.
 *
 * @throws TypeError when the connection is of no known kind, or the subscriber cannot subscribe
 * @throws RangeError when an option is out of range
 *
 * @example
 * const backend = redis(new Redis(), { subscriber: new Redis(), prefix: 'shop' })
 */
export function redis(connection: RedisConnection, options: RedisOptions = {}): RedisBackend {
  checkOptions('open Redis', options, [], OPTION_NAMES)
  const { prefix = 'reuse', timeout = 10_000 } = options
  const { clock = systemClock, random = systemRandom, [clockOffset]: offset = () => 0 } = options
  const { subscriber, eviction = 'refused', queueShards = 1 } = options
  if (eviction !== 'refused' && eviction !== 'accepted')
    throw new RangeError(
      `Cannot open Redis: eviction is ${JSON.stringify(eviction)}, refused or accepted expected`,
    )
  const timeoutMs = checkDuration('open Redis', 'timeout', timeout, 1, 600_000)
  const shards = checkInteger('open Redis', 'queueShards', queueShards, 1, 256)
  const keysOf = createKeysOf(prefix)
  const client = createRedisClient(connection, clock, timeoutMs)
  const durable = eviction === 'refused' ? refusingEviction(client) : client
  const waker = createTimerWaker(clock)
  const heard =
    subscriber === undefined
      ? null
      : {
          channels: createChannels(subscriberOf(subscriber, connection)),
          origin: encodeHex(random.bytes(ORIGIN_BYTES)),
          clock,
        }
  return {
    store: createRedisAtomicStore(durable, keysOf, offset),
    jobStore: createRedisJobStore(durable, keysOf, random, offset, heard, shards),
    rateLimits: createRedisRateLimitStore({ client, keysOf, offset, clock, random }),
    waker:
      heard === null
        ? waker
        : createRedisWaker(waker, heard.channels, {
            channelOf: (queue) => channelOf(keysOf, queue),
            origin: heard.origin,
            clock,
          }),
    durability: 'async-replicated',
    ready: () => askWhatIsMissing(client, connection, keysOf('queue', 'ready', ['probe']).join('')),
  }
}
