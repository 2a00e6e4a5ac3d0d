import type { Backend } from '../ports/backend.ts'
import { tryRing } from './try-ring.ts'

/**
 * Looks after every wake of these queues, whatever rings were lost: what fell due and lost leases are seen to, and whoever works a queue is
 * rung where there is something to do, now or later.
 */
export async function sweepQueues(
  queues: readonly { readonly queue: string }[],
  { ledger, doorbell }: Pick<Backend, 'ledger' | 'doorbell'>,
): Promise<void> {
  for (const { queue } of queues) {
    const { wakeInMs } = await ledger.queue(queue).exchange({})
    await tryRing(doorbell, queue, wakeInMs)
  }
}
