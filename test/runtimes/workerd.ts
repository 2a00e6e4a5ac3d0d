import { bullmqSuites } from '../conformance/engines/bullmq.ts'
import { Redis } from '@upstash/redis'
import type { DurableObjectNamespaceLike } from '../../src/runtime/backends/durable-objects/index.ts'
import { durableObjectsSuites } from '../conformance/backends/durable-objects.ts'
import { memorySuites } from '../conformance/backends/memory.ts'
import { platformSuites, type EchoAddresses } from '../conformance/platform.ts'
import { pureSuites } from '../conformance/pure-suites.ts'
import { shardedQueueLaws } from '../conformance/backends/sharded-queue-laws.ts'
import { redisSuites } from '../conformance/backends/redis.ts'
import { azurePeerSuites, type AzureAddresses } from '../conformance/services/storage/azure-peer.ts'
import { s3PeerSuites, type S3Addresses } from '../conformance/services/storage/s3-peers.ts'
import { runSuites } from '../conformance/run-suites.ts'
import { suite, type Suite } from '../conformance/suite.ts'
import { alarmLaws } from './workerd-alarm-laws.ts'
import { observedObjectLaws, type ObservedObjects } from './observed-object.ts'
import { createObjectBench, type ObjectNamespaces } from './workerd-object-bench.ts'
import { deployLaws } from './workerd-deploy-laws.ts'
import { growthLaws } from './workerd-growth-laws.ts'
import { objectLaws } from './workerd-object-laws.ts'

export { ObservedObject } from './observed-object.ts'
export { OlderInfrastructureObject } from './workerd-deploy-laws.ts'
export { LawInfrastructureObject } from '../conformance/backends/durable-objects.ts'
export {
  FailingInfrastructureObject,
  FailingJobRunner,
  MeteredInfrastructureObject,
  RunnerlessInfrastructureObject,
  TestJobRunner,
} from './workerd-object-bench.ts'

/** What tools/run-workerd.ts binds: each exported object under its own name, and texts, empty where there is none. */
interface Env extends ObjectNamespaces, EchoAddresses, S3Addresses, AzureAddresses {
  readonly LawInfrastructureObject: DurableObjectNamespaceLike
  readonly ObservedObject: ObservedObjects
  readonly OlderInfrastructureObject: DurableObjectNamespaceLike
  readonly ONLY: string
  readonly UPSTASH_URL: string
  readonly UPSTASH_TOKEN: string
  readonly SIMULATION_SEEDS: string
}

export default {
  async test(_controller: unknown, env: Env): Promise<void> {
    const bench = createObjectBench(env)
    const suites = [
      ...platformSuites(env),
      ...pureSuites(),
      ...s3PeerSuites(env),
      ...azurePeerSuites(env),
      ...memorySuites(env.SIMULATION_SEEDS),
      ...durableObjectsSuites(env.LawInfrastructureObject, env.SIMULATION_SEEDS),
      suite('InfrastructureObject', 'durable-objects', [...objectLaws, ...growthLaws], bench),
      suite('Two deployments', 'durable-objects', deployLaws, env.OlderInfrastructureObject),
      suite('JobStore over shards', 'durable-objects', shardedQueueLaws, {
        openSharded: async () =>
          bench.open({ in: 'RunnerlessInfrastructureObject', queueShards: 4 }).queue,
      }),
      suite('JobRunner', 'durable-objects', alarmLaws, bench),
      suite('observe', 'durable-objects', observedObjectLaws, env.ObservedObject),
      ...upstashSuites(env),
    ]
    const failed = await runSuites('workerd', suites, console.log, env.ONLY)
    if (failed > 0) throw new Error(`${failed} cases failed`)
  },
}

/** The laws on Redis, where an Upstash REST server is given. */
function upstashSuites(env: Env): readonly Suite[] {
  const { UPSTASH_URL: url, UPSTASH_TOKEN: token, SIMULATION_SEEDS: seeds } = env
  if (url === '') return []
  const client = new Redis({ url, token, retry: false })
  return [...redisSuites('redis-upstash', client, seeds), ...bullmqSuites('redis-upstash', client)]
}
