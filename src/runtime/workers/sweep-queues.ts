import type { Backend } from '../ports/backend.ts'
import type { JobProcessor } from '../ports/job-store/job-processor.ts'
import { createTakeUp } from './take-up-parked.ts'
import { tryWake } from './try-wake.ts'

/**
 * Looks after every wake of these queues, whatever wakes were lost: what fell due and lost leases
 * are seen to, what was parked because nothing ran its queue or knew the job is taken up again, and
 * whoever works a queue is woken where there is something to do, now or later.
 */
export async function sweepQueues(
  queues: readonly Pick<JobProcessor, 'queue' | 'knows'>[],
  { jobStore, waker }: Pick<Backend, 'jobStore' | 'waker'>,
): Promise<void> {
  for (const processor of queues) {
    const { queue } = processor
    const store = jobStore.queue(queue)
    await createTakeUp(processor, store).look()
    const { wakeInMs } = await store.exchange({})
    await tryWake(waker, queue, wakeInMs)
  }
}
