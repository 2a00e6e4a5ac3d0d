import { callQuietly } from '../../primitives/call-quietly.ts'
import { JOB_STATES } from '../../runtime/ports/job-store/job-state.ts'
import type { QueueCounts } from '../../runtime/ports/job-store/job-store.ts'
import type { MetricReading } from '../../runtime/ports/service.ts'
import { WORK_BUCKETS, type ServiceMetrics } from '../../runtime/ports/service-metrics.ts'
import type { JobEvent } from './job-events.ts'

/**
 * Counts what happens to a queue's jobs: added, failed attempts, ended and how, how long they
 * waited and ran. By queue and kind of job, never by id.
 */
export function createJobMetrics(
  metrics: ServiceMetrics,
  queue: string,
  onFault: (fault: unknown) => void,
): (event: JobEvent) => void {
  const labels = ['queue', 'job']
  const seconds = { unit: 'seconds', buckets: WORK_BUCKETS }
  const added = metrics.counter('jobs_added_total', { help: 'Jobs added to a queue', labels })
  const failed = metrics.counter('jobs_failed_total', { help: 'Attempts that failed', labels })
  const stalled = metrics.counter('jobs_stalled_total', {
    help: 'Attempts after one whose worker disappeared',
    labels,
  })
  const ended = metrics.counter('jobs_ended_total', {
    help: 'Jobs that ended or were parked, by how',
    labels: [...labels, 'outcome'],
  })
  const waited = metrics.histogram('job_wait_seconds', {
    help: 'Time from adding a job to its first attempt',
    labels,
    ...seconds,
  })
  const took = metrics.histogram('job_duration_seconds', {
    help: 'Time of one attempt, by how it ended',
    labels: [...labels, 'outcome'],
    ...seconds,
  })
  const count = (event: JobEvent): void => {
    const { type, name: job } = event
    switch (type) {
      case 'added':
        return added.inc({ queue, job })
      case 'active':
        if (event.attempt === 1) waited.observe({ queue, job }, event.waitedMs / 1000)
        return
      case 'stalled':
        return stalled.inc({ queue, job })
      case 'failed':
        failed.inc({ queue, job })
        return took.observe({ queue, job, outcome: 'failed' }, event.durationMs / 1000)
      case 'completed':
        ended.inc({ queue, job, outcome: type })
        return took.observe({ queue, job, outcome: type }, event.durationMs / 1000)
      case 'dead':
      case 'parked':
      case 'cancelled':
        return ended.inc({ queue, job, outcome: type })
      default:
    }
  }
  return (event) => callQuietly(() => count(event), onFault)
}

/** How many jobs of a queue are in which state. */
export function readJobMetrics(queue: string, counts: QueueCounts): readonly MetricReading[] {
  return JOB_STATES.map((state) => ({
    name: 'jobs',
    help: 'Jobs of a queue, by state',
    type: 'gauge',
    labels: { queue, state },
    value: counts[state],
  }))
}
