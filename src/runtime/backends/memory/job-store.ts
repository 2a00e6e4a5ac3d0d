import type { Clock } from '../../ports/platform/clock.ts'
import { checkQueueName } from '../../ports/job-store/job-limits.ts'
import type { JobStore, QueueStore } from '../../ports/job-store/job-store.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { createMemoryQueue } from './queue-store.ts'

/** Creates the reference {@link JobStore}; its jobs live as long as the process. */
export function createMemoryJobStore(clock: Clock, random: RandomSource): JobStore {
  const queues = new Map<string, QueueStore>()
  return {
    queue(name) {
      checkQueueName(name)
      const known = queues.get(name) ?? createMemoryQueue(clock, random)
      queues.set(name, known)
      return known
    },
  }
}
