import type { Backend } from '../ports/backend.ts'
import type { QueueStore } from '../ports/job-store/job-store.ts'
import { tryWake } from './try-wake.ts'

/** Parked jobs that one sweep of a queue looks at. */
const LOOKED_AT = 1000

/**
 * Looks after every wake of these queues, whatever wakes were lost: what fell due and lost leases
 * are seen to, what was parked because nothing ran its queue is taken up again, and whoever works a
 * queue is woken where there is something to do, now or later.
 */
export async function sweepQueues(
  queues: readonly { readonly queue: string }[],
  { jobStore, waker }: Pick<Backend, 'jobStore' | 'waker'>,
): Promise<void> {
  for (const { queue } of queues) {
    const store = jobStore.queue(queue)
    await takeUp(store)
    const { wakeInMs } = await store.exchange({})
    await tryWake(waker, queue, wakeInMs)
  }
}

/** Whoever sweeps a queue has a service for it, so that its jobs are no longer without a runner. */
async function takeUp(store: QueueStore): Promise<void> {
  const { jobs } = await store.list({ state: 'parked', limit: LOOKED_AT })
  const ids = jobs.filter(({ lastError }) => codeOf(lastError) === 'no_runner').map(({ id }) => id)
  if (ids.length > 0) await store.command({ type: 'retry', ids })
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : null
}
