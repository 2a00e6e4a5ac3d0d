import type { Backend } from '../ports/backend.ts'
import { tryWake } from './try-wake.ts'

/**
 * Looks after every wake of these queues, whatever wakes were lost: what fell due and lost leases are seen to, and whoever works a queue is
 * woken where there is something to do, now or later.
 */
export async function sweepQueues(
  queues: readonly { readonly queue: string }[],
  { jobStore, waker }: Pick<Backend, 'jobStore' | 'waker'>,
): Promise<void> {
  for (const { queue } of queues) {
    const { wakeInMs } = await jobStore.queue(queue).exchange({})
    await tryWake(waker, queue, wakeInMs)
  }
}
