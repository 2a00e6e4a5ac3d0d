import type { JobProcessor } from '../../../runtime/ports/job-store/job-processor.ts'
import { createJobWorker, type JobWorker } from '../../../runtime/workers/job-worker.ts'
import { NOTIFICATION_QUEUE } from '../queue/read-queued.ts'
import type { NotificationParts } from './notification-parts.ts'
import type { NotificationsRunOptions } from './notifications.ts'

/** Messages that are sent at once, unless `run` says otherwise. */
const DEFAULT_CONCURRENCY = 32

/** Works the queue in the backend's own job store. */
export function createWorker(
  { backend, clock, onError }: NotificationParts,
  processor: JobProcessor,
  { signal: _signal, ...options }: Partial<NotificationsRunOptions>,
): JobWorker {
  return createJobWorker({
    concurrency: DEFAULT_CONCURRENCY,
    onError,
    ...options,
    processor,
    jobStore: backend.jobStore.queue(NOTIFICATION_QUEUE),
    waker: backend.waker,
    clock,
  })
}
