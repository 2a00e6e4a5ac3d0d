import type { Backend } from '../ports/backend.ts'

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
    if (wakeInMs === null) continue
    try {
      await doorbell.ring(queue, wakeInMs)
    } catch {
      // The next sweep rings again, and the queues that come after this one are not to wait for that.
    }
  }
}
