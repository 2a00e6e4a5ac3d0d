import { Redis as UpstashRedis } from '@upstash/redis'
import { bullmqSuites } from '../engines/bullmq.ts'
import { redisWakerSuites, type RedisPeer } from './redis-waker.ts'
import { redisSuites } from './redis.ts'
import type { Suite } from '../suite.ts'

/** Where the servers are, as `tools/start-peers.ts` says it; one that is not named is not tested. */
export interface PeerAddresses {
  readonly REDIS_URL?: string
  readonly UPSTASH_URL?: string
  readonly UPSTASH_TOKEN?: string
  /** Of simulated worlds; see `job-simulation.ts`. */
  readonly SIMULATION_SEEDS?: string
}

/**
 * The laws on Redis, over TCP and over Upstash's REST interface.
 *
 * @param connect Connects over TCP with the runtime's own client
 */
export function redisPeerSuites(
  { REDIS_URL, UPSTASH_URL, UPSTASH_TOKEN, SIMULATION_SEEDS }: PeerAddresses,
  connect: (url: string) => RedisPeer,
): readonly Suite[] {
  const upstash =
    UPSTASH_URL !== undefined && UPSTASH_TOKEN !== undefined
      ? new UpstashRedis({ url: UPSTASH_URL, token: UPSTASH_TOKEN, retry: false })
      : undefined
  const tcp = REDIS_URL === undefined ? undefined : connect(REDIS_URL)
  return [
    ...(tcp === undefined || REDIS_URL === undefined
      ? []
      : [
          ...redisSuites('redis-tcp', tcp, SIMULATION_SEEDS),
          ...redisWakerSuites(() => connect(REDIS_URL)),
          ...bullmqSuites('redis-tcp', tcp),
        ]),
    ...(upstash === undefined
      ? []
      : [
          ...redisSuites('redis-upstash', upstash, SIMULATION_SEEDS),
          ...bullmqSuites('redis-upstash', upstash),
        ]),
  ]
}
