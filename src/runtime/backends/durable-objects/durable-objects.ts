import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { faultsOf, type CheckedBackend } from '../../ports/backend.ts'
import { systemRandom } from '../../ports/platform/random-source.ts'
import { createDurableObjectAtomicStore } from './atomic-store.ts'
import { createDurableObjectJobStore } from './job-store.ts'
import { createObjectCaller, type DurableObjectNamespaceLike } from './object-caller.ts'
import { createDurableObjectRateLimitStore } from './rate-limit-store.ts'

/** Options of {@link durableObjects}. */
export interface DurableObjectsOptions {
  /**
   * Stands before the name of every object, so that several backends can share one binding. At most
   * 128 characters. Default: empty.
   */
  readonly prefix?: string
  /**
   * Objects of one queue, 1 to 256: one object takes some hundred jobs a second. More is only for
   * what one cannot carry, since priority, order and the atomicity of `add` then hold within a
   * shard, and each step of a pull worker asks all. It may be raised, never lowered; while it is
   * raised, jobs with ids or deduplication ids of their own may be added twice, and groups exceed
   * their limit. With more than one, the jobs of a flow are kept together by its root's id, and
   * those of a group by its key. So a job has only one of an id, a deduplication id and a group;
   * those of a flow have no deduplication id and no group, and are found by the ids that `add`
   * answered. Default 1.
   */
  readonly queueShards?: number
  /**
   * Objects over which the subjects of rate limits are spread, 1 to 4,096. Changing it forgets all
   * limits. Default 64.
   */
  readonly rateLimitShards?: number
}

const USE = 'use Durable Objects'

/**
 * Keeps everything in Durable Objects with SQLite: replicated storage, one object for each
 * partition, queue and shard of rate limits. Jobs run by the objects' own alarms where the Worker
 * exports a `JobRunner`, see `jobRunner()`; so waking the waker is not needed, and listening for it
 * not possible.
 *
 * @param namespace The binding of `InfrastructureObject` or a subclass, as `env.INFRASTRUCTURE`
 * @throws TypeError when `namespace` is no such binding
 * @throws RangeError when an option is out of range
 *
 * @example
 * const backend = durableObjects(env.INFRASTRUCTURE)
 * export { InfrastructureObject }
 */
export function durableObjects(
  namespace: DurableObjectNamespaceLike,
  options: DurableObjectsOptions = {},
): CheckedBackend {
  checkOptions(USE, options, [], ['prefix', 'queueShards', 'rateLimitShards'])
  const { prefix = '', queueShards = 1, rateLimitShards = 64 } = options
  if (typeof namespace?.getByName !== 'function')
    throw new TypeError(
      'Cannot use Durable Objects: the namespace is no binding, one under durable_objects in the Worker’s configuration expected',
    )
  if (prefix.length > 128)
    throw new RangeError(
      `Cannot use Durable Objects: the prefix has ${prefix.length} characters, at most 128 allowed`,
    )
  const call = createObjectCaller(namespace, prefix)
  const limitShards = checkInteger(USE, 'rateLimitShards', rateLimitShards, 1, 4096)
  const jobShards = checkInteger(USE, 'queueShards', queueShards, 1, 256)
  const store = createDurableObjectAtomicStore(call)
  return {
    store,
    jobStore: createDurableObjectJobStore(call, jobShards, systemRandom.fraction),
    rateLimits: createDurableObjectRateLimitStore(call, limitShards, systemRandom),
    waker: { wake: async () => {} },
    durability: 'strong',
    ready: () => faultsOf(() => store.partition('health').get('probe')),
  }
}
