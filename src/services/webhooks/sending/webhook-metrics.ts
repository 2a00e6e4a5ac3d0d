import type { JobStore } from '../../../runtime/ports/job-store/job-store.ts'
import { JOB_STATES } from '../../../runtime/ports/job-store/job-state.ts'
import type { MetricReading } from '../../../runtime/ports/service.ts'

/** Counts the jobs of each queue by their state. */
export async function readWebhookMetrics(
  queues: readonly { readonly queue: string }[],
  jobStore: JobStore,
): Promise<readonly MetricReading[]> {
  const readings = queues.map(async ({ queue }): Promise<readonly MetricReading[]> => {
    const counts = await jobStore.queue(queue).counts()
    return JOB_STATES.map((state) => ({
      name: 'webhook_jobs',
      help: 'Jobs that take events in and make attempts, by queue and state',
      type: 'gauge',
      labels: { queue, state },
      value: counts[state],
    }))
  })
  return (await Promise.all(readings)).flat()
}
