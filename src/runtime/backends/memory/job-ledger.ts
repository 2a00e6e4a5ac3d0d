import type { Clock } from '../../ports/platform/clock.ts'
import { checkQueueName } from '../../ports/job-ledger/job-limits.ts'
import type { JobLedger, QueueLedger } from '../../ports/job-ledger/job-ledger.ts'
import type { RandomSource } from '../../ports/platform/random-source.ts'
import { createMemoryQueue } from './queue-ledger.ts'

/** Creates the reference {@link JobLedger}; its jobs live as long as the process. */
export function createMemoryJobLedger(clock: Clock, random: RandomSource): JobLedger {
  const queues = new Map<string, QueueLedger>()
  return {
    queue(name) {
      checkQueueName(name)
      const known = queues.get(name) ?? createMemoryQueue(clock, random)
      queues.set(name, known)
      return known
    },
  }
}
