import {
  checkCommand,
  checkExchange,
  checkQueueName,
  encodeJobs,
} from '../../ports/job-store/job-limits.ts'
import { checkSearch } from '../../ports/job-store/job-search.ts'
import { checkGroupKey } from '../../ports/job-store/group-control.ts'
import type { JobStore, QueueStore } from '../../ports/job-store/job-store.ts'
import { createLateShardedQueue } from '../../ports/job-store/sharding/late-sharded-queue.ts'
import { inOrder, type PlacedChild } from '../sqlite/job-store/child-table.ts'
import { positionOfJobId } from '../sqlite/job-store/job-position.ts'
import type { ChildPage } from './infrastructure-methods.ts'
import { toJsonText, type JsonText } from './json-text.ts'
import { checkMessage, type CallObject } from './object-caller.ts'

/**
 * A {@link JobStore} whose queues are Durable Objects: `jobs:<queue>` is the first shard of a
 * queue, `jobs:<queue>#<n>` each further one.
 *
 * @param fraction A number in [0, 1), see `RandomSource`
 */
export function createDurableObjectJobStore(
  call: CallObject,
  shardCount: number,
  fraction: () => number,
): JobStore {
  return {
    queue(name) {
      checkQueueName(name)
      const first = createObjectQueue(call, `jobs:${name}`, name)
      if (shardCount === 1) return first
      const others = Array.from({ length: shardCount - 1 }, (_, index) =>
        createObjectQueue(call, `jobs:${name}#${index + 1}`, name),
      )
      return createLateShardedQueue(
        [first, ...others],
        (id) => positionOfJobId(id) !== null,
        fraction,
      )
    },
  }
}

/**
 * The part of a queue that one object keeps. Each method is one call, but for children too large
 * for one.
 */
function createObjectQueue(call: CallObject, object: string, queue: string): QueueStore {
  return {
    async add(jobs) {
      encodeJobs(jobs)
      const text = checkMessage(toJsonText(jobs))
      return call(object, (remote) => remote.addJobs(queue, text))
    },
    async exchange(exchange) {
      checkExchange(exchange)
      const text = checkMessage(toJsonText(exchange))
      return call(object, (remote) => remote.exchangeJobs(queue, text))
    },
    async get(id) {
      return call(object, (remote) => remote.getJob(queue, id))
    },
    async list(options) {
      checkSearch(options)
      const text = toJsonText(options)
      return call(object, (remote) => remote.listJobs(queue, text))
    },
    async find(options) {
      checkSearch(options)
      const text = toJsonText(options)
      return call(object, (remote) => remote.findJobs(queue, text))
    },
    async children(id) {
      const found: PlacedChild[] = []
      for (let after: string | null = ''; after !== null;) {
        const text: JsonText<string> = toJsonText(after)
        const page: ChildPage = await call(object, (remote) => remote.listChildren(queue, id, text))
        found.push(...page.children)
        after = page.next
      }
      return inOrder(found)
    },
    async counts() {
      return call(object, (remote) => remote.countJobs(queue))
    },
    async oldestReady() {
      return call(object, (remote) => remote.oldestReady(queue))
    },
    async command(command) {
      const text = checkMessage(toJsonText(checkCommand(command)))
      return call(object, (remote) => remote.commandJobs(queue, text))
    },
    async group(key) {
      checkGroupKey(key)
      const text = toJsonText(key)
      return call(object, (remote) => remote.getGroup(queue, text))
    },
    async events(options = {}) {
      const text = toJsonText(options)
      return call(object, (remote) => remote.listEvents(queue, text))
    },
  }
}
